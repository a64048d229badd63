//! From extracts to one published generation: what is offered, refused, kept and forgotten.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails ends its test")]

mod broken;
mod command;
mod foreign;
mod parts;
#[path = "../support/program.rs"]
mod program;
mod sources;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use agnes::base::{atomic_file, hash, ident};
use agnes::config::DataDir;
use agnes::engine::{self, Limits};
use agnes::extract::{self, Publication, PublishedTable, TableMeta, data_file};
use agnes::sync::{Orchestrator, Rebuilt, Standing};

/// A `DATA_DIR` whose extracts a test writes.
struct House {
    data_dir: DataDir,
    _dir: Option<tempfile::TempDir>,
}

impl House {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { data_dir: DataDir::new(dir.path().join("data")).unwrap(), _dir: Some(dir) }
    }

    fn at(path: &Path) -> Self {
        Self { data_dir: DataDir::new(path).unwrap(), _dir: None }
    }

    fn open(&self) -> Orchestrator {
        Orchestrator::open(self.data_dir.clone(), Limits::small())
    }

    fn source(&self, name: &str) -> PathBuf {
        self.data_dir.extract(name)
    }

    /// Writes a source as our connectors do: tables with the queries of their rows.
    fn offer(&self, source: &str, tables: &[(&str, &str)]) {
        let directory = self.source(source);
        let tables = tables.iter().map(|(name, sql)| {
            parquet(&data_file(&directory, name), sql);
            meta(name)
        });
        extract::write(&directory, &tables.collect::<Vec<_>>()).unwrap();
    }

    /// Writes a database in the way of others; `DIR` stands for the source's directory.
    fn database(&self, source: &str, sql: &str) {
        let directory = self.source(source);
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join(extract::DATABASE);
        atomic_file::remove(&path).unwrap();
        let sql = sql.replace("DIR", &directory.to_string_lossy());
        engine::open(&path, &Limits::small()).unwrap().execute_batch(&format!("{META} {sql}")).unwrap();
    }

    /// The one value of a query on the published views.
    fn value(&self, sql: &str) -> String {
        let connection = engine::open_read_only(&self.data_dir.analytics_db(), &Limits::small()).unwrap();
        connection.query_row(&format!("SELECT ({sql})::VARCHAR"), [], |row| row.get(0)).unwrap()
    }

    /// Names of the published files.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.data_dir.published()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Every view reads, every file is what its row says, and nothing half done lies about.
    fn assert_sound(&self, publication: &Publication) {
        for table in publication.tables() {
            for file in table.files() {
                assert_eq!(hash::md5_file(&file.path).unwrap(), file.hash, "{}", table.name);
            }
            // Every value is read.
            let count = self.value(&format!("SELECT count(hash(t)) FROM {} t", ident::quote_ident(&table.name)));
            assert_eq!(count, table.rows.to_string(), "{}", table.name);
        }
        let left: Vec<_> = walkdir::WalkDir::new(self.data_dir.root())
            .into_iter()
            .map(|entry| entry.unwrap().path().display().to_string())
            .filter(|path| path.ends_with(".wal") || atomic_file::is_temporary(path))
            .collect();
        assert_eq!(left, [""; 0]);
    }
}

/// The table that every database of an extract has.
const META: &str =
    "CREATE TABLE _meta (table_name VARCHAR NOT NULL, description VARCHAR, rows BIGINT, size_bytes BIGINT,
    extracted_at TIMESTAMP, query_mode VARCHAR DEFAULT 'local');";

fn meta(name: &str) -> TableMeta {
    TableMeta {
        table_name: name.into(),
        description: None,
        rows: 0,
        size_bytes: 0,
        extracted_at: None,
        query_mode: "local".into(),
    }
}

/// Writes the rows of a query as a parquet file, by rename.
fn parquet(path: &Path, sql: &str) {
    let pending = atomic_file::Pending::beside(path).unwrap();
    let file = ident::quote_path(pending.path());
    let connection = engine::in_memory(&Limits::small()).unwrap();
    connection.execute_batch(&format!("COPY ({sql}) TO {file} (FORMAT parquet, USE_TMP_FILE false)")).unwrap();
    pending.commit().unwrap();
}

/// The only file of a table.
fn file(table: &PublishedTable) -> &PathBuf {
    let mut files = table.files();
    let only = files.next().unwrap();
    assert_eq!(files.next(), None);
    &only.path
}

/// Who has which name after a rebuild.
fn owners(rebuilt: &Rebuilt) -> Standing {
    let pair = |table: &Arc<PublishedTable>| (table.name.to_lowercase(), table.source.clone());
    Standing { owners: rebuilt.publication.tables().map(pair).collect(), materialized: Vec::new() }
}

/// `source.table` of each problem, in order.
fn places(rebuilt: &Rebuilt) -> Vec<String> {
    let place = |problem: &agnes::sync::Problem| match &problem.table {
        Some(table) => format!("{}.{table}", problem.source),
        None => problem.source.clone(),
    };
    let mut places: Vec<_> = rebuilt.problems.iter().map(place).collect();
    places.sort();
    places
}
