//! What a pull says at its end.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::plan::Wanted;
use crate::cli::{Mode, Printer, size};

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
    /// Another pull was at work; nothing was done.
    pub locked: bool,
}

#[derive(Debug, Serialize)]
pub struct PlannedTable {
    table: String,
    size_bytes: Option<u64>,
}

impl From<&Wanted> for PlannedTable {
    fn from(wanted: &Wanted) -> Self {
        Self { table: wanted.name(), size_bytes: wanted.size_bytes }
    }
}

impl Report {
    pub fn table_failed(&mut self, table: &str, error: &str) {
        self.errors.push(json!({"table": table, "error": error}));
    }

    pub fn failed(&mut self, stage: &str, error: &str) {
        self.errors.push(json!({"stage": stage, "error": error}));
    }

    pub fn print(&self, printer: &Printer, took: Duration) -> io::Result<()> {
        if printer.mode() == Mode::Json {
            return printer.json(&self.json(took));
        }
        for error in &self.errors {
            let subject = error["table"].as_str().or(error["stage"].as_str()).unwrap_or_default();
            printer.warn(format_args!("{subject}: {}", error["error"].as_str().unwrap_or_default()));
        }
        if let Some(tables) = &self.would_download {
            return self.print_plan(tables, printer);
        }
        if !self.locked {
            printer.line(format_args!("Updated {} tables ({} total).", self.tables_updated, self.parquets_total))?;
        }
        for table in &self.tables_removed {
            printer.line(format_args!("Removed {table}: no longer offered."))?;
        }
        Ok(())
    }

    fn print_plan(&self, tables: &[PlannedTable], printer: &Printer) -> io::Result<()> {
        let bytes: u64 = tables.iter().filter_map(|table| table.size_bytes).sum();
        printer.line(format_args!(
            "Would update {} tables ({} total), {}.",
            tables.iter().map(|file| file.table.split('/').next()).collect::<HashSet<_>>().len(),
            self.parquets_total,
            size::human(bytes)
        ))?;
        for table in tables {
            let size = table.size_bytes.map_or_else(|| "size unknown".into(), size::human);
            printer.line(format_args!("  {:<30} {size:>12}", table.table))?;
        }
        self.would_remove.iter().try_for_each(|table| printer.line(format_args!("Would remove {table}.")))
    }

    fn json(&self, took: Duration) -> Value {
        let mut object = Map::new();
        object.insert("tables_updated".into(), self.tables_updated.into());
        object.insert("parquets_total".into(), self.parquets_total.into());
        object.insert("rules_count".into(), 0.into());
        object.insert("duration_s".into(), ((took.as_secs_f64() * 1000.0).round() / 1000.0).into());
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
