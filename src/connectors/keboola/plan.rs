//! Decides whether a table is fetched whole, in part or not at all, from the state of its last export.

use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::model::Table;
use super::types::Column;
use super::values::Learned;
use crate::base::atomic_file;
use crate::base::time;
use crate::connectors::TableRequest;
use crate::extract::{data_file, parts_folder, state_file};
use crate::protocol::sync_options::{Granularity, SyncOptions};
use crate::protocol::vocabulary::SyncStrategy;

/// Raised whenever the meaning of the state changes.
const VERSION: u32 = 2;
const DAY: i64 = 86_400;

/// How the rows of a table are kept.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    FullRefresh,
    Incremental,
    Partitioned { by: String, granularity: Granularity },
}

/// The state of the last export. It is written after its data, so that a crash in between repeats work and loses none.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct State {
    version: u32,
    strategy: Strategy,
    /// Import time up to which rows are here, in Unix seconds: when the last export started.
    pub watermark_unix: i64,
    pub last_change_date: Option<String>,
    /// What was known of each column, in order.
    columns: Vec<String>,
    /// What the values of each column have shown, and how it is stored.
    learned: Vec<Learned>,
    primary_key: Vec<String>,
    options: SyncOptions,
    pub rows: i64,
    /// When the table was last fetched whole, in Unix seconds.
    full_at_unix: i64,
    pub completed_at: Timestamp,
}

/// What to fetch.
#[derive(Debug, PartialEq)]
pub enum Fetch {
    /// Nothing: the table has not changed.
    Nothing { rows: i64 },
    /// Everything, for this reason.
    Whole(&'static str),
    /// What was imported since this time, in Unix seconds.
    Since(i64),
}

/// What was fetched.
pub struct Outcome {
    /// Of the table.
    pub rows: i64,
    /// When the first export started.
    pub started: Timestamp,
    pub learned: Vec<Learned>,
}

/// What is fetched, and how it is stored.
pub struct Plan {
    pub strategy: Strategy,
    /// Columns that identify a row, as published.
    pub primary_key: Vec<String>,
    pub columns: Vec<Column>,
    pub options: SyncOptions,
    pub fetch: Fetch,
    /// What the stored rows have shown of each column; nothing if they are not known.
    pub learned: Vec<Learned>,
    full_at_unix: Option<i64>,
    /// A remark on the registration.
    pub note: Option<String>,
}

impl Plan {
    pub fn make(request: &TableRequest, detail: &Table, mut columns: Vec<Column>, directory: &Path) -> Self {
        let options = request.sync_options.clone().unwrap_or_default();
        let key = if request.primary_key.is_empty() { detail.key() } else { request.primary_key.clone() };
        let is_fetched = key.iter().all(|name| columns.iter().any(|column| column.name == *name));
        let published = |name: &str| {
            columns
                .iter()
                .find(|column| column.name == name)
                .map_or(name, |column| column.published.as_str())
                .to_owned()
        };
        let primary_key: Vec<String> = key.iter().filter(|_| is_fetched).map(|name| published(name)).collect();
        let partition = options.partition_by.as_deref().map(published);
        let (strategy, mut note) = strategy(request, &options, partition, &primary_key);
        if !is_fetched && note.is_some() {
            note = Some(format!(
                "sync_options.columns lacks the primary key ({}): it is fetched whole each time",
                key.join(", ")
            ));
        }
        if strategy != Strategy::FullRefresh {
            columns.iter_mut().for_each(|column| column.is_key = primary_key.contains(&column.published));
        }
        let known = State::read(directory, &request.name);
        let full_at_unix = known.as_ref().map(|state| state.full_at_unix);
        let fetch = Fetch::Whole("the state of an earlier export is missing");
        let mut plan = Self { strategy, primary_key, columns, options, fetch, learned: Vec::new(), full_at_unix, note };
        if let Some(known) = known {
            plan.fetch = plan.decide(&known, detail, directory, &request.name);
            plan.learned = known.learned;
        }
        plan
    }

    fn decide(&self, known: &State, detail: &Table, directory: &Path, table: &str) -> Fetch {
        if known.strategy != self.strategy || known.options != self.options {
            return Fetch::Whole("the way to fetch it was changed");
        }
        if known.columns != descriptions(&self.columns) {
            return Fetch::Whole("its columns changed");
        }
        if known.primary_key != self.primary_key {
            return Fetch::Whole("its primary key changed");
        }
        if !self.has_data(directory, table) {
            return Fetch::Whole("its file is missing");
        }
        if known.last_change_date.is_some() && known.last_change_date == detail.last_change_date {
            return Fetch::Nothing { rows: known.rows };
        }
        if self.strategy == Strategy::FullRefresh || self.primary_key.is_empty() {
            return Fetch::Whole("it is always fetched whole");
        }
        let whole_every = i64::from(self.options.full_refresh_every_days.unwrap_or(7)) * DAY;
        if whole_every > 0 && time::now().as_second() - known.full_at_unix >= whole_every {
            return Fetch::Whole("increments do not contain deleted rows");
        }
        let overlap = i64::from(self.options.incremental_window_days.unwrap_or(1)) * DAY;
        Fetch::Since((known.watermark_unix - overlap).max(0))
    }

    fn has_data(&self, directory: &Path, table: &str) -> bool {
        match self.strategy {
            Strategy::Partitioned { .. } => {
                std::fs::read_dir(parts_folder(directory, table)).is_ok_and(|mut parts| parts.next().is_some())
            }
            _ => data_file(directory, table).is_file(),
        }
    }

    /// Records that the data is there.
    pub fn record(&self, directory: &Path, table: &str, detail: &Table, outcome: &Outcome) -> io::Result<()> {
        let started = outcome.started;
        let whole_now = matches!(self.fetch, Fetch::Whole(_)).then(|| started.as_second());
        let state = State {
            version: VERSION,
            strategy: self.strategy.clone(),
            watermark_unix: started.as_second(),
            last_change_date: detail.last_change_date.clone(),
            columns: descriptions(&self.columns),
            learned: outcome.learned.clone(),
            primary_key: self.primary_key.clone(),
            options: self.options.clone(),
            rows: outcome.rows,
            full_at_unix: whole_now.or(self.full_at_unix).unwrap_or_default(),
            completed_at: time::now(),
        };
        atomic_file::write(&state_file(directory, table), &serde_json::to_vec_pretty(&state)?)
    }

    /// Import times that the exports of a whole load cover, in order: from and until, in Unix seconds.
    pub fn windows(&self) -> Vec<(Option<i64>, Option<i64>)> {
        let now = time::now().as_second();
        let first = self.options.max_history_days.map(|days| now - i64::from(days) * DAY);
        let (Some(first), Some(chunk)) = (first, self.options.initial_load_chunk_days.filter(|days| *days > 0)) else {
            return vec![(first, None)];
        };
        let step = SignedDuration::from_hours(24 * i64::from(chunk)).as_secs();
        let mut windows: Vec<_> = (0..)
            .map(|n| first + n * step)
            .take_while(|from| *from < now)
            .map(|from| (Some(from), Some(from + step)))
            .collect();
        // The last one has no end, so that rows imported during the export are not lost.
        if let Some(last) = windows.last_mut() {
            last.1 = None;
        }
        windows
    }
}

impl State {
    /// Returns the stored state; an unreadable one counts as none.
    pub fn read(directory: &Path, table: &str) -> Option<Self> {
        let state: Self = serde_json::from_slice(&std::fs::read(state_file(directory, table)).ok()?).ok()?;
        (state.version == VERSION).then_some(state)
    }
}

/// Deletes the state, before a whole export replaces the data.
pub fn forget(directory: &Path, table: &str) -> std::io::Result<()> {
    atomic_file::remove(&state_file(directory, table))
}

fn descriptions(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|column| format!("{column:?}")).collect()
}

fn strategy(
    request: &TableRequest,
    options: &SyncOptions,
    partition: Option<String>,
    key: &[String],
) -> (Strategy, Option<String>) {
    match &request.sync_strategy {
        Some(SyncStrategy::Incremental) if key.is_empty() => {
            let note = "incremental needs a primary key, and the table has none: it is fetched whole each time";
            (Strategy::FullRefresh, Some(note.into()))
        }
        Some(SyncStrategy::Incremental) => (Strategy::Incremental, None),
        Some(SyncStrategy::Partitioned) => match partition {
            Some(by) => {
                let granularity = options.partition_granularity.unwrap_or_default();
                (Strategy::Partitioned { by, granularity }, None)
            }
            None => (Strategy::FullRefresh, Some("partitioned needs partition_by: it is kept as one file".into())),
        },
        _ => (Strategy::FullRefresh, None),
    }
}
