//! A change as it runs, within its transaction.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Deref;

use jiff::Timestamp;

use super::audit::Head;
use super::schema::TABLES;
use super::{Reader, Result, StoreError};
use crate::base::time;
use crate::engine::{Connection, Params};

/// Writes within a transaction, and reads what it has written.
pub struct Change<'a> {
    connection: &'a Connection,
    reader: Reader<'a>,
    /// One time for all rows of this change.
    pub(super) now: Timestamp,
    /// The end of the audit log, rows of this change included.
    pub(super) audit_head: RefCell<Head>,
    /// Tables that it wrote to.
    written: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Deref for Change<'a> {
    type Target = Reader<'a>;

    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}

impl<'a> Change<'a> {
    pub(super) fn new(connection: &'a Connection, audit_head: Head) -> Self {
        Self {
            connection,
            reader: Reader::new(connection),
            now: time::now(),
            audit_head: audit_head.into(),
            written: RefCell::default(),
        }
    }

    /// Runs `INSERT INTO table (columns) …`, `UPDATE table …` or `DELETE FROM table …`, and returns the number of rows.
    ///
    /// The part of the snapshot that is made from the table is renewed after the commit, also when no row was concerned:
    /// how long a change takes must not reveal whether there was one.
    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        let table = written_table(sql).ok_or_else(|| StoreError::Broken(format!("unknown kind of change: {sql}")))?;
        self.written.borrow_mut().insert(table);
        Ok(self.connection.execute(sql, params)?)
    }

    /// As [`Change::execute`], where the number of rows does not matter.
    pub(super) fn run(&self, sql: &str, params: impl Params) -> Result<()> {
        self.execute(sql, params).map(drop)
    }

    /// The end of the audit log, and the tables that were written to.
    pub(super) fn finish(self) -> (Head, BTreeSet<&'static str>) {
        (self.audit_head.into_inner(), self.written.into_inner())
    }
}

/// The table that a statement writes to. `None` for any other statement, and for an `INSERT` that does not name columns.
fn written_table(sql: &str) -> Option<&'static str> {
    let mut words = sql.split_whitespace();
    let table = match (words.next()?, words.next()?) {
        ("UPDATE", table) => table,
        ("DELETE", "FROM") => words.next()?,
        ("INSERT", "INTO") => words.next().filter(|_| words.next().is_some_and(|word| word.starts_with('(')))?,
        _ => return None,
    };
    TABLES.iter().map(|(name, _)| *name).find(|name| *name == table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_table_of_every_kind_of_change() {
        for sql in
            ["UPDATE users SET name = ?", "DELETE FROM users\n WHERE id = ?", "INSERT INTO users (id) VALUES (?)"]
        {
            assert_eq!(written_table(sql), Some("users"), "{sql}");
        }
        for sql in [
            "INSERT INTO users VALUES (?)",
            "UPDATE secrets SET a = 1",
            "DROP TABLE users",
            "WITH a AS (SELECT 1) DELETE FROM users",
            "",
        ] {
            assert_eq!(written_table(sql), None, "{sql}");
        }
    }
}
