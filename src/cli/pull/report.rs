//! The result of a pull.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::pending::PendingFile;
use crate::cli::units::human_size;
use crate::cli::{Output, exit};

#[derive(Debug, Default)]
pub struct Report {
    pub tables_updated: usize,
    pub parquets_total: usize,
    pub tables_removed: Vec<String>,
    /// `{"table", "error"}` or `{"stage", "error"}`.
    pub errors: Vec<Value>,
    /// Only for a dry run.
    pub would_download: Option<Vec<PendingFile>>,
    pub would_remove: Vec<String>,
    /// Another pull is running; nothing was done.
    pub locked: bool,
}

impl Report {
    pub fn table_failed(&mut self, table: &str, error: &str) {
        self.errors.push(json!({"table": table, "error": error}));
    }

    pub fn failed(&mut self, stage: &str, error: &str) {
        self.errors.push(json!({"stage": stage, "error": error}));
    }

    pub fn output(&self, elapsed: Duration) -> anyhow::Result<Output> {
        let mut output = Output::default();
        for error in &self.errors {
            let subject = error["table"].as_str().or(error["stage"].as_str()).unwrap_or_default();
            output = output.warn(format_args!("{subject}: {}", error["error"].as_str().unwrap_or_default()));
        }
        if let Some(files) = &self.would_download {
            output = self.plan(files, output);
        } else if !self.locked {
            output =
                output.line(format_args!("Updated {} tables ({} total).", self.tables_updated, self.parquets_total));
        }
        for table in &self.tables_removed {
            output = output.line(format_args!("Removed {table}: no longer offered."));
        }
        output.exit(if self.errors.is_empty() { 0 } else { exit::PARTIAL }).json_line(&self.json(elapsed))
    }

    fn plan(&self, files: &[PendingFile], output: Output) -> Output {
        let bytes: u64 = files.iter().filter_map(|file| file.size_bytes).sum();
        let mut output = output.line(format_args!(
            "Would update {} tables ({} total), {}.",
            files.iter().map(|file| &file.table).collect::<HashSet<_>>().len(),
            self.parquets_total,
            human_size(bytes)
        ));
        for file in files {
            let size = file.size_bytes.map_or_else(|| "size unknown".into(), human_size);
            output = output.line(format_args!("  {:<30} {size:>12}", file.name()));
        }
        self.would_remove.iter().fold(output, |output, table| output.line(format_args!("Would remove {table}.")))
    }

    fn json(&self, elapsed: Duration) -> Value {
        let mut object = json!({
            "tables_updated": self.tables_updated,
            "parquets_total": self.parquets_total,
            "rules_count": 0,
            "duration_s": (elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
            "errors": self.errors,
            "ok": self.errors.is_empty(),
            "tables_removed": self.tables_removed,
        });
        if let Some(files) = &self.would_download {
            let file = |file: &PendingFile| json!({"table": file.name(), "size_bytes": file.size_bytes});
            object["would_download"] = files.iter().map(file).collect();
            object["would_remove"] = json!(self.would_remove);
        }
        if self.locked {
            object["skipped"] = "workspace_locked".into();
        }
        object
    }
}
