//! Statements whose answers are compared with those of DuckDB alone, over the same files.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use agnes::extract::{self, TableMeta};
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

/// A server that has published the parquet files of a folder, and somebody who may read all of them.
pub struct Published {
    _app: TestApp,
    pub analyst: Client,
    folder: PathBuf,
}

impl Published {
    /// `write` puts the files into a folder.
    pub async fn start<T>(write: impl FnOnce(&Path) -> T) -> (Self, T) {
        let data_dir = tempfile::tempdir().unwrap();
        let source = data_dir.path().join("extracts/bare");
        let folder = source.join("data");
        std::fs::create_dir_all(&folder).unwrap();
        let written = write(&folder);
        let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let tables: Vec<String> = files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        extract::write(&source, &tables.iter().map(|name| meta(name)).collect::<Vec<_>>()).unwrap();
        // Sums of floats depend on the order of the rows, and so on the number of threads.
        let app = TestApp::start_in(data_dir, &[("AGNES_QUERY_THREADS", "1")]).await;
        app.generation().await;
        let analyst = app.user("ann@example.com", &["analysts"]).await;
        for table in &tables {
            let body = json!({ "name": table, "source_type": "bare", "bucket": "b", "source_table": table });
            app.admin().await.post_json("/api/admin/register-table", body).await.ok();
            app.grant("analysts", table).await;
        }
        (Self { _app: app, analyst, folder }, written)
    }

    /// Which answers of the server are not those of DuckDB alone. Rows may come in another order.
    pub async fn differences(&self, statements: &[String]) -> Vec<String> {
        let mut differences = Vec::new();
        for (sql, bare) in statements.iter().zip(self.bare(statements)) {
            let answer = self.analyst.post_json("/api/query", json!({ "sql": sql, "limit": 100_000 })).await;
            if answer.status != 200 || comparable(&answer.json()) != comparable(&bare) {
                differences.push(format!("{sql}\n{answer}\nDuckDB alone: {bare}"));
            }
        }
        differences
    }

    /// Columns and rows of each statement in DuckDB alone.
    fn bare(&self, statements: &[String]) -> Vec<Value> {
        let folder = self.folder.to_str().unwrap();
        let answers = python("tests/api/bare.py", &[folder], &json!(statements).to_string());
        serde_json::from_str(&answers).unwrap()
    }
}

/// The columns, and the rows in an order that depends on nothing else.
fn comparable(answer: &Value) -> (Value, Vec<String>) {
    let mut rows: Vec<String> = answer["rows"].as_array().unwrap().iter().map(Value::to_string).collect();
    rows.sort_unstable();
    (answer["columns"].clone(), rows)
}

fn meta(name: &str) -> TableMeta {
    TableMeta {
        table_name: name.to_owned(),
        description: None,
        rows: 1,
        size_bytes: 0,
        extracted_at: None,
        query_mode: "local".into(),
    }
}

/// What a script writes for these arguments and this input.
pub fn python(script: &str, arguments: &[&str], input: &str) -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(printed(".ci/python"));
    command.arg(here.join(script)).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{script}");
    String::from_utf8(output.stdout).unwrap()
}

/// The path that a program of the project prints.
pub fn printed(program: &str) -> String {
    let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(program)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
