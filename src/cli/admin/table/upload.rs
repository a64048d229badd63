use std::path::PathBuf;

use super::format::ChangeOptions;
use crate::base::ident;
use crate::cli::sync::wait;
use crate::cli::{CliError, Context, Output, Run};
use crate::connectors::files;
use crate::protocol::upload::UploadedTable;

/// Create a table from a file, or replace the table's file
///
/// With --json the command does not wait until the table is published. Options that say how the file is read are kept for
/// the table (see `agnes admin table types`).
#[derive(clap::Args, Debug)]
pub struct Upload {
    /// A .csv, .csv.gz, .tsv, .tsv.gz or .parquet file
    file: PathBuf,
    /// Name of the table [default: the file's name without its ending]
    #[arg(long)]
    name: Option<String>,
    /// Replace a table that has none of the file's columns
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    format: ChangeOptions,
}

impl Run for Upload {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let file_name = self.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(ending) = files::ending(&file_name) else {
            let error = format!("{file_name} is not a .csv, .csv.gz, .tsv, .tsv.gz or .parquet file");
            return Err(CliError::usage(error).into());
        };
        let name = self.name.unwrap_or_else(|| file_name[..file_name.len() - ending.len()].to_owned());
        if !ident::is_strict(&name) {
            let error = format!("{name:?} cannot name a table: letters, digits and _, not beginning with a digit");
            return Err(CliError::usage(error).hint("Name it with --name NAME.").into());
        }
        let changes = self.format.changes()?;
        let api = context.api()?;
        let size = std::fs::metadata(&self.file)
            .map_err(|error| CliError::new("no_file", format!("cannot read {}: {error}", self.file.display())))?;
        let bar = context.printer.progress(size.len());
        let shown = bar.clone();
        let path = ["api", "upload", "tables", &name];
        let query: &[(&str, &str)] = if self.replace { &[("replace", "true")] } else { &[] };
        let answer =
            api.upload::<UploadedTable>(&path, query, changes.as_ref(), &self.file, move |bytes| shown.inc(bytes));
        bar.finish_and_clear();
        let answer = answer?;
        let table = &answer.body;
        if context.printer.is_json {
            return Output::default().json(&answer.json);
        }
        context.printer.line(format_args!("Uploaded {name}: {} rows, {} columns.", table.rows, table.columns.len()))?;
        table.notes.iter().for_each(|note| context.printer.note(note));
        let published = wait(&table.run_id, &api, context)?;
        Ok(match table.status.as_str() {
            "registered" => published.note(format_args!(
                "Nobody but admins can read it yet; grant it with: agnes admin grant create <group> table {}",
                table.id
            )),
            _ => published,
        })
    }
}
