//! `query_to_file`

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::here;
use super::query::{Place, Plan, auto};
use crate::base::text::thousands;
use crate::cli::mcp::call::Call;
use crate::cli::mcp::tool::{Answer, Effect, Tool};
use crate::cli::query::{ResultFile, Scope, Statement, local, remote};
use crate::cli::units::human_size;
use crate::cli::workspace::Workspace;
use crate::cli::{CliError, Context};
use crate::query::MAX_STREAMED_ROWS;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryToFile {
    /// One SELECT, as for query
    sql: String,
    /// Name of the file, such as orders_2026.parquet: letters, digits, _ and -, and the ending .parquet or .csv. It is made in
    /// user/results of the workspace, and must not exist there
    file: String,
    /// Where to run it; auto unless there is a reason
    #[serde(default = "auto")]
    scope: Scope,
}

#[derive(Debug, JsonSchema, Serialize)]
pub struct WrittenFile {
    /// Absolute path
    path: String,
    rows: usize,
    bytes: u64,
    /// Whether the result has more rows than the file
    truncated: bool,
    #[serde(flatten)]
    place: Place,
}

impl Tool for QueryToFile {
    const NAME: &str = "query_to_file";
    const TITLE: &str = "Write the rows of a query into a file";
    const DESCRIPTION: &str = "\
Runs one SELECT and writes all its rows into a new parquet or CSV file in user/results of the workspace, of which it returns the path. \
Use it for results that are too large for query, or for other programs: parquet keeps the types. It never replaces a file. On the \
server at most 10,000,000 rows are written; the result says if that was not all.";
    const EFFECT: Effect = Effect::Adds;
    type Data = WrittenFile;

    fn run(self, call: &Call) -> anyhow::Result<Answer<WrittenFile>> {
        let target = ResultFile::new(&new_file(&self.file, &call.context)?)?;
        let plan = Plan::make(&self.sql, self.scope, &call.context)?;
        let end = match &plan.reading {
            None => remote::save(&Statement::Sql(&self.sql), MAX_STREAMED_ROWS, &target, &call.context)?,
            Some(reading) => {
                let (connection, sql) = here::open(reading, call)?;
                call.on(&connection, |connection| local::save(connection, &sql, usize::MAX, &target))?
            }
        };
        let bytes = std::fs::metadata(&target.path)?.len();
        let (path, place) = (target.path.display().to_string(), Place::new(plan.decision));
        let rows = thousands(end.rows as u64);
        let cut = if end.is_truncated { " The result has more rows than may be written." } else { "" };
        let summary = format!("Wrote {rows} rows to {path} ({}).{cut} {}", human_size(bytes), place.summary());
        Ok(Answer::new(summary, WrittenFile { path, rows: end.rows, bytes, truncated: end.is_truncated, place }))
    }
}

/// The path of a file that does not exist yet, in the one folder where results are written.
fn new_file(name: &str, context: &Context) -> anyhow::Result<PathBuf> {
    if !is_file_name(name) {
        let error = CliError::new("wrong_arguments", format!("{name:?} cannot be the name of a result file"));
        return Err(error.hint("Use letters, digits, _ and -, and the ending .parquet or .csv.").into());
    }
    let folder = Workspace::locate(context, false)?.results_dir();
    let path = folder.join(name);
    if std::fs::symlink_metadata(&path).is_ok() {
        let error = CliError::new("exists", format!("{} exists already", path.display()));
        return Err(error.hint("Choose another name: this tool never replaces a file.").into());
    }
    std::fs::create_dir_all(&folder)?;
    Ok(path)
}

fn is_file_name(name: &str) -> bool {
    let stem = name.strip_suffix(".parquet").or_else(|| name.strip_suffix(".csv"));
    stem.is_some_and(|stem| {
        !stem.is_empty() && stem.len() <= 100 && stem.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        for name in ["a.parquet", "Orders_2026-11.csv"] {
            assert!(is_file_name(name), "{name}");
        }
        let long = format!("{}.csv", "a".repeat(101));
        for name in
            ["", ".csv", "a", "a.txt", "../a.csv", "/tmp/a.csv", "a/b.csv", "a.csv.exe", ".a.csv", "a\0.csv", &long]
        {
            assert!(!is_file_name(name), "{name}");
        }
    }
}
