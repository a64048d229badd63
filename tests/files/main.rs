//! The files connector: a folder in, an extract out.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests may panic and tell what they skip")]

mod conversion;
mod faults;
mod folder;
mod foreign;
mod nasty;
mod ordinary;
mod parts;
mod shapes;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use agnes::base::disk::Reserve;
use agnes::base::ident::{quote_ident, quote_path};
use agnes::connectors::files::{FilesError, Settings, run};
use agnes::connectors::{Report, Request};
use agnes::engine::{self, Limits};
use agnes::extract;
use tempfile::TempDir;

/// A folder of data files and the extract made from it.
struct Case {
    dir: TempDir,
}

impl Case {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("in")).unwrap();
        Self { dir }
    }

    /// A case with one file, already extracted.
    fn with(name: &str, content: impl AsRef<[u8]>) -> (Self, Report) {
        let case = Self::new();
        case.put(name, content);
        let report = case.run();
        (case, report)
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("in")
    }

    fn source(&self) -> PathBuf {
        self.dir.path().join("extracts/files")
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.folder().join(name), content).unwrap();
    }

    fn run(&self) -> Report {
        self.try_run(None).unwrap()
    }

    fn try_run(&self, request: Option<Request>) -> Result<Report, FilesError> {
        run(
            &self.folder(),
            &self.source(),
            request,
            &Settings { memory: "256MB".into(), threads: 2, reserve: Reserve::default() },
        )
    }

    fn parquet(&self, table: &str) -> PathBuf {
        extract::data_file(&self.source(), table)
    }

    /// `name TYPE` of each column.
    fn columns(&self, table: &str) -> Vec<String> {
        let connection = engine::in_memory(&Limits::small()).unwrap();
        let sql = format!("DESCRIBE SELECT * FROM read_parquet({})", quote_path(&self.parquet(table)));
        let mut statement = connection.prepare(&sql).unwrap();
        let names =
            statement.query_map([], |row| Ok(format!("{} {}", row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
        names.unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// The values of one column as text, `NULL` for none.
    fn values(&self, table: &str, column: &str) -> Vec<String> {
        let connection = engine::in_memory(&Limits::small()).unwrap();
        let sql = format!(
            "SELECT coalesce({}::VARCHAR, 'NULL') FROM read_parquet({})",
            quote_ident(column),
            quote_path(&self.parquet(table))
        );
        let mut statement = connection.prepare(&sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// Published tables with their rows.
    fn published(&self) -> BTreeMap<String, i64> {
        let read = extract::read(&self.source()).unwrap();
        read.tables.into_iter().map(|table| (table.table_name, table.rows)).collect()
    }

    /// No temporary or spill file is left.
    fn assert_clean(&self) {
        for entry in walk(&self.source()) {
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            assert!(!agnes::base::atomic_file::is_temporary(&name) && name != ".spill", "left: {}", entry.display());
        }
    }
}

fn walk(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(walk(&entry.path()));
        }
        found.push(entry.path());
    }
    found
}

fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_ref()).unwrap();
    encoder.finish().unwrap()
}
