//! `agnes admin audit`

use crate::cli::{CliError, Context, Output, Run, Table, commands, exit, offline};
use crate::domain::audit::verify_audit_log;
use crate::protocol::audit::{AuditCheck, AuditPage};
use crate::store::Store;

commands! {
    Audit {
        List(List),
        Verify(Verify),
    }
}

/// List what was done, newest first
#[derive(clap::Args, Debug)]
pub struct List {
    /// Only this action; token.* stands for all that begin with token.
    #[arg(long)]
    action: Option<String>,
    /// Only what this user did (e-mail address or id)
    #[arg(long)]
    user: Option<String>,
    /// From this time on, e.g. 2026-11-23 or 2026-11-23T02:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Maximum number of rows, up to 500
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
}

impl Run for List {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let limit = self.limit.to_string();
        let user = if self.user.as_ref().is_some_and(|user| user.contains('@')) { "user" } else { "user_id" };
        let filters = [
            ("action", self.action.as_deref()),
            (user, self.user.as_deref()),
            ("since", self.since.as_deref()),
            ("until", self.until.as_deref()),
            ("limit", Some(limit.as_str())),
        ];
        let query: Vec<_> = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let page = context.api()?.get::<AuditPage>(&["api", "admin", "audit"], &query)?;
        let columns = [("TIME", 26), ("USER", 30), ("ACTION", 26), ("RESOURCE", 42), ("RESULT", 0)];
        let mut table = Table::listing(columns);
        for entry in &page.body.entries {
            let user = entry.user_email.as_deref().or(entry.user_id.as_deref()).unwrap_or("-");
            let resource = entry.resource.as_deref().unwrap_or("-");
            table.row([&entry.timestamp, user, &entry.action, resource, entry.result.as_deref().unwrap_or("-")]);
        }
        let mut output = Output::default().table(table);
        if let Some(oldest) = page.body.entries.last().filter(|_| page.body.next.is_some()) {
            output = output.note(format_args!("There is more; see it with --until '{}'.", oldest.timestamp));
        }
        output.json(&page.json)
    }
}

/// Check that no row was changed or removed; exit code 1 if one was
#[derive(clap::Args, Debug)]
pub struct Verify {
    /// Hash of the last row as an earlier check showed it; the log must still contain it
    #[arg(long, value_name = "HASH")]
    head: Option<String>,
    /// Read DATA_DIR itself, with the server stopped
    #[arg(long)]
    offline: bool,
}

impl Run for Verify {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let check = if self.offline {
            let verify = async |store: &Store| verify_audit_log(store, self.head.as_deref()).await;
            let check = offline::with_store(context, &offline::settings(context)?, offline::STOP_FIRST, verify)?;
            check.map_err(|error| CliError::new("audit", error.to_string()))?
        } else {
            let query: Vec<_> = self.head.as_deref().map(|head| ("head", head)).into_iter().collect();
            context.api()?.get::<AuditCheck>(&["api", "admin", "audit", "verify"], &query)?.body
        };
        let (rows, head) = (check.rows, &check.head.hash);
        let broken = check.broken.as_deref().unwrap_or("it does not say where");
        match check.ok {
            true => Output::message(format_args!("The audit log is intact: {rows} rows."))
                .line(format_args!("head: {head}")),
            false => {
                Output::message(format_args!("The audit log is BROKEN after {rows} rows: {broken}")).exit(exit::FAILED)
            }
        }
        .json(&check)
    }
}
