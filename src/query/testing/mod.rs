//! Two published tables, one of which the caller may read, and the statements that must and must not work on them.

mod allowed;
mod forms;
mod limits;
mod mutations;
mod refused;
mod streams;
mod values;

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::{QueryAnswer, QueryEngine, QueryError, QuerySettings};
use crate::access::ReadableTable;
use crate::base::ident::quote_path;
use crate::config::Environment;
use crate::engine::{self, Limits};
use crate::extract::{Content, PublishedFile, PublishedTable, RemotePolicy};

/// Occurs in `salaries` only.
const SECRET: &str = "top-secret-4711";

struct Fixture {
    engine: QueryEngine,
    readable: Vec<ReadableTable>,
    dir: tempfile::TempDir,
}

fn settings(dir: &Path) -> QuerySettings {
    QuerySettings {
        memory: "512MB".into(),
        threads: 1,
        timeout: Duration::from_secs(120),
        concurrency: 2,
        max_waiting: 2,
        spill: dir.join("spill"),
        extensions: None,
        cached_instances: 2,
        remote: RemotePolicy::new(&Environment::default(), &[]),
    }
}

impl Fixture {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut QuerySettings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = settings(dir.path());
        change(&mut settings);
        let orders = "SELECT i AS id, 'cust' || i AS customer, 1.50::DECIMAL(9,2) * i AS amount, i AS payload,
                             i AS download, i AS last_update, i AS \"Full Name\" FROM range(20) t(i)";
        let salaries = format!("SELECT '{SECRET}' AS person, 987654 AS salary");
        let readable = [published(dir.path(), "orders", orders), published(dir.path(), "Mixed_Case", "SELECT 1 AS a")];
        published(dir.path(), "salaries", &salaries);
        let readable = readable.map(ReadableTable::for_test).to_vec();
        Self { engine: QueryEngine::new(settings).unwrap(), readable, dir }
    }

    async fn run(&self, sql: &str) -> Result<QueryAnswer, QueryError> {
        self.run_limited(sql, 1000).await
    }

    async fn run_limited(&self, sql: &str, limit: usize) -> Result<QueryAnswer, QueryError> {
        self.engine.run(1, self.readable.clone(), exists, sql.to_owned(), limit).await
    }

    /// The answer's body.
    async fn body(&self, sql: &str) -> Value {
        let answer = self.run(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{sql}: {error}: {}", answer.body))
    }

    fn path(&self, table: &str) -> String {
        self.dir.path().join(format!("{table}.parquet")).display().to_string()
    }
}

fn exists(name: &str) -> bool {
    ["orders", "salaries", "customers", "mixed_case", "issues"].contains(&name.to_lowercase().as_str())
}

fn published(directory: &Path, name: &str, select: &str) -> PublishedTable {
    let file = directory.join(format!("{name}.parquet"));
    let connection = engine::in_memory(&Limits::small()).unwrap();
    connection.execute_batch(&format!("COPY ({select}) TO {} (FORMAT parquet)", quote_path(&file))).unwrap();
    PublishedTable {
        name: name.into(),
        source: "keboola".into(),
        description: None,
        content: Content::File(PublishedFile {
            hash: crate::base::hash::md5_file(&file).unwrap(),
            size_bytes: 1,
            path: file,
        }),
        rows: 1,
        extracted_at: None,
        origin: String::new(),
    }
}
