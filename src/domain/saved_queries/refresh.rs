//! Running a query as its owner, and keeping the result as its table.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::failure::Failure;
use super::result_file;
use super::rules::Quotas;
use crate::access::{Principal, ancestors};
use crate::access_log::AccessLog;
use crate::base::hash::{md5_file, sha256_hex};
use crate::base::{locked, time};
use crate::domain::queries::{QueryRun, run_query};
use crate::protocol::access_log::DataAccess;
use crate::query::output::Format;
use crate::query::{MAX_STREAMED_ROWS, QueryEngine, Wanted};
use crate::store::lineage::Ancestor;
use crate::store::registry::Table;
use crate::store::saved_queries::{self, Outcome, SavedQuery};
use crate::store::{Snapshot, Store, StoreError, lineage};
use crate::sync::{Orchestrator, Runner};

pub const OK: &str = "ok";
pub const FAILED: &str = "failed";

/// Refreshes the tables of saved queries, one at a time of each owner.
pub struct Refresher {
    pub(super) store: Store,
    pub(super) orchestrator: Arc<Orchestrator>,
    pub(super) engine: QueryEngine,
    pub(super) runner: Arc<Runner>,
    pub(super) access_log: Arc<AccessLog>,
    pub(super) quotas: Quotas,
    /// Two at a time could make tables out of each other.
    publishing: tokio::sync::Mutex<()>,
    /// Held while those run that are due.
    pub(super) due: Arc<tokio::sync::Mutex<()>>,
    /// Owner → the query of theirs that runs.
    begun: Arc<Mutex<HashMap<String, String>>>,
}

/// A query that runs, until this is dropped.
pub(super) struct Begun {
    id: String,
    owner_id: String,
    all: Arc<Mutex<HashMap<String, String>>>,
}

impl Drop for Begun {
    fn drop(&mut self) {
        locked(&self.all).remove(&self.owner_id);
    }
}

impl Refresher {
    pub fn new(
        store: Store,
        orchestrator: Arc<Orchestrator>,
        engine: QueryEngine,
        runner: Arc<Runner>,
        access_log: Arc<AccessLog>,
        quotas: Quotas,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            orchestrator,
            engine,
            runner,
            access_log,
            quotas,
            publishing: tokio::sync::Mutex::default(),
            due: Arc::default(),
            begun: Arc::default(),
        })
    }

    /// Unless another query of its owner runs, which is the error.
    pub(super) fn begin(&self, id: &str, owner_id: &str) -> Result<Begun, String> {
        match locked(&self.begun).entry(owner_id.to_owned()) {
            Entry::Occupied(running) => Err(running.get().clone()),
            Entry::Vacant(place) => {
                place.insert(id.to_owned());
                Ok(Begun { id: id.to_owned(), owner_id: owner_id.to_owned(), all: Arc::clone(&self.begun) })
            }
        }
    }

    /// Refreshes the table of a query, and stores what became of it. Returns its status.
    pub(super) async fn refresh(&self, begun: Begun) -> Result<&'static str, StoreError> {
        let (id, at, started) = (begun.id.clone(), time::now(), Instant::now());
        let query_id = id.clone();
        let Some(query) = self.store.read(move |reader| saved_queries::get(reader, &query_id)).await? else {
            return Ok(FAILED);
        };
        let kept = self.keep(&query).await;
        let (status, error, rows) = match &kept {
            Ok(rows) => (OK, None, Some(*rows)),
            Err(failure) => (FAILED, Some(failure.to_string()), None),
        };
        let duration_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        let outcome = Outcome { at, status, error, rows, duration_ms };
        tracing::info!(query = query.id, name = query.name, status, error = outcome.error, "saved query refreshed");
        self.store.write_results(move |change| saved_queries::record_run(change, &id, &outcome)).await?;
        Ok(status)
    }

    /// Returns the number of rows.
    async fn keep(&self, query: &SavedQuery) -> Result<i64, Failure> {
        let snapshot = self.store.snapshot();
        let table = self.table(&snapshot, query)?;
        let owner = Principal::absent(&snapshot, &query.owner_id)
            .map_err(|reason| Failure::text(format!("its owner has no access any more: {reason}")))?;
        let (room, size) = self.room(&snapshot, query, &table);
        self.runner.has_room(size)?;
        let file = self.runner.begin_saved(&table.name)?;
        let wanted = Wanted::Format(Format::Parquet);
        let (email, begun) = (owner.user().email.clone(), Instant::now());
        let QueryRun { answer, tables, named, snapshot: decided_by } = run_query(
            &self.store,
            &self.orchestrator,
            &self.engine,
            owner,
            query.sql.clone(),
            MAX_STREAMED_ROWS,
            wanted,
        )
        .await;
        let written = match answer {
            Ok(answer) => result_file::write(answer, &file, room).await,
            Err(error) => Err(error.into()),
        };
        let rows = written.as_ref().ok().map(|end| end.rows as u64);
        self.log(query, email, tables, rows, begun);
        let rows = i64::try_from(written?.rows).unwrap_or(i64::MAX);
        let path = file.path().to_owned();
        let hashed = tokio::task::spawn_blocking(move || md5_file(&path)).await;
        let version = hashed.map_err(|_| Failure::text("reading the result ended unexpectedly"))??;
        let ancestors = ancestors(&decided_by, &named)?;
        let _alone = self.publishing.lock().await;
        if is_behind(&self.store.snapshot(), &table.id, &ancestors) {
            let name = &table.name;
            return Err(Failure::text(format!("the query reads its own table {name}, directly or through others")));
        }
        self.announce(query, &version, ancestors).await?;
        self.runner.publish_saved(&table, file, rows, &version).await?;
        Ok(rows)
    }

    fn table(&self, snapshot: &Snapshot, query: &SavedQuery) -> Result<Arc<Table>, Failure> {
        let table = query.table_id.as_ref().and_then(|id| snapshot.registry.get(id));
        table.cloned().ok_or_else(|| Failure::text("the query has no table any more"))
    }

    /// How many bytes the table may have, and how many it has.
    fn room(&self, snapshot: &Snapshot, query: &SavedQuery, table: &Table) -> (u64, u64) {
        let publication = self.orchestrator.publication();
        let size = |name: &str| publication.get(name).map_or(0, |table| table.size_bytes());
        let tables = snapshot.saved_queries.of_owner(&query.owner_id).filter_map(|other| other.table_id.as_ref());
        let others = tables.filter(|id| **id != table.id).filter_map(|id| snapshot.registry.get(id));
        let used: u64 = others.map(|other| size(&other.name)).sum();
        (self.quotas.bytes.saturating_sub(used), size(&table.name))
    }

    /// Stores what the new version was made of before anybody can see it, unless the query was changed meanwhile.
    async fn announce(&self, query: &SavedQuery, version: &str, ancestors: Vec<Ancestor>) -> Result<(), Failure> {
        let (query, version) = (query.clone(), version.to_owned());
        let announced = self.store.write_results(move |change| {
            let current = saved_queries::get(change, &query.id)?;
            if !current.is_some_and(|it| it.updated_at == query.updated_at && it.table_id == query.table_id) {
                return Ok(false);
            }
            lineage::put(change, &query.id, &version, &ancestors)?;
            Ok::<_, StoreError>(true)
        });
        match announced.await? {
            true => Ok(()),
            false => Err(Failure::text("the query was changed while it ran")),
        }
    }

    /// Rows that the owner's rights gave.
    fn log(&self, query: &SavedQuery, email: String, tables: Vec<String>, rows: Option<u64>, begun: Instant) {
        self.access_log.record(DataAccess {
            at: time::iso_offset(time::now()),
            request_id: None,
            user_id: query.owner_id.clone(),
            user_email: email,
            by: "saved query".into(),
            token_id: None,
            ip: None,
            action: "refresh".into(),
            tables,
            rows,
            bytes: 0,
            status: if rows.is_some() { 200 } else { 400 },
            duration_ms: begun.elapsed().as_micros() as f64 / 1000.0,
            complete: rows.is_some(),
            query_sha256: Some(sha256_hex(&query.sql)),
        });
    }
}

/// Returns whether a table is among these, or behind one of them.
fn is_behind(snapshot: &Snapshot, table_id: &str, ancestors: &[Ancestor]) -> bool {
    let is_it = |ancestor: &Ancestor| ancestor.id == table_id;
    let newest = |ancestor: &Ancestor| {
        snapshot.saved_queries.of_table(&ancestor.id).and_then(|query| snapshot.versions.newest(&query.id))
    };
    ancestors.iter().any(|it| is_it(it) || newest(it).is_some_and(|behind| behind.iter().any(is_it)))
}
