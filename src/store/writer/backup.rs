//! Rolling copies of the state database, in case the original is lost.

use std::path::{Path, PathBuf};

use super::rollback;
use crate::base::atomic_file::{self, Pending};
use crate::base::{ident, time};
use crate::engine::{self, Connection};

/// How many copies are kept.
const RETAINED_COPIES: usize = 3;

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("{}", engine::message(.0))]
    Engine(#[from] engine::Error),
}

/// Copies the database of `connection` into `directory` and returns the copy's path; the oldest copies are removed.
///
/// A logical copy in one transaction, which reads every row and so verifies the database; changes go on meanwhile. Made
/// by SQL, since opening the file a second time in this process would drop its lock.
pub(super) fn copy(connection: &Connection, directory: &Path) -> Result<PathBuf, BackupError> {
    let stamp = time::civil(time::now()).strftime("%Y%m%dT%H%M%S%6f");
    let target = directory.join(format!("system-{stamp}.duckdb"));
    let pending = Pending::beside(&target)?;
    let source: String = connection.query_row("SELECT current_database()", [], |row| row.get(0))?;
    // An earlier copy that was interrupted may still be attached.
    connection.execute_batch("DETACH DATABASE IF EXISTS copy")?;
    connection.execute_batch(&format!("ATTACH {} AS copy", ident::quote_path(pending.path())))?;
    let source = ident::quote_ident(&source);
    let copied = connection
        .execute_batch(&format!("BEGIN; COPY FROM DATABASE {source} TO copy; COMMIT; CHECKPOINT copy"))
        .inspect_err(|_| _ = rollback(connection));
    connection.execute_batch("DETACH copy")?;
    copied?;
    pending.commit()?;
    let mut copies: Vec<PathBuf> = std::fs::read_dir(directory)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "duckdb"))
        .collect();
    copies.sort();
    for old in copies.iter().rev().skip(RETAINED_COPIES) {
        atomic_file::remove(old)?;
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Limits;

    #[test]
    fn copies_hold_everything_and_only_the_newest_stay() {
        let dir = tempfile::tempdir().unwrap();
        let connection = engine::open(&dir.path().join("system.duckdb"), &Limits::small()).unwrap();
        connection.execute_batch("CREATE TABLE notes (id INTEGER); INSERT INTO notes VALUES (0)").unwrap();
        let copies = dir.path().join("copies");
        let mut last = PathBuf::new();
        for id in 1..=4 {
            connection.execute_batch(&format!("INSERT INTO notes VALUES ({id})")).unwrap();
            last = copy(&connection, &copies).unwrap();
        }
        assert_eq!(std::fs::read_dir(&copies).unwrap().count(), RETAINED_COPIES);
        let rows: i64 = engine::open_read_only(&last, &Limits::small())
            .unwrap()
            .query_row("SELECT count(*) FROM notes", [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, 5);
        connection.execute_batch("INSERT INTO notes VALUES (9)").unwrap();
    }
}
