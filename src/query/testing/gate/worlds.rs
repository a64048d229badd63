//! The same caller in two worlds, which differ only in tables that this caller may not read; and an engine that has all.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lru::LruCache;

use super::super::{SECRET, answer, published};
use super::grammar::{GRANTED, PUBLISHED};
use crate::access::ReadableTable;
use crate::base::ident::quote_ident;
use crate::config::{DataDir, Environment};
use crate::engine::{self, Connection, Limits, Sandbox};
use crate::extract::{self, RemotePolicy, SharedPolicy};
use crate::query::namespace::{self, Lookup, Named, Tables};
use crate::query::policy::Outline;
use crate::query::prepare::prepare;
use crate::query::worker::Instance;
use crate::query::{MAX_RESPONSE_BYTES, QueryError, QuerySettings};

/// Rows of an answer.
const ROWS: usize = 100;
/// How long a statement may run.
const PATIENCE: Duration = Duration::from_millis(500);
const INSTANCES: NonZeroUsize = NonZeroUsize::new(64).unwrap();
/// Begins the message of the error that an ungranted table is in [`Everything`].
pub const TRAP: &str = "trap of ";

/// The files of one world.
pub struct World {
    directory: tempfile::TempDir,
    readable: Vec<ReadableTable>,
    settings: QuerySettings,
}

impl World {
    /// `has_others`: with the tables that the caller may not read.
    pub fn new(has_others: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let readable = GRANTED.map(|(name, source)| {
            let rows = format!(
                "SELECT i::INT AS id, '{name} ' || i AS name, 1.5 * i AS amount, {{'id': i::INT, 'name': '{name}'}} AS s,
                        [i::INT] AS l FROM range(1, 5) t(i)"
            );
            ReadableTable::for_test(published(directory.path(), name, source, &rows))
        });
        if has_others {
            for (name, source) in PUBLISHED {
                let rows = format!("SELECT 7 AS id, '{SECRET}' AS name");
                published(directory.path(), name, source, &rows);
            }
        }
        let remote = SharedPolicy::new(RemotePolicy::new(&Environment::default(), &[]));
        let settings = QuerySettings::load(&Environment::default(), &DataDir::new(directory.path()).unwrap(), remote);
        // With one, rows come in the same order again.
        let settings = QuerySettings { threads: 1, ..settings.unwrap() };
        Self { directory, readable: readable.to_vec(), settings }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

impl Tables for World {
    fn find(&self, name: &str) -> Lookup {
        let name = name.to_lowercase();
        match self.readable.iter().find(|table| table.table().name.to_lowercase() == name) {
            Some(table) => Lookup::Readable(table.clone()),
            None => Lookup::Denied,
        }
    }

    fn names(&self) -> Vec<String> {
        self.readable.iter().map(|table| table.table().name.clone()).collect()
    }

    fn similar(&self, name: &str) -> Option<String> {
        namespace::most_similar(self.readable.iter().map(|table| table.table().name.as_str()), name)
    }
}

/// What is shown of a statement that took too long.
pub const STOPPED: &str = "stopped";

/// What became of an accepted statement.
#[derive(Debug)]
pub enum Outcome {
    /// The body of the answer, and its rows.
    Rows(String, usize),
    Failed(QueryError),
    Stopped,
}

impl Outcome {
    /// What the caller sees.
    pub fn shown(&self) -> String {
        match self {
            Self::Rows(body, _) => body.clone(),
            Self::Failed(error) => format!("{error:?}: {error}"),
            Self::Stopped => STOPPED.into(),
        }
    }
}

fn run(connection: &Connection, sql: &str) -> Outcome {
    let started = Instant::now();
    let answer = engine::within(connection, PATIENCE, |connection| answer(connection, sql, ROWS, MAX_RESPONSE_BYTES));
    match answer {
        Ok((body, rows)) => Outcome::Rows(body, rows),
        Err(_) if started.elapsed() >= PATIENCE => Outcome::Stopped,
        Err(error) => Outcome::Failed(error),
    }
}

/// The workers of one world, in this process.
pub struct Workers<'a> {
    world: &'a World,
    ready: LruCache<String, Instance>,
}

impl<'a> Workers<'a> {
    pub fn new(world: &'a World) -> Self {
        Self { world, ready: LruCache::new(INSTANCES) }
    }

    /// Runs a statement as a worker does that has these tables.
    pub fn run(&mut self, sql: &str, named: &[Named]) -> Outcome {
        let key: Vec<_> = named.iter().map(|named| (&named.table.table().name, &named.databases)).collect();
        let key = format!("{key:?}");
        let instance = self.ready.get_or_insert(key.clone(), || {
            let limits = Limits { memory: "256MB".into(), ..Limits::small() };
            let connection = Instance::open(&limits, 1_000_000).unwrap();
            Instance::fill(connection, &prepare(named, 1, &self.world.settings), &[]).unwrap()
        });
        let outcome = run(&instance.connection, sql);
        if matches!(outcome, Outcome::Failed(QueryError::Broken)) {
            self.ready.pop(&key);
        }
        outcome
    }
}

/// An engine with all tables under all their names. Those that the caller may not read are traps: a statement that names
/// one cannot be bound.
pub struct Everything<'a> {
    world: &'a World,
    connection: Connection,
}

impl<'a> Everything<'a> {
    pub fn new(world: &'a World) -> Self {
        Self { world, connection: Self::open(world).unwrap() }
    }

    fn open(world: &World) -> engine::Result<Connection> {
        let connection = Instance::open(&Limits::small(), 1_000_000)?;
        let tables = GRANTED.iter().chain(&PUBLISHED);
        let sources: BTreeSet<&str> = tables.clone().map(|(_, source)| *source).chain(["server"]).collect();
        for source in sources {
            connection.execute_batch(&format!("ATTACH ':memory:' AS {}", quote_ident(source)))?;
        }
        for (name, source) in tables {
            let granted = world.readable.iter().find(|table| table.table().name == *name);
            let gone = quote_ident(&format!("{TRAP}{source}.{name}"));
            if granted.is_none() {
                connection.execute_batch(&format!("CREATE TABLE memory.main.{gone} (id INT, name TEXT)"))?;
            }
            let rows = match granted {
                Some(table) => {
                    let files = table.table().files().map(|file| file.path.as_path());
                    format!("FROM {}", extract::parquet::read_files(files))
                }
                None => format!("FROM memory.main.{gone}"),
            };
            for database in ["memory", "server", source] {
                let view = format!("{}.main.{}", quote_ident(database), quote_ident(name));
                connection.execute_batch(&format!("CREATE VIEW {view} AS {rows}"))?;
            }
            if granted.is_none() {
                connection.execute_batch(&format!("DROP TABLE memory.main.{gone}"))?;
            }
        }
        let files: Vec<PathBuf> =
            world.readable.iter().flat_map(|table| table.table().files()).map(|file| file.path.clone()).collect();
        Sandbox::default().files(files.iter().map(PathBuf::as_path)).lock(&connection)?;
        Ok(connection)
    }

    pub fn run(&mut self, sql: &str) -> Outcome {
        let outcome = run(&self.connection, sql);
        self.renewed_after(outcome)
    }

    /// Binds a statement without planning it; no rows are of interest.
    pub fn bind(&mut self, sql: &str) -> Outcome {
        let bound = self.connection.prepare(&format!("DESCRIBE (\n{sql}\n)")).map(|_| ());
        let outcome = match bound {
            Ok(()) => Outcome::Rows(String::new(), 0),
            Err(error) => Outcome::Failed(error.into()),
        };
        self.renewed_after(outcome)
    }

    fn renewed_after(&mut self, outcome: Outcome) -> Outcome {
        if matches!(outcome, Outcome::Failed(QueryError::Broken)) {
            *self = Self::new(self.world);
        }
        outcome
    }
}

/// Parses as a worker does.
pub fn parse(parser: &Connection, sql: &str) -> Result<Outline, QueryError> {
    let tree = engine::parse::syntax_tree(parser, sql)?;
    crate::query::policy::outline(sql, &tree, engine::parse::MAX_LEVELS)
}
