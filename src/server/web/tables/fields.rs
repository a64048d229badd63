//! The fields of a table in forms.

use serde::Deserialize;

use crate::protocol::registry::{RegisterTable, UpdateTable};
use crate::protocol::vocabulary::{QueryMode, SourceType, SyncStrategy};
use crate::server::web::form::FormState;
use crate::store::registry::Table;

/// What was typed; everything is text, and empty where nothing was.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct TableFields {
    pub name: String,
    pub source_type: String,
    pub query_mode: String,
    pub bucket: String,
    pub source_table: String,
    pub source_query: String,
    pub primary_key: String,
    pub sync_schedule: String,
    pub sync_strategy: String,
    pub folder: String,
    pub description: String,
}

impl TableFields {
    /// What is stored.
    pub fn of(table: &Table) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Self {
            name: table.name.clone(),
            source_type: table.source().as_str().to_owned(),
            query_mode: table.mode().as_str().to_owned(),
            bucket: text(&table.bucket),
            source_table: text(&table.source_table),
            source_query: text(&table.source_query),
            primary_key: table.primary_key.join(", "),
            sync_schedule: text(&table.sync_schedule),
            sync_strategy: table.sync_strategy.as_ref().map_or("", SyncStrategy::as_str).to_owned(),
            folder: text(&table.folder),
            description: text(&table.description),
        }
    }

    /// The form that shows it.
    pub fn shown(&self) -> FormState {
        self.pairs().iter().fold(FormState::new("fields"), |form, (name, value)| form.with_value(name, value))
    }

    fn pairs(&self) -> [(&'static str, &str); 11] {
        [
            ("name", &self.name),
            ("source_type", &self.source_type),
            ("query_mode", &self.query_mode),
            ("bucket", &self.bucket),
            ("source_table", &self.source_table),
            ("source_query", &self.source_query),
            ("primary_key", &self.primary_key),
            ("sync_schedule", &self.sync_schedule),
            ("sync_strategy", &self.sync_strategy),
            ("folder", &self.folder),
            ("description", &self.description),
        ]
    }

    /// The registration of a new table.
    pub fn registration(&self) -> RegisterTable {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        RegisterTable {
            name: self.name.trim().to_owned(),
            source_type: text(&self.source_type).map(SourceType::from),
            query_mode: text(&self.query_mode).map(QueryMode::from),
            bucket: text(&self.bucket),
            source_table: text(&self.source_table),
            source_query: text(&self.source_query),
            primary_key: Some(names(&self.primary_key)).filter(|names| !names.is_empty()),
            sync_schedule: text(&self.sync_schedule),
            sync_strategy: text(&self.sync_strategy).map(SyncStrategy::from),
            folder: text(&self.folder),
            description: text(&self.description),
            ..RegisterTable::default()
        }
    }

    /// The fields that differ from what is stored; `None` if none does.
    pub fn changes(&self, stored: &Table) -> Option<UpdateTable> {
        let before = Self::of(stored);
        let text = |now: &str, before: &str| Some(now.trim().to_owned()).filter(|now| now != before.trim());
        let changes = UpdateTable {
            name: text(&self.name, &before.name),
            query_mode: text(&self.query_mode, &before.query_mode).map(QueryMode::from),
            bucket: text(&self.bucket, &before.bucket),
            source_table: text(&self.source_table, &before.source_table),
            source_query: text(&lines(&self.source_query), &lines(&before.source_query)),
            primary_key: Some(names(&self.primary_key)).filter(|names| *names != stored.primary_key),
            sync_schedule: text(&self.sync_schedule, &before.sync_schedule),
            sync_strategy: text(&self.sync_strategy, &before.sync_strategy).map(SyncStrategy::from),
            folder: text(&self.folder, &before.folder),
            description: text(&lines(&self.description), &lines(&before.description)),
            ..UpdateTable::default()
        };
        let is_empty = serde_json::to_value(&changes).is_ok_and(|changes| {
            changes.as_object().is_some_and(|fields| fields.values().all(serde_json::Value::is_null))
        });
        (!is_empty).then_some(changes)
    }
}

/// Forms send `\r\n` for the end of a line.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// `id, line` → its two names.
fn names(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_sent() {
        let stored = Table {
            name: "orders".into(),
            source_query: Some("SELECT 1\nFROM t".into()),
            primary_key: vec!["id".into(), "line".into()],
            ..Table::default()
        };
        let mut typed = TableFields::of(&stored);
        typed.source_query = "SELECT 1\r\nFROM t".into();
        typed.primary_key = "id,  line,".into();
        assert!(typed.changes(&stored).is_none());
        typed.primary_key = "line".into();
        typed.description = " ours ".into();
        let changes = typed.changes(&stored).unwrap();
        assert_eq!((changes.primary_key, changes.description), (Some(vec!["line".into()]), Some("ours".into())));
        assert!(changes.name.is_none() && changes.source_query.is_none());
    }
}
