use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::METRICS;
use crate::base::atomic_file;
use crate::cli::{CliError, Context, Output, Run};
use crate::domain::metrics::yaml;
use crate::protocol::metrics::{Metric, Metrics};

/// Write all metrics into YAML files, one for each: <dir>/<category>/<name>.yml
#[derive(clap::Args, Debug)]
pub struct Export {
    /// Directory for the files
    #[arg(long, value_name = "DIR", default_value = "./export/")]
    dir: PathBuf,
}

impl Run for Export {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let metrics = context.api()?.get::<Metrics>(&METRICS, &[])?.body.metrics;
        let mut taken = HashSet::new();
        let mut files = Vec::new();
        for metric in &metrics {
            let text = yaml::write(metric).map_err(|error| {
                CliError::new("not_exported", format!("cannot write the metric {}: {error}", metric.id))
            })?;
            files.push((free_file(&self.dir, metric, &mut taken), text));
        }
        for (file, text) in &files {
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder)?;
            }
            atomic_file::write(file, text.as_bytes())?;
        }
        let (count, dir) = (files.len(), self.dir.display());
        let written: Vec<String> = files.iter().map(|(file, _)| file.display().to_string()).collect();
        Output::message(format_args!("Exported {count} metric(s) to {dir}")).json(&json!({ "files": written }))
    }
}

/// A file that no other metric of this export has, also where case does not matter.
fn free_file(dir: &Path, metric: &Metric, taken: &mut HashSet<String>) -> PathBuf {
    let (folder, name) = (safe(&metric.category), safe(&metric.name));
    let names = (1..).map(|number| if number == 1 { name.clone() } else { format!("{name}-{number}") });
    let free = names.map(|name| format!("{folder}/{name}.yml")).find(|file| taken.insert(file.to_lowercase()));
    dir.join(free.unwrap_or_default())
}

/// A name that is one part of a path everywhere.
fn safe(name: &str) -> String {
    let is_safe = |c: char| c.is_alphanumeric() || ['_', '-', ' '].contains(&c);
    let safe: String = name.trim().chars().map(|c| if is_safe(c) { c } else { '_' }).take(100).collect();
    if safe.is_empty() { "_".into() } else { safe }
}
