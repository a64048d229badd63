//! Isolated engine instances: one for each set of tables, with views over them, that can open nothing else.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use lru::LruCache;

use super::namespace::{self, SERVER};
use super::{QueryError, QuerySettings};
use crate::access::ReadableTable;
use crate::base::ident::quote_ident;
use crate::base::locked;
use crate::engine::{self, Connection, Icu, Limits, Sandbox};
use crate::extract::{
    self, Attached, Checked, Content, Exact, PublishedFile, PublishedTable, RemoteAttach, RemotePolicy, RemoteTable,
};

/// What an instance is made of: the generation, and name, source and files of every table, in order. Compared in full,
/// so that callers share an instance only if they may read the same tables.
#[derive(Clone, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    generation: u64,
    /// Whether it includes remote tables.
    with_remote: bool,
    tables: Arc<[Shown]>,
}

/// What distinguishes tables.
#[derive(Clone, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
struct Shown {
    name: String,
    source: String,
    files: Vec<PublishedFile>,
    remote: Option<RemoteTable>,
}

impl Key {
    fn new(generation: u64, readable: &[ReadableTable], with_remote: bool) -> Self {
        let mut tables: Vec<_> = readable
            .iter()
            .map(ReadableTable::table)
            .filter(|table| with_remote || remote(table).is_none())
            .map(|table| Shown {
                name: table.name.clone(),
                source: table.source.clone(),
                files: table.files().cloned().collect(),
                remote: remote(table).cloned(),
            })
            .collect();
        tables.sort();
        tables.dedup();
        Self { generation, with_remote, tables: tables.into() }
    }
}

/// How a table is reached that stays at its source.
pub fn remote(table: &PublishedTable) -> Option<&RemoteTable> {
    match &table.content {
        Content::Remote(remote) => Some(remote),
        Content::File(_) | Content::Parts(_) => None,
    }
}

pub struct Instance {
    key: Key,
    root: Mutex<Connection>,
    attached: Attached,
    /// Remote tables that the source has no longer, and the reason, by lower-cased name.
    missing: HashMap<String, String>,
}

impl Instance {
    /// Attaches the sources of remote tables before any SQL of a caller runs, and then locks the instance.
    fn open(
        key: Key,
        readable: &[ReadableTable],
        limits: &Limits,
        icu: &Icu,
        policy: &RemotePolicy,
        exact: &[Exact],
    ) -> Result<Self, QueryError> {
        let connection = engine::in_memory(limits).map_err(internal)?;
        let mut attached = Attached::default();
        if key.with_remote {
            let remote = || readable.iter().filter_map(|table| remote(table.table()));
            let sources: BTreeSet<&RemoteAttach> = remote().flat_map(|table| &table.attach).collect();
            let sources: Vec<RemoteAttach> = sources.into_iter().cloned().collect();
            let used: Vec<_> = remote().map(|table| table.select.as_str()).collect();
            attached = policy
                .attach_checked(&connection, &sources, exact, &used.join("; "))
                .map_err(|error| QueryError::Remote(error.to_string()))?;
        }
        Self::fill(key, connection, attached, readable, icu).map_err(internal)
    }

    fn fill(
        key: Key,
        connection: Connection,
        attached: Attached,
        readable: &[ReadableTable],
        icu: &Icu,
    ) -> engine::Result<Self> {
        if icu.load(&connection) {
            connection.execute_batch("SET GLOBAL TimeZone = 'UTC'")?;
        }
        connection.execute_batch(&format!("ATTACH ':memory:' AS {SERVER}"))?;
        let (mut sources, mut missing) = (HashSet::new(), HashMap::new());
        let tables = readable.iter().map(ReadableTable::table);
        for table in tables.filter(|table| key.with_remote || remote(table).is_none()) {
            let view = quote_ident(&table.name);
            let mut databases = vec!["memory".to_owned(), SERVER.to_owned()];
            if namespace::is_source_alias(&table.source) {
                let source = quote_ident(&table.source);
                if sources.insert(table.source.to_ascii_lowercase()) {
                    connection.execute_batch(&format!("ATTACH ':memory:' AS {source}"))?;
                }
                databases.push(source);
            }
            for database in databases {
                let rows = match remote(table) {
                    Some(remote) => remote.select.clone(),
                    None => {
                        let files = table.files().map(|file| file.path.as_path());
                        format!("SELECT * FROM {}", extract::parquet::read_files(files))
                    }
                };
                let made =
                    connection.execute_batch(&format!("CREATE OR REPLACE VIEW {database}.main.{view} AS {rows}"));
                if let Err(error) = made {
                    // A broken file must not affect other tables; a query for it fails with "does not exist".
                    let error = extract::source_message(&engine::message(&error), "its owner has to change its view");
                    tracing::error!(table = table.name, error, "table cannot be queried");
                    if remote(table).is_some() {
                        missing.insert(table.name.to_lowercase(), error);
                    }
                    break;
                }
            }
        }
        let files = readable.iter().flat_map(|table| table.table().files()).map(|file| file.path.as_path());
        Sandbox::default().files(files).lock(&connection)?;
        Ok(Self { key, root: Mutex::new(connection), attached, missing })
    }

    /// Returns whether it includes tables that stay at their source.
    pub fn is_remote(&self) -> bool {
        self.key.with_remote
    }

    /// Runs `work` on a connection of its own, and checks what it read of sources.
    pub fn run<T>(
        &self,
        connection: &Connection,
        work: impl FnOnce(&Connection) -> Result<T, QueryError>,
    ) -> Result<Checked<T>, QueryError> {
        self.attached.run(connection, work)
    }

    /// The error of a query, which may name a table that its source has no longer.
    pub fn explain(&self, error: QueryError) -> QueryError {
        let QueryError::Sql(text) = &error else { return error };
        let name = text.split_once("Table with name ").and_then(|(_, rest)| rest.split_once(" does not exist"));
        match name.and_then(|(name, _)| Some((name, self.missing.get(&name.to_lowercase())?))) {
            Some((name, reason)) => QueryError::Remote(format!("table {name} cannot be read: {reason}")),
            None => error,
        }
    }

    /// Whether it should be replaced.
    pub fn is_worn(&self, connection: &Connection) -> bool {
        self.attached.is_worn(connection)
    }

    /// A new connection, so that queries on one instance run concurrently.
    pub fn connect(&self) -> Result<Connection, QueryError> {
        Ok(locked(&self.root).try_clone()?)
    }
}

/// A cache of instances. The least recently used is evicted first, and those of older generations immediately.
pub struct Instances {
    limits: Limits,
    icu: Icu,
    policy: RemotePolicy,
    cached: Mutex<LruCache<Key, Slot>>,
}

/// Filled under its own lock, so that only callers of this instance wait.
type Slot = Arc<Mutex<Option<Arc<Instance>>>>;

impl Instances {
    pub fn new(settings: &QuerySettings) -> Result<Self, QueryError> {
        let limits = Limits {
            memory: settings.memory.clone(),
            threads: settings.threads,
            spill: Some(settings.spill.clone()),
            extensions: settings.extensions.clone(),
        };
        let capacity = NonZeroUsize::new(settings.cached_instances).unwrap_or(NonZeroUsize::MIN);
        let icu = Icu::find(&limits)?;
        let policy = settings.remote.clone();
        Ok(Self { limits, icu, policy, cached: Mutex::new(LruCache::new(capacity)) })
    }

    /// An instance with these tables, including remote ones only if a statement may need them.
    pub fn get(
        &self,
        generation: u64,
        readable: &[ReadableTable],
        with_remote: bool,
    ) -> Result<Arc<Instance>, QueryError> {
        let key = Key::new(generation, readable, with_remote);
        let slot = self.slot(&key);
        let mut slot = locked(&slot);
        if let Some(instance) = slot.as_ref() {
            return Ok(instance.clone());
        }
        let instance = Arc::new(self.open(key, readable, &[])?);
        *slot = Some(instance.clone());
        Ok(instance)
    }

    /// An instance for one query, with some columns of sources read exactly.
    pub fn exact(&self, generation: u64, readable: &[ReadableTable], exact: &[Exact]) -> Result<Instance, QueryError> {
        self.open(Key::new(generation, readable, true), readable, exact)
    }

    fn open(&self, key: Key, readable: &[ReadableTable], exact: &[Exact]) -> Result<Instance, QueryError> {
        let limits = Limits { spill: self.limits.spill.as_deref().map(unique), ..self.limits.clone() };
        Instance::open(key, readable, &limits, &self.icu, &self.policy, exact)
    }

    fn slot(&self, key: &Key) -> Slot {
        let mut cached = locked(&self.cached);
        let old: Vec<_> =
            cached.iter().map(|(key, _)| key).filter(|old| old.generation < key.generation).cloned().collect();
        for old in old {
            cached.pop(&old);
        }
        cached.get_or_insert(key.clone(), Slot::default).clone()
    }

    /// Removes an instance that must not be used again.
    pub fn discard(&self, instance: &Instance) {
        locked(&self.cached).pop(&instance.key);
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.cached.lock().unwrap().len()
    }
}

/// Two instances must not spill into the same files.
fn unique(spill: &Path) -> PathBuf {
    spill.join(format!("query-{}", uuid::Uuid::new_v4().simple()))
}

/// A failure to set up an instance is never the caller's fault.
fn internal(error: engine::Error) -> QueryError {
    QueryError::Internal(format!("cannot set up a query instance: {}", engine::message(&error)))
}
