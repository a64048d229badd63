//! The tables of all sources, for admins.

pub mod delete;
pub mod discover;
pub mod edit;
pub mod fields;
pub mod list;
pub mod register;
pub mod upload;

use jiff::Timestamp;
use minijinja::{Value, context};

use super::formats::{below, path_part};
use crate::base::time;
use crate::domain::registry::overview::{Condition, TableState};

/// What pages show of a table.
fn values(table: &TableState) -> Value {
    let time = |at: Option<Timestamp>| at.map(time::iso_naive);
    let row = table.row.as_deref();
    context! {
        id => row.map(|row| &row.id),
        href => row.map(|row| below("/admin/tables", &row.id)),
        access => row.map(|row| access(&row.id)),
        name => &table.name,
        source => table.source.as_str(),
        mode => table.mode.as_str(),
        schedule => row.and_then(|row| row.sync_schedule.as_deref()),
        primary_key => row.map(|row| row.primary_key.join(", ")),
        description => row.and_then(|row| row.description.as_deref()),
        rows => table.rows(),
        size_bytes => table.size_bytes(),
        last_sync => time(table.last_sync),
        next_sync => time(table.next_sync),
        condition => table.condition.to_string(),
        kind => kind(table.condition),
        error => &table.error,
    }
}

/// The page of who may read a table.
fn access(id: &str) -> String {
    format!("/admin/access?table={}", path_part(id))
}

/// The kind of its badge.
fn kind(condition: Condition) -> &'static str {
    match condition {
        Condition::Failed => "bad",
        Condition::Late | Condition::Unregistered => "warning",
        Condition::Waiting => "plain",
        Condition::Ok => "good",
    }
}
