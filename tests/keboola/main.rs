//! The Keboola connector against a stand-in of the Storage API: what is extracted, and what happens when things fail.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails ends its test")]

#[path = "../support/http.rs"]
mod http;
#[expect(dead_code, reason = "what is pushed there is used by the tests of the API")]
#[path = "../support/keboola/mod.rs"]
mod keboola_server;
#[path = "../support/program.rs"]
mod program;

mod exactness;
mod extraction;
mod faults;
mod histories;
mod independent;
mod program_runs;
mod strategies;
mod types;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use agnes::base::backoff::Backoff;
use agnes::base::secret::Secret;
use agnes::connectors::keboola::{Retry, Settings, run};
use agnes::connectors::{Report, Request, TableRequest};
use agnes::engine::{self, Limits, Value};
use keboola_server::{Content, Keboola, TOKEN, Table};

/// One project and one extract directory.
struct Scene {
    keboola: Keboola,
    settings: Settings,
    directory: PathBuf,
    _home: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let keboola = Keboola::start().await;
        let home = tempfile::tempdir().unwrap();
        let mut settings = Settings::new(&keboola.url, Secret::new(TOKEN), Duration::from_secs(60), "512MB").unwrap();
        let backoff = Backoff { initial: Duration::from_millis(2), max: Duration::from_millis(20) };
        settings.retry = Retry { backoff, attempts: 4 };
        settings.poll = Duration::from_millis(2);
        settings.endpoints.gcs = keboola.url.parse().unwrap();
        settings.endpoints.s3 = Some(keboola.url.parse().unwrap());
        Self { keboola, settings, directory: home.path().join("extracts/keboola"), _home: home }
    }

    /// Runs for tables of bucket `in.c-crm`, and checks that nothing temporary is left.
    async fn run(&self, names: &[&str]) -> Report {
        self.run_request(Request { tables: names.iter().map(|name| row(name)).collect(), ..Request::default() }).await
    }

    async fn run_request(&self, request: Request) -> Report {
        let report = run(&self.settings, &self.directory, request).await;
        let left: Vec<_> =
            std::fs::read_dir(&self.directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let known = ["data", "extract.duckdb", ".lock", "state", "types"];
        assert!(left.iter().all(|name| known.contains(&name.to_str().unwrap())), "left behind: {left:?}");
        report
    }

    fn parquet(&self, table: &str) -> PathBuf {
        self.directory.join("data").join(format!("{table}.parquet"))
    }

    /// Names in `_meta`, sorted.
    fn published(&self) -> Vec<String> {
        let mut names: Vec<_> =
            agnes::extract::read(&self.directory).unwrap().tables.into_iter().map(|table| table.table_name).collect();
        names.sort();
        names
    }
}

/// A registry row of bucket `in.c-crm`.
fn row(name: &str) -> TableRequest {
    TableRequest {
        name: name.into(),
        bucket: Some("in.c-crm".into()),
        query_mode: "local".into(),
        ..Default::default()
    }
}

/// A table of bucket `in.c-crm` with the columns `id` (INTEGER) and `note`.
fn simple(name: &str, content: Content) -> Table {
    Table::new(&format!("in.c-crm.{name}"), &["id", "note"], content).base_types(&[("id", "INTEGER")])
}

/// A file of [`simple`] with a header and one row.
fn one_row(id: u32) -> Content {
    Content::Whole(format!("\"id\",\"note\"\n\"{id}\",\"x\"\n").into_bytes())
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// All rows of one query over a parquet file, `FILE` standing for it.
fn query(file: &Path, sql: &str) -> Vec<Vec<Value>> {
    let connection = engine::in_memory(&Limits::small()).unwrap();
    let sql = sql.replace("FILE", &agnes::base::ident::quote_path(file));
    let mut statement = connection.prepare(&sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let columns = row.as_ref().column_count();
        found.push((0..columns).map(|column| row.get(column).unwrap()).collect());
    }
    found
}

/// `name TYPE` of each column.
fn schema(file: &Path) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    let rows = query(file, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM FILE)");
    rows.iter().map(|row| format!("{} {}", text(&row[0]), text(&row[1]))).collect()
}

/// The file as text: one string per row, fields joined by `|`, NULL as `∅`.
fn lines(file: &Path) -> Vec<String> {
    let columns = query(file, "SELECT column_name FROM (DESCRIBE SELECT * FROM FILE)").len();
    let sql = "SELECT COLUMNS(*)::VARCHAR FROM FILE";
    let show = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        Value::Null => "∅".into(),
        other => panic!("{other:?}"),
    };
    query(file, sql)
        .iter()
        .inspect(|row| assert_eq!(row.len(), columns))
        .map(|row| row.iter().map(show).collect::<Vec<_>>().join("|"))
        .collect()
}

/// The one error of a report.
fn only_error(report: &Report) -> &str {
    assert_eq!(report.errors.len(), 1, "{report:?}");
    &report.errors[0].error
}
