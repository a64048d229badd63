//! Tables of PostgreSQL: whether the engine read them right.
//!
//! The engine's extension remembers the column types of the first look, and reads a few values as others: NaN and infinity
//! of `numeric` as 0, `numeric` without precision as a rounded double, times past the year 294247 as BC. So each run is
//! checked in its own transaction at the source: the columns are still those that were known, and the rows that were read
//! hold no such value. Otherwise the run is repeated with these columns read as text and converted exactly.

mod catalog;
mod exact;
mod guard;
mod reads;
mod values;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use self::catalog::Catalog;
pub use self::exact::Exact;
use self::guard::Verdict;
use self::reads::Read;
use crate::base::ident::quote_literal;
use crate::engine::{self, Connection};

/// Statements that an instance may have logged before it is replaced: the log is never emptied.
const MAX_LOGGED: usize = 5_000;

/// One attached database.
#[derive(Debug)]
pub(super) struct Source {
    /// What the views call it.
    alias: String,
    /// What the engine calls it.
    database: String,
    catalog: Catalog,
}

/// The databases of PostgreSQL that a connection has attached, with the columns that they had then.
#[derive(Debug, Default)]
pub struct Attached {
    sources: Vec<Source>,
    /// The snapshot at the source in which a check, by its SQL, found nothing.
    clean: Mutex<HashMap<String, String>>,
}

/// The result of a run.
#[derive(Debug)]
pub enum Checked<T> {
    /// Every value is as at the source.
    Right(T),
    /// The columns at the source are others than when it was attached; attach it again.
    Changed,
    /// To be run again with these tables read exactly.
    Again(Vec<Exact>),
    /// Some values cannot be held; says which.
    Refused(String),
}

impl Attached {
    /// Looks at the columns before the extension does, so that a change in between is noticed.
    pub(super) fn look(connection: &Connection, databases: Vec<(String, String)>) -> engine::Result<Self> {
        if databases.is_empty() {
            return Ok(Self::default());
        }
        connection.execute_batch("CALL enable_logging('PostgresQueryLog', level = 'trace')")?;
        let look = |(alias, database): (String, String)| {
            let catalog = Catalog::read(connection, &database, None)?.catalog;
            Ok(Source { alias, database, catalog })
        };
        let sources = databases.into_iter().map(look).collect::<engine::Result<_>>()?;
        Ok(Self { sources, clean: Mutex::default() })
    }

    /// Runs `work` on a connection of its own, and checks what it read.
    pub fn run<T, E: From<engine::Error>>(
        &self,
        connection: &Connection,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<Checked<T>, E> {
        if self.sources.is_empty() {
            return work(connection).map(Checked::Right);
        }
        connection.execute_batch("BEGIN")?;
        let result = work(connection);
        if result.is_err() {
            let _ = connection.execute_batch("ROLLBACK; BEGIN");
        }
        let verdict = self.check(connection, result.is_err());
        let _ = connection.execute_batch("ROLLBACK");
        match (result, verdict) {
            (Ok(result), Ok(Verdict::Right)) => Ok(Checked::Right(result)),
            (Err(error), Ok(Verdict::Right) | Err(_)) => Err(error),
            (Ok(_), Err(error)) => Err(error.into()),
            (_, Ok(Verdict::Changed)) => Ok(Checked::Changed),
            (_, Ok(Verdict::Again(exact))) => Ok(Checked::Again(exact)),
            (_, Ok(Verdict::Refused(reason))) => Ok(Checked::Refused(reason)),
        }
    }

    /// Whether so much was logged that a new instance should be made.
    pub fn is_worn(&self, connection: &Connection) -> bool {
        !self.sources.is_empty() && reads::logged(connection).is_ok_and(|logged| logged > MAX_LOGGED)
    }

    fn check(&self, connection: &Connection, failed: bool) -> engine::Result<Verdict> {
        let reads = reads::of(connection)?;
        let mut verdict = Verdict::Right;
        for source in &self.sources {
            let reads: Vec<&Read> = reads.iter().filter(|read| source.catalog.has(read)).collect();
            let known = if failed { None } else { Some(reads.as_slice()) };
            if known.is_some_and(<[_]>::is_empty) {
                continue;
            }
            let now = Catalog::read(connection, &source.database, known)?;
            if !source.catalog.agrees(&now.catalog, failed) {
                return Ok(Verdict::Changed);
            }
            for read in reads {
                verdict = verdict.and(self.check_read(connection, source, read, failed, &now.snapshot)?);
            }
        }
        let is_known = |read: &Read| self.sources.iter().any(|source| source.catalog.has(read));
        let unknown = reads.iter().any(|read| !read.is_of_the_system() && !is_known(read));
        Ok(match verdict {
            _ if unknown => Verdict::Changed,
            Verdict::Again(exact) => Verdict::Again(exact.into_iter().map(|exact| exact.of_all_rows(&reads)).collect()),
            verdict => verdict,
        })
    }

    fn check_read(
        &self,
        connection: &Connection,
        source: &Source,
        read: &Read,
        failed: bool,
        snapshot: &str,
    ) -> engine::Result<Verdict> {
        let Some(table) = source.catalog.table(read) else { return Ok(Verdict::Changed) };
        let Some(guard) = guard::Guard::of(table, read, failed) else { return Ok(Verdict::Right) };
        let key = format!("{}: {}", source.database, guard.sql());
        let clean = || self.clean.lock().unwrap_or_else(PoisonError::into_inner);
        if table.is_stored && clean().get(&key).is_some_and(|known| known == snapshot) {
            return Ok(Verdict::Right);
        }
        let verdict = guard.ask(connection, source)?;
        if matches!(verdict, Verdict::Right) {
            clean().insert(key, snapshot.to_owned());
        }
        Ok(verdict)
    }
}

/// A table function of the engine that runs SQL at the source.
fn at_source(database: &str, sql: &str) -> String {
    format!("postgres_query({}, {})", quote_literal(database), quote_literal(sql))
}
