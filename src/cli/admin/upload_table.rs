use std::path::PathBuf;
use std::process::ExitCode;

use crate::base::ident;
use crate::cli::sync::wait;
use crate::cli::{CliError, Context};
use crate::client::Client;
use crate::connectors::files;
use crate::protocol::upload::UploadedTable;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// A .csv, .csv.gz, .tsv, .tsv.gz or .parquet file
    file: PathBuf,
    /// Name of the table [default: the file's name without its ending]
    #[arg(long)]
    name: Option<String>,
    /// Print the answer as JSON, and do not wait until the table is published
    #[arg(long)]
    pub json: bool,
}

pub async fn run(args: Args, client: &Client, context: &Context) -> anyhow::Result<ExitCode> {
    let file_name = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Some(ending) = files::ending(&file_name) else {
        let error = format!("Error: {file_name} is no .csv, .csv.gz, .tsv, .tsv.gz or .parquet file");
        return Err(CliError::usage(error).into());
    };
    let name = args.name.unwrap_or_else(|| file_name[..file_name.len() - ending.len()].to_owned());
    if !ident::is_strict(&name) {
        let error = format!("Error: {name:?} cannot name a table: letters, digits and _, not beginning with a digit");
        return Err(CliError::usage(error).hint("Name it with --name NAME.").into());
    }
    let size = std::fs::metadata(&args.file)
        .map_err(|error| CliError::new("no_file", format!("Error: cannot read {}: {error}", args.file.display())))?;
    let bar = context.printer.progress(size.len());
    let shown = bar.clone();
    let answer: Result<UploadedTable, _> =
        client.upload(&["api", "upload", "tables", &name], &args.file, move |bytes| shown.inc(bytes)).await;
    bar.finish_and_clear();
    let table = answer.map_err(CliError::failed)?;
    if args.json {
        context.printer.pretty_json(&table)?;
        return Ok(ExitCode::SUCCESS);
    }
    context.printer.line(format_args!("Uploaded {name}: {} rows, {} columns.", table.rows, table.columns.len()))?;
    let code = wait(&table.run_id, client, context).await?;
    if table.status == "registered" {
        context.printer.note(format_args!(
            "Nobody but admins can read it yet; grant it with: agnes admin grant create <group> table {}",
            table.id
        ));
    }
    Ok(code)
}
