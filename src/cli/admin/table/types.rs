use reqwest::Method;

use super::format::{ChangeOptions, as_options};
use crate::cli::admin::lookup;
use crate::cli::admin::sync::Sync;
use crate::cli::{Api, Context, Output, Run, Table};
use crate::protocol::registry::{DeclaredFormat, TableRow, TableTypes};

/// Show the type of each column and why it has that type, or declare how the files of the table are read
///
/// What is declared is kept for the table, and applied by the next sync. Options that are not given stay as they are; an
/// empty value takes one back.
#[derive(clap::Args, Debug)]
pub struct Types {
    /// Name or id
    table: String,
    /// Sync the table now, and report the result
    #[arg(long)]
    sync: bool,
    #[command(flatten)]
    format: ChangeOptions,
}

impl Run for Types {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let changes = self.format.changes()?;
        let api = context.api()?;
        let table = lookup::table(&api, &self.table)?;
        if changes.is_none() && !self.sync {
            return show(&api, table);
        }
        if let Some(changes) = changes {
            let path = ["api", "admin", "registry", &table.id, "types"];
            let answer = api.send::<DeclaredFormat>(Method::PATCH, &path, &changes)?;
            let declared = match as_options(&answer.body.file_format) {
                options if options.is_empty() => "nothing; types are found from the values".into(),
                options => options,
            };
            let message = format!("Declared for {}: {declared}", table.name);
            if !self.sync {
                let now = format!("The next sync applies it; do that now with: agnes admin sync {} --wait", table.name);
                return Output::message(message).note(now).json(&answer.json);
            }
            context.printer.note(message);
        }
        Sync::now(&table.id).run(context)
    }
}

fn show(api: &Api, table: TableRow) -> anyhow::Result<Output> {
    let answer = api.get::<TableTypes>(&["api", "admin", "registry", &table.id, "types"], &[])?;
    let types = &answer.body;
    let mut listing = Table::listing([("COLUMN", 24), ("TYPE", 14), ("WHY", 24)]);
    for column in &types.columns {
        listing.row([&column.name, column.kind.as_deref().unwrap_or("-"), &column.why]);
    }
    let mut output = match types.columns.is_empty() {
        true => Output::message(format_args!("{} has no columns here yet.", types.name)),
        false => Output::default().table(listing),
    };
    if let Some(format) = &types.file_format {
        output = output.line(format_args!("Declared: {}", as_options(format)));
    }
    if let Some(error) = &table.last_sync_error {
        output = output.warn(format_args!("the last sync failed, so that the rows of an earlier one stay: {error}"));
    }
    output.json(&answer.json)
}
