//! Every table with its state, as admins see them: the registered ones, and those that are published without a row.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::base::schedule::Schedule;
use crate::domain::tables::is_stale;
use crate::extract::{Content, Publication, PublishedTable};
use crate::protocol::vocabulary::{QueryMode, SourceType};
use crate::store::Snapshot;
use crate::store::registry::Table;

/// How long after its time a table counts as late.
const GRACE: SignedDuration = SignedDuration::from_hours(1);

/// How things stand with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub enum Condition {
    /// Its last sync failed.
    Failed,
    /// Its next sync should have been some time ago.
    Late,
    /// Nothing of it is published yet.
    Waiting,
    /// It is published without being registered, so that only admins can read it.
    Unregistered,
    Ok,
}

/// A table and what is known of it.
#[derive(Clone, Debug)]
pub struct TableState {
    pub name: String,
    /// The registry row; `None` if there is none.
    pub row: Option<Arc<Table>>,
    pub published: Option<Arc<PublishedTable>>,
    pub source: SourceType,
    pub mode: QueryMode,
    pub last_sync: Option<Timestamp>,
    /// By its schedule; `None` without one.
    pub next_sync: Option<Timestamp>,
    pub condition: Condition,
    /// Of the last sync.
    pub error: Option<String>,
}

impl TableState {
    /// `None` if they are at the source.
    pub fn rows(&self) -> Option<i64> {
        let published = self.published.as_ref().filter(|published| !is_remote(published));
        published.map(|published| published.rows)
    }

    pub fn size_bytes(&self) -> Option<u64> {
        self.rows().and(self.published.as_ref()).map(|published| published.size_bytes())
    }
}

/// All tables, by name.
pub fn tables(snapshot: &Snapshot, publication: &Publication, now: Timestamp) -> Vec<TableState> {
    let mut schedules = Schedules::default();
    let rows = snapshot.registry.all().into_iter();
    let registered = rows.map(|row| registered(snapshot, publication, row, &mut schedules, now));
    let others = publication.tables().filter(|table| snapshot.registry.by_name(&table.name).is_none());
    let mut tables: Vec<_> = registered.chain(others.map(|table| unregistered(snapshot, table))).collect();
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    tables
}

/// The registered table with this id.
pub fn table(snapshot: &Snapshot, publication: &Publication, id: &str, now: Timestamp) -> Option<TableState> {
    let row = snapshot.registry.get(id)?;
    Some(registered(snapshot, publication, row, &mut Schedules::default(), now))
}

/// Schedules by their texts: many tables share one, and reading it takes longer than everything else.
#[derive(Default)]
struct Schedules<'a>(HashMap<&'a str, Option<Schedule>>);

impl<'a> Schedules<'a> {
    fn get(&mut self, text: &'a str) -> Option<&Schedule> {
        self.0.entry(text).or_insert_with(|| Schedule::parse(text)).as_ref()
    }
}

fn registered<'a>(
    snapshot: &Snapshot,
    publication: &Publication,
    row: &'a Arc<Table>,
    schedules: &mut Schedules<'a>,
    now: Timestamp,
) -> TableState {
    let published = publication.get(&row.name).cloned();
    let sync = snapshot.sync.get(&row.name);
    let last_sync = sync.and_then(|sync| sync.last_sync);
    let error = sync.and_then(|sync| sync.last_error()).map(str::to_owned);
    let schedule = row.sync_schedule.as_deref().and_then(|text| schedules.get(text));
    let next_sync = schedule.and_then(|schedule| last_sync.map_or(Some(now), |last| schedule.next_after(last)));
    // A row of the folder of files also stands for a table that another program publishes under this name.
    let source = match &published {
        Some(published) if *row.source() == SourceType::LOCAL => SourceType::from(published.source.as_str()),
        _ => row.source().clone(),
    };
    let has_time =
        ![SourceType::LOCAL, SourceType::SAVED_QUERIES].contains(&source) && *row.mode() != QueryMode::Remote;
    let is_late = match schedule {
        Some(_) => next_sync.is_some_and(|due| now.duration_since(due) > GRACE),
        // Every run fetches it.
        None => has_time && last_sync.is_some_and(|last| is_stale(last, now)),
    };
    let condition = if error.is_some() {
        Condition::Failed
    } else if published.is_none() {
        Condition::Waiting
    } else if is_late {
        Condition::Late
    } else {
        Condition::Ok
    };
    let (name, mode) = (row.name.clone(), row.mode().clone());
    TableState { name, row: Some(Arc::clone(row)), published, source, mode, last_sync, next_sync, condition, error }
}

fn unregistered(snapshot: &Snapshot, table: &Arc<PublishedTable>) -> TableState {
    let sync = snapshot.sync.get(&table.name);
    TableState {
        name: table.name.clone(),
        row: None,
        source: SourceType::from(table.source.as_str()),
        mode: if is_remote(table) { QueryMode::Remote } else { QueryMode::Local },
        last_sync: sync.and_then(|sync| sync.last_sync).or(table.extracted_at),
        next_sync: None,
        condition: Condition::Unregistered,
        error: sync.and_then(|sync| sync.last_error()).map(str::to_owned),
        published: Some(Arc::clone(table)),
    }
}

fn is_remote(table: &PublishedTable) -> bool {
    matches!(table.content, Content::Remote(_))
}
