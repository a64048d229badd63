use crate::cli::{Context, Output, Run, Table};
use crate::protocol::access_log::AccessLogPage;

/// List who read which tables, newest first
#[derive(clap::Args, Debug)]
pub struct AccessLog {
    /// Only what this user read (e-mail address or id)
    #[arg(long)]
    user: Option<String>,
    /// Only reads of this table
    #[arg(long)]
    table: Option<String>,
    /// Only reads with the personal token that has this id
    // Not `token`: that is the global option.
    #[arg(long, value_name = "ID")]
    token_id: Option<String>,
    /// Only this kind: download, part, query or profile
    #[arg(long)]
    action: Option<String>,
    /// From this time on, e.g. 2026-11-23 or 2026-11-23T02:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Maximum number of rows, up to 1000
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
}

impl Run for AccessLog {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let limit = self.limit.to_string();
        let filters = [
            ("user", self.user.as_deref()),
            ("table_name", self.table.as_deref()),
            ("token", self.token_id.as_deref()),
            ("action", self.action.as_deref()),
            ("since", self.since.as_deref()),
            ("until", self.until.as_deref()),
            ("limit", Some(limit.as_str())),
        ];
        let query: Vec<_> = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let page = context.api()?.get::<AccessLogPage>(&["api", "admin", "access-log"], &query)?;
        let columns =
            [("TIME", 32), ("USER", 30), ("ACTION", 9), ("STATUS", 7), ("ROWS", 10), ("BYTES", 12), ("TABLES", 0)];
        let mut table = Table::listing(columns);
        for entry in &page.body.entries {
            let rows = entry.rows.map_or_else(|| "-".to_owned(), |rows| rows.to_string());
            let (status, bytes, tables) = (entry.status.to_string(), entry.bytes.to_string(), entry.tables.join(", "));
            table.row([&entry.at, &entry.user_email, &entry.action, &status, &rows, &bytes, &tables]);
        }
        let mut output = Output::default().table(table);
        if let Some(oldest) = page.body.entries.last().filter(|_| page.body.truncated) {
            output = output.note(format_args!("There is more; see it with --until '{}'.", oldest.at));
        }
        if page.body.dropped > 0 {
            output =
                output.warn(format_args!("{} reads since the start of the server are missing.", page.body.dropped));
        }
        output.json(&page.json)
    }
}
