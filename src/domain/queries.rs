//! Running a caller's SQL.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use crate::access::{Principal, holds, readable_by_name, readable_tables};
use crate::base::locked;
use crate::extract::Publication;
use crate::query::{Lookup, Query, QueryAnswer, QueryEngine, QueryError, Tables, Wanted, most_similar};
use crate::store::{Snapshot, Store};
use crate::sync::Orchestrator;

/// What became of a query.
#[derive(Debug)]
pub struct QueryRun {
    /// The readable tables that the statement names.
    pub tables: Vec<String>,
    pub answer: Result<QueryAnswer, QueryError>,
}

/// What a caller may read now. The files of a publication stay until nobody has it any more.
struct Readable {
    snapshot: Arc<Snapshot>,
    publication: Arc<Publication>,
    caller: Principal,
    /// The tables that were found.
    named: Mutex<BTreeSet<String>>,
}

impl Tables for Readable {
    fn find(&self, name: &str) -> Lookup {
        match readable_by_name(&self.snapshot, &self.publication, &self.caller, name) {
            Some(table) => {
                locked(&self.named).insert(table.table().name.clone());
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
    let (snapshot, publication) = (store.snapshot(), orchestrator.publication());
    let (person, generation) = (caller.user().id.as_str().into(), publication.generation);
    let tables = Arc::new(Readable { snapshot, publication, caller, named: Mutex::default() });
    let extent = wanted.extent(limit);
    let answer =
        engine.run(Query { person, generation, tables: tables.clone(), sql, wanted, extent, timeout: None }).await;
    let named = std::mem::take(&mut *locked(&tables.named));
    QueryRun { tables: named.into_iter().collect(), answer }
}
