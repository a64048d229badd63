use std::path::{Path, PathBuf};

use crate::cli::{CliError, Context, Output, Run};
use crate::domain::catalog_export::{self, INDEX};
use crate::protocol::metrics::MetricsImported;

/// Import metrics from YAML: all of them, or none if a file has an error
///
/// A file holds one metric or a list of them, or a semantic model in the format of Apache Ossie. In a directory these are
/// its .yml and .yaml files, and those of the directories in it. The name of its directory is the category of a metric
/// that names none.
#[derive(clap::Args, Debug)]
pub struct Import {
    /// A file or a directory
    path: PathBuf,
}

impl Run for Import {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let path = std::path::absolute(&self.path)?;
        let mut files = Vec::new();
        let is_directory = path.is_dir();
        let index = path.join(INDEX);
        for file in if is_directory { in_directory(&path)? } else { vec![path] } {
            let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&file, &error))?;
            if !(is_directory && file == index && text.starts_with(catalog_export::MARKER)) {
                files.push((name(&file), text));
            }
        }
        if files.is_empty() {
            let text = format!("no .yml or .yaml files in {}", self.path.display());
            return Err(CliError::new("no_file", text).into());
        }
        let imported = context.api()?.send_files::<MetricsImported>(&["api", "admin", "metrics", "import"], files)?;
        let (count, path) = (imported.body.count, self.path.display());
        Output::message(format_args!("Imported {count} metric(s) from {path}")).json(&imported.json)
    }
}

fn in_directory(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(path).min_depth(1).max_depth(2).sort_by_file_name() {
        let entry = entry.map_err(|error| CliError::new("no_file", error.to_string()))?;
        let is_yaml = entry.path().extension().is_some_and(|ending| ending == "yml" || ending == "yaml");
        if is_yaml && entry.path().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

/// With the directory that it is in.
fn name(file: &Path) -> String {
    let parts = [file.parent().and_then(Path::file_name), file.file_name()];
    parts.into_iter().flatten().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn unreadable(file: &Path, error: &std::io::Error) -> CliError {
    CliError::new("no_file", format!("cannot read {}: {error}", file.display()))
}
