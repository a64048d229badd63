//! What is kept of the decisions, for the owner of a table: `types/<table>.json` in the directory of its source.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ColumnType, Facts, Seen};
use crate::base::atomic_file;

/// The type of a column, and why.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Reason {
    pub column: String,
    /// As DuckDB names it.
    pub kind: String,
    /// Whether the owner declared it.
    #[serde(default)]
    pub is_declared: bool,
    /// Values that are not empty, if they were counted.
    #[serde(default)]
    pub values: Option<u64>,
    /// For text: the first value that no other type holds, …
    #[serde(default)]
    pub decided_by: Option<Seen>,
    /// … and the type of the values before it.
    #[serde(default)]
    pub before: Option<String>,
}

impl Reason {
    pub fn new(column: &str, kind: ColumnType, is_declared: bool, facts: &Facts) -> Self {
        let decision = (kind == ColumnType::Text && !is_declared).then(|| facts.decided_by()).flatten();
        Self {
            column: column.to_owned(),
            kind: kind.sql(),
            is_declared,
            values: Some(facts.values),
            decided_by: decision.map(|(seen, _)| seen.clone()),
            before: decision.and_then(|(_, before)| before).map(ColumnType::sql),
        }
    }

    /// A remark if a single value made text of a column that had another type until then.
    pub fn note(&self) -> Option<String> {
        self.before.as_ref()?;
        Some(format!("column {} is text, since {}", self.column, self.decision()?))
    }

    /// Why the column has its type.
    pub fn why(&self) -> String {
        match (self.values, self.decision()) {
            _ if self.is_declared => "declared".into(),
            (_, Some(decision)) => format!("text: {decision}"),
            (Some(0), _) => "no values".into(),
            (Some(1), _) => "the only value".into(),
            (Some(values), _) => format!("all {values} values"),
            (None, _) => "the type that the source delivers".into(),
        }
    }

    /// The value that made the column text.
    fn decision(&self) -> Option<String> {
        let seen = self.decided_by.as_ref()?;
        let part = seen.part.as_ref().map(|part| format!("part {part}, ")).unwrap_or_default();
        let before = self.before.as_ref().map(|before| format!("; the values before it are {before}"));
        Some(format!("{part}line {} has \"{}\"{}", seen.line, seen.text, before.unwrap_or_default()))
    }
}

fn file(source: &Path, table: &str) -> PathBuf {
    source.join("types").join(format!("{table}.json"))
}

/// Keeps the reasons for the columns of a table. Those that are kept already are not written again.
pub fn keep(source: &Path, table: &str, reasons: &[Reason]) -> io::Result<()> {
    if kept(source, table) == reasons {
        return Ok(());
    }
    atomic_file::write(&file(source, table), &serde_json::to_vec(reasons)?)
}

/// What was kept; nothing for a table that is not made from texts.
pub fn kept(source: &Path, table: &str) -> Vec<Reason> {
    std::fs::read(file(source, table)).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

pub fn remove(source: &Path, table: &str) -> io::Result<()> {
    atomic_file::remove(&file(source, table))
}
