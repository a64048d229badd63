//! The result of a pull.

use std::collections::HashSet;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::pending::PendingFile;
use crate::cli::{Output, exit, size};

#[derive(Debug, Default)]
pub struct Report {
    pub tables_updated: usize,
    pub parquets_total: usize,
    pub tables_removed: Vec<String>,
    /// `{"table", "error"}` or `{"stage", "error"}`.
    pub errors: Vec<Value>,
    /// Only for a dry run.
    pub would_download: Option<Vec<PlannedTable>>,
    pub would_remove: Vec<String>,
    /// Another pull is running; nothing was done.
    pub locked: bool,
}

#[derive(Debug, Serialize)]
pub struct PlannedTable {
    table: String,
    size_bytes: Option<u64>,
}

impl From<&PendingFile> for PlannedTable {
    fn from(file: &PendingFile) -> Self {
        Self { table: file.name(), size_bytes: file.size_bytes }
    }
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
        if let Some(tables) = &self.would_download {
            output = self.plan(tables, output);
        } else if !self.locked {
            output =
                output.line(format_args!("Updated {} tables ({} total).", self.tables_updated, self.parquets_total));
        }
        for table in &self.tables_removed {
            output = output.line(format_args!("Removed {table}: no longer offered."));
        }
        output.exit(if self.errors.is_empty() { 0 } else { exit::PARTIAL }).json_line(&self.json(elapsed))
    }

    fn plan(&self, tables: &[PlannedTable], output: Output) -> Output {
        let bytes: u64 = tables.iter().filter_map(|table| table.size_bytes).sum();
        let mut output = output.line(format_args!(
            "Would update {} tables ({} total), {}.",
            tables.iter().map(|file| file.table.split('/').next()).collect::<HashSet<_>>().len(),
            self.parquets_total,
            size::human(bytes)
        ));
        for table in tables {
            let size = table.size_bytes.map_or_else(|| "size unknown".into(), size::human);
            output = output.line(format_args!("  {:<30} {size:>12}", table.table));
        }
        self.would_remove.iter().fold(output, |output, table| output.line(format_args!("Would remove {table}.")))
    }

    fn json(&self, elapsed: Duration) -> Value {
        let mut object = Map::new();
        object.insert("tables_updated".into(), self.tables_updated.into());
        object.insert("parquets_total".into(), self.parquets_total.into());
        object.insert("rules_count".into(), 0.into());
        object.insert("duration_s".into(), ((elapsed.as_secs_f64() * 1000.0).round() / 1000.0).into());
        object.insert("errors".into(), self.errors.clone().into());
        object.insert("ok".into(), self.errors.is_empty().into());
        object.insert("tables_removed".into(), self.tables_removed.clone().into());
        if let Some(tables) = &self.would_download {
            object.insert("would_download".into(), json!(tables));
            object.insert("would_remove".into(), json!(self.would_remove));
        }
        if self.locked {
            object.insert("skipped".into(), "workspace_locked".into());
        }
        Value::Object(object)
    }
}
