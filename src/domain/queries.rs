//! Running a caller's SQL.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::access::{Admin, Principal, ReadableTable, holds, readable_by_name, readable_tables};
use crate::base::locked;
use crate::domain::{Error, Result, write_as};
use crate::extract::Publication;
use crate::query::{Gate, Lookup, Query, QueryAnswer, QueryEngine, QueryError, Tables, Wanted, most_similar};
use crate::store::audit::{self, Action};
use crate::store::{Snapshot, Store};
use crate::sync::Orchestrator;

/// What became of a query.
#[derive(Debug)]
pub struct QueryRun {
    /// The readable tables that the statement names.
    pub tables: Vec<String>,
    pub answer: Result<QueryAnswer, QueryError>,
    /// The same tables, as of the snapshot that decided about them.
    pub named: Vec<ReadableTable>,
    pub snapshot: Arc<Snapshot>,
}

/// What a caller may read now. The files of a publication stay until nobody has it any more.
struct Readable {
    snapshot: Arc<Snapshot>,
    publication: Arc<Publication>,
    caller: Principal,
    /// The tables that were found, by name.
    named: Mutex<BTreeMap<String, ReadableTable>>,
}

impl Readable {
    fn new(store: &Store, orchestrator: &Orchestrator, caller: Principal) -> Arc<Self> {
        let (snapshot, publication) = (store.snapshot(), orchestrator.publication());
        Arc::new(Self { snapshot, publication, caller, named: Mutex::default() })
    }
}

impl Tables for Readable {
    fn find(&self, name: &str) -> Lookup {
        match readable_by_name(&self.snapshot, &self.publication, &self.caller, name) {
            Some(table) => {
                locked(&self.named).insert(table.table().name.clone(), table.clone());
                Lookup::Readable(table)
            }
            None if self.publication.get(name).is_none() && holds(&self.snapshot, &self.caller, name) => {
                Lookup::Missing
            }
            None => Lookup::Denied,
        }
    }

    fn names(&self) -> Vec<String> {
        let tables = readable_tables(&self.snapshot, &self.publication, &self.caller);
        tables.iter().map(|table| table.table().name.clone()).collect()
    }

    fn similar(&self, name: &str) -> Option<String> {
        let tables = readable_tables(&self.snapshot, &self.publication, &self.caller);
        most_similar(tables.iter().map(|table| table.table().name.as_str()), name)
    }
}

/// Runs one SELECT over the tables that the caller may read, as of one publication, and returns at most `limit` rows.
pub async fn run_query(
    store: &Store,
    orchestrator: &Orchestrator,
    engine: &QueryEngine,
    caller: Principal,
    sql: String,
    limit: usize,
    wanted: Wanted,
) -> QueryRun {
    let tables = Readable::new(store, orchestrator, caller);
    let answer = engine.run(query(&tables, sql, limit, wanted)).await;
    let (names, named) = std::mem::take(&mut *locked(&tables.named)).into_iter().unzip();
    QueryRun { tables: names, answer, named, snapshot: Arc::clone(&tables.snapshot) }
}

/// Checks a statement as [`run_query`] does before it runs it.
pub async fn check_query(
    store: &Store,
    orchestrator: &Orchestrator,
    engine: &QueryEngine,
    caller: Principal,
    sql: &str,
) -> Result<Gate, QueryError> {
    let tables = Readable::new(store, orchestrator, caller);
    engine.check_statement(&query(&tables, sql.to_owned(), 0, Wanted::Json)).await
}

fn query(tables: &Arc<Readable>, sql: String, limit: usize, wanted: Wanted) -> Query {
    Query {
        person: tables.caller.user().id.as_str().into(),
        generation: tables.publication.generation,
        tables: tables.clone(),
        sql,
        wanted,
        extent: wanted.extent(limit),
        timeout: None,
    }
}

/// Stops a query of anybody. It may have ended in the meantime.
pub async fn stop_query(store: &Store, engine: &QueryEngine, admin: &Admin, id: u64) -> Result<()> {
    let query = engine.running().into_iter().find(|query| query.id == id);
    let query = query.ok_or_else(|| Error::not_found("The query has ended already"))?;
    let (actor, details) = (admin.actor(), json!({ "user_id": *query.person, "statement": query.statement }));
    let resource = format!("query:{id}");
    let recorded = write_as(store, admin.clone(), move |change| {
        Ok(audit::record(change, &actor, Action::QueryStop, &resource, details)?)
    });
    recorded.await?;
    engine.stop(id);
    Ok(())
}
