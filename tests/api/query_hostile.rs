//! Statements that callers must not get through, and some that only look like those, sent to a server. They are in
//! `src/query/testing/cases`, which says how to read them.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use agnes::base::ident::quote_path;
use agnes::engine::{self, Limits};
use agnes::extract::{self, TableMeta, data_file};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::cases::{Case, ORDERS, SECRET, Want, hostile, legitimate, pivots};
use crate::support::{Answer, Client, TestApp};

const REFUSED: &str = "Only single SELECT queries are allowed";
const NOT_SELECT: &str = "Query must start with SELECT or WITH";
/// What no refusal may show: what others may read, paths, and the engine's own affairs.
const INTERNALS: [&str; 8] =
    [SECRET, "/etc/", ".parquet", "src/", "root:", "temp_directory", "INTERNAL Error", "json_serialize_sql"];

/// A server whose source `keboola` has `orders`, `Mixed_Case` and `salaries`, and somebody who may read the first two.
struct World {
    app: TestApp,
    analyst: Client,
    listener: TcpListener,
}

impl World {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    async fn start_with(settings: &[(&str, &str)]) -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        write_extract(&data_dir.path().join("extracts/keboola"));
        let app = TestApp::start_in(data_dir, settings).await;
        app.generation().await;
        let analyst = app.user("bob@example.com", &["analysts"]).await;
        for table in ["orders", "Mixed_Case", "salaries"] {
            let body = json!({ "name": table, "source_type": "keboola", "bucket": "in.c-main", "source_table": table });
            let id = app.admin().await.post_json("/api/admin/register-table", body).await.ok()["id"].clone();
            if table != "salaries" {
                app.grant("analysts", id.as_str().unwrap()).await;
            }
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self { app, analyst, listener }
    }

    /// The folder with the files that are published.
    fn folder(&self) -> String {
        self.app.data_dir().join("extracts/keboola/data").display().to_string()
    }

    fn sql(&self, case: &Case) -> String {
        case.sql(&self.folder(), &self.listener.local_addr().unwrap().to_string())
    }

    /// The content of all files but those that the server writes by itself.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let own = ["state/system.duckdb", "state/system.duckdb.wal", "logs"].map(|name| self.app.data_dir().join(name));
        let all = walkdir::WalkDir::new(self.app.data_dir()).into_iter().map(Result::unwrap);
        let kept =
            all.filter(|entry| entry.file_type().is_file() && !own.iter().any(|own| entry.path().starts_with(own)));
        kept.map(|entry| (entry.path().to_owned(), std::fs::read(entry.path()).unwrap())).collect()
    }

    /// Each as the analyst and as an admin.
    async fn try_all(&self, cases: impl IntoIterator<Item = Case>) {
        let mut complaints = Vec::new();
        for case in cases {
            for is_admin in [false, true] {
                complaints.extend(self.complaint(&case, is_admin).await);
            }
        }
        assert!(complaints.is_empty(), "{}: {}", complaints.len(), complaints.join("\n\n"));
    }

    /// What is wrong with the answer to a statement.
    async fn complaint(&self, case: &Case, is_admin: bool) -> Option<String> {
        let sql = self.sql(case);
        let caller = if is_admin { self.app.admin().await } else { &self.analyst };
        let answer = query(caller, &sql).await;
        let is_exact = matches!(case.want, Want::Works(_)) || is_admin && case.want == Want::Denied;
        let is_right = fits(&answer, case.want, is_admin) && (is_exact || self.leak(&sql, &answer, is_admin).is_none());
        let caller = if is_admin { "admin" } else { "analyst" };
        (!is_right).then(|| format!("{}\n{caller}: {sql}\nwanted {:?}, got {answer}", case.heading, case.want))
    }

    /// What a refusal shows that the statement does not have. An admin knows the names of all tables.
    fn leak(&self, sql: &str, answer: &Answer, is_admin: bool) -> Option<&'static str> {
        let text = String::from_utf8_lossy(&answer.body);
        let data_dir = self.app.data_dir().display().to_string();
        let shows = |what: &str| text.contains(what) && !sql.contains(what);
        let names = ["salaries", "salary", "person"].into_iter().filter(|_| !is_admin);
        let found = names.chain(INTERNALS).find(|word| shows(word));
        found.or_else(|| shows(&data_dir).then_some("a path"))
    }
}

async fn query(caller: &Client, sql: &str) -> Answer {
    caller.post_json("/api/query", json!({ "sql": sql })).await
}

fn fits(answer: &Answer, want: Want, is_admin: bool) -> bool {
    let body = answer.json();
    let detail = body["detail"].as_str().unwrap_or_default();
    match (want, answer.status.as_u16()) {
        (Want::Refused, 400) => detail == REFUSED,
        (Want::Keyword, 400) => detail == NOT_SELECT,
        (Want::Error, 400) => detail.starts_with("Query error: "),
        (Want::Denied, 403) => !is_admin && detail.eq_ignore_ascii_case("Access denied to table 'salaries'"),
        // It may be wrong in another way.
        (Want::Denied, 200 | 400) => is_admin,
        (Want::Unknown, 403) => !is_admin && detail.starts_with("Access denied to table '"),
        (Want::Unknown, 400) => is_admin && detail.starts_with("Query error: Catalog Error: Table with name "),
        (Want::Limited, 413 | 504) => true,
        (Want::Works(rows), 200) => body["rows"] == serde_json::from_str::<Value>(rows).unwrap(),
        _ => false,
    }
}

fn write_extract(source: &Path) {
    std::fs::create_dir_all(source.join("data")).unwrap();
    let salaries = format!("SELECT '{SECRET}' AS person, 987654 AS salary");
    let connection = engine::in_memory(&Limits::small()).unwrap();
    let tables = [("orders", ORDERS), ("Mixed_Case", "SELECT 1::BIGINT AS a"), ("salaries", salaries.as_str())];
    let metas = tables.map(|(name, rows)| {
        let file = quote_path(&data_file(source, name));
        connection.execute_batch(&format!("COPY ({rows}) TO {file} (FORMAT parquet)")).unwrap();
        TableMeta {
            table_name: name.into(),
            description: None,
            rows: 1,
            size_bytes: 0,
            extracted_at: None,
            query_mode: "local".into(),
        }
    });
    extract::write(source, &metas).unwrap();
    let database = engine::open(&source.join("extract.duckdb"), &Limits::small()).unwrap();
    database.execute_batch(&format!("CREATE TABLE hidden_stuff AS SELECT '{SECRET}' AS secret")).unwrap();
    for (name, content) in
        [("secret.txt", format!("name,secret\nx,{SECRET}\n")), ("secret.json", format!("{{\"a\":\"{SECRET}\"}}"))]
    {
        std::fs::write(source.join("data").join(name), content).unwrap();
    }
    std::fs::copy(source.join("extract.duckdb"), source.join("data/extract.duckdb")).unwrap();
}

#[tokio::test]
async fn every_statement_is_refused_or_harmless() {
    let world = World::start().await;
    let before = world.files();
    world.try_all(hostile().into_iter().chain(pivots()).filter(|case| case.want != Want::Limited)).await;
    // No statement had an effect: no file appeared or changed, nobody connected, and the next query works.
    let after = world.files();
    let changed: Vec<_> =
        before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path)).collect();
    assert!(changed.is_empty(), "{changed:?}");
    assert_eq!(world.listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(world.analyst.value("SELECT count(*) FROM orders").await, 20);
    assert_eq!(world.app.admin().await.value("SELECT count(*) FROM salaries").await, 1);
}

#[tokio::test]
async fn what_takes_long_or_is_large_ends() {
    let world = World::start_with(&[("AGNES_QUERY_TIMEOUT", "1"), ("AGNES_QUERY_THREADS", "1")]).await;
    world.try_all(hostile().into_iter().filter(|case| case.want == Want::Limited)).await;
}

#[tokio::test]
async fn what_must_work_gives_exactly_its_rows() {
    let world = World::start().await;
    world.try_all(legitimate()).await;
    let named = query(&world.analyst, "SELECT 1 as test, 'hello' as msg").await.ok();
    assert_eq!(named["columns"], json!(["test", "msg"]));
    let limited = json!({ "sql": "SELECT id FROM orders ORDER BY id", "limit": 5 });
    let limited = world.analyst.post_json("/api/query", limited).await.ok();
    assert_eq!((&limited["row_count"], &limited["truncated"]), (&json!(5), &json!(true)));
    let nobody = query(&world.analyst, "SELECT id FROM orders WHERE customer = 'nonexistent'").await.ok();
    assert_eq!(nobody["row_count"], 0);
}

#[tokio::test]
async fn a_grant_ends_and_strangers_have_none() {
    let world = World::start().await;
    let sql = "SELECT count(*) FROM salaries";
    assert_eq!(query(&world.analyst, sql).await.status, StatusCode::FORBIDDEN);
    let grant = world.app.grant("analysts", "salaries").await;
    assert_eq!(world.analyst.value(sql).await, 1);
    world.app.admin().await.delete(&format!("/api/admin/grants/{grant}")).await.ok();
    assert_eq!(query(&world.analyst, sql).await.status, StatusCode::FORBIDDEN);
    for case in hostile().into_iter().chain(legitimate()) {
        let sql = world.sql(&case);
        assert_eq!(query(&world.app, &sql).await.status, StatusCode::UNAUTHORIZED, "{sql}");
    }
}
