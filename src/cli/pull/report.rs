//! The result of a pull.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::pending::PendingFile;
use super::plan::Plan;
use crate::cli::units::human_size;
use crate::cli::{Output, exit};

/// Problems that are shown one by one; `--json` has all.
const SHOWN: usize = 20;

#[derive(Debug)]
pub struct Report {
    started: Instant,
    pub tables_updated: usize,
    pub parquets_total: usize,
    /// Tables that were asked for and that the workspace has, in this or an older version.
    pub tables_present: usize,
    pub tables_removed: Vec<String>,
    /// Files with rules for agents; `None` where the server has none to offer.
    pub rules: Option<usize>,
    /// `{"table", "error"}` or `{"stage", "error"}`.
    pub errors: Vec<Value>,
    /// Only for a dry run.
    pub would_download: Option<Vec<PendingFile>>,
    pub would_remove: Vec<String>,
    /// Another pull is running; nothing was done.
    pub locked: bool,
}

impl Report {
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            tables_updated: 0,
            parquets_total: 0,
            tables_present: 0,
            tables_removed: Vec::new(),
            rules: None,
            errors: Vec::new(),
            would_download: None,
            would_remove: Vec::new(),
            locked: false,
        }
    }

    pub fn table_failed(&mut self, table: &str, error: &str) {
        self.errors.push(json!({"table": table, "error": error}));
    }

    pub fn failed(&mut self, stage: &str, error: &str) {
        self.errors.push(json!({"stage": stage, "error": error}));
    }

    /// What a dry run has found.
    pub fn planned(&mut self, plan: Plan) {
        self.offered(&plan);
        self.tables_present = plan.tables.len();
        self.would_download = Some(plan.downloads);
        self.would_remove = plan.removals;
    }

    /// What the server offers, and what of it cannot be used.
    pub fn offered(&mut self, plan: &Plan) {
        self.parquets_total = plan.offered.len();
        plan.refused.iter().for_each(|(table, problem)| self.table_failed(table, problem));
    }

    /// One line about what went wrong, if anything did.
    pub fn problem(&self) -> Option<String> {
        let first = self.errors.first()?;
        let more = match self.errors.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more; run agnes pull)"),
        };
        Some(format!("agnes pull: {}{more}", line(first)))
    }

    pub fn output(&self) -> anyhow::Result<Output> {
        let mut output = self.warnings(Output::default());
        if let Some(files) = &self.would_download {
            output = self.plan(files, output);
        } else if !self.locked {
            output =
                output.line(format_args!("Updated {} tables ({} total).", self.tables_updated, self.parquets_total));
        }
        for table in &self.tables_removed {
            output = output.line(format_args!("Removed {table}: no longer offered."));
        }
        if let Some(rules) = self.rules {
            output = output.line(format_args!("Rules: {rules}."));
        }
        output.exit(self.code()).json_line(&self.json())
    }

    fn code(&self) -> u8 {
        match () {
            () if self.errors.is_empty() => 0,
            () if self.came_to_nothing() => exit::FAILED,
            () => exit::PARTIAL,
        }
    }

    /// Whether no table could be downloaded, and none is there from before.
    pub fn came_to_nothing(&self) -> bool {
        let has_failed = self.errors.iter().any(|error| error.get("table").is_some());
        has_failed && self.tables_present == 0 && self.tables_removed.is_empty()
    }

    /// Adds what went wrong.
    pub fn warnings(&self, output: Output) -> Output {
        let shown = self.errors.iter().take(SHOWN);
        let output = shown.fold(output, |output, error| output.warn(line(error)));
        match self.errors.len().saturating_sub(SHOWN) {
            0 => output,
            more => output.warn(format_args!("and {more} more; --json lists all")),
        }
    }

    fn plan(&self, files: &[PendingFile], output: Output) -> Output {
        let mut output = output.line(format_args!(
            "Would update {} tables ({} total), {}.",
            files.iter().map(|file| &file.table).collect::<HashSet<_>>().len(),
            self.parquets_total,
            human_size(bytes(files))
        ));
        for file in files {
            let size = file.size_bytes.map_or_else(|| "size unknown".into(), human_size);
            output = output.line(format_args!("  {:<30} {size:>12}", file.name()));
        }
        self.would_remove.iter().fold(output, |output, table| output.line(format_args!("Would remove {table}.")))
    }

    /// As `--json` shows it.
    pub fn json(&self) -> Value {
        let mut object = json!({
            "tables_updated": self.tables_updated,
            "parquets_total": self.parquets_total,
            "rules_count": self.rules.unwrap_or(0),
            "duration_s": seconds(self.started.elapsed()),
            "errors": self.errors,
            "ok": self.errors.is_empty(),
            "tables_removed": self.tables_removed,
        });
        if let Some(files) = &self.would_download {
            let file = |file: &PendingFile| json!({"table": file.name(), "size_bytes": file.size_bytes});
            object["would_download"] = files.iter().map(file).collect();
            object["would_download_bytes"] = bytes(files).into();
            object["would_remove"] = json!(self.would_remove);
        }
        if self.locked {
            object["skipped"] = "workspace_locked".into();
        }
        object
    }
}

fn line(error: &Value) -> String {
    let subject = error["table"].as_str().or(error["stage"].as_str()).unwrap_or_default();
    format!("{subject}: {}", error["error"].as_str().unwrap_or_default())
}

fn bytes(files: &[PendingFile]) -> u64 {
    files.iter().filter_map(|file| file.size_bytes).fold(0, u64::saturating_add)
}

/// To the millisecond.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}
