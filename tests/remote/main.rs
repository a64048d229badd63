//! Tables that stay in a real PostgreSQL, reached by the real extension.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a helper that fails ends its test")]

mod attach;
#[path = "../support/http.rs"]
mod http;
mod kill;
mod materialize;
mod oracle;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/program.rs"]
mod program;
mod values;

use std::path::PathBuf;

use agnes::base::ident::quote_literal;
use agnes::config::DataDir;
use agnes::engine::{self, Limits};
use agnes::extract::DATABASE;
use http::Http;
use postgres::{PASSWORD, Postgres, extensions};
use program::{Place, Serving};
use serde_json::{Value, json};

const SCHEDULER: &str = "the-schedulers-secret-of-32-chars-or-more";

/// A place whose server may reach a PostgreSQL with some orders.
struct House {
    place: Place,
    postgres: Postgres,
}

impl House {
    /// `None` where there is no PostgreSQL, or no extension.
    fn new() -> Option<Self> {
        Self::with(&[("PG_PASSWORD", PASSWORD)])
    }

    fn with(variables: &[(&str, &str)]) -> Option<Self> {
        let (postgres, extensions) = (Postgres::start()?, extensions()?);
        postgres.execute("CREATE TABLE orders AS SELECT i AS id, i * 1.5 AS amount FROM generate_series(1, 10) t(i)");
        let allowed = [
            ("SCHEDULER_API_TOKEN", SCHEDULER),
            ("AGNES_EXTENSION_DIR", &extensions),
            ("AGNES_REMOTE_ATTACH_EXTENSIONS", "postgres"),
            ("AGNES_REMOTE_ATTACH_TOKEN_ENVS", "PG_PASSWORD"),
            ("AGNES_REMOTE_ATTACH_HOSTS", "127.0.0.1"),
        ];
        Some(Self { place: Place::new(&[&allowed, variables].concat()), postgres })
    }

    fn source(&self, name: &str) -> PathBuf {
        DataDir::new(self.place.data_dir()).unwrap().extract(name)
    }

    /// Writes an extract with remote tables: name and view.
    fn offer(&self, source: &str, url: &str, token_env: &str, tables: &[(&str, &str)]) {
        let connection = self.database(source);
        connection
            .execute_batch(&format!(
                "CREATE TABLE _remote_attach (alias VARCHAR, extension VARCHAR, url VARCHAR, token_env VARCHAR);
                 INSERT INTO _remote_attach VALUES ('pg', 'postgres', {}, '{token_env}')",
                quote_literal(url)
            ))
            .unwrap();
        // The engine does not look at what a view reads while the catalog is not there, so it is made of a stand-in.
        connection.execute_batch("ATTACH ':memory:' AS pg; CREATE SCHEMA pg.public").unwrap();
        connection.execute_batch("CREATE TABLE pg.public.orders (id INTEGER, amount DECIMAL(10, 1))").unwrap();
        for (table, view) in tables {
            connection.execute_batch(&format!("CREATE TABLE IF NOT EXISTS pg.public.{table} (id INTEGER)")).unwrap();
            let meta =
                format!("INSERT INTO _meta VALUES ('{table}', 'from PostgreSQL', 0, 0, now()::TIMESTAMP, 'remote')");
            connection.execute_batch(&format!("{meta}; CREATE VIEW {table} AS {view}")).unwrap();
        }
    }

    /// Offers whole tables of the schema `public`.
    fn offer_all(&self, tables: &[&str]) {
        let views: Vec<_> = tables.iter().map(|table| (*table, format!("SELECT * FROM pg.public.{table}"))).collect();
        let views: Vec<_> = views.iter().map(|(table, view)| (*table, view.as_str())).collect();
        self.offer("shop", &self.postgres.url(), "PG_PASSWORD", &views);
    }

    /// A table of its own, to see that it stays published.
    fn offer_local(&self) {
        let connection = self.database("other");
        let meta = "INSERT INTO _meta VALUES ('items', NULL, 1, 0, now()::TIMESTAMP, 'local')";
        connection.execute_batch(&format!("{meta}; CREATE TABLE items AS SELECT 3 AS id")).unwrap();
    }

    fn database(&self, source: &str) -> engine::Connection {
        let path = self.source(source).join(DATABASE);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = std::fs::remove_file(&path);
        let connection = engine::open(&path, &Limits::small()).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE _meta (table_name VARCHAR NOT NULL, description VARCHAR, rows BIGINT, size_bytes BIGINT,
                 extracted_at TIMESTAMP, query_mode VARCHAR)",
            )
            .unwrap();
        connection
    }
}

/// A running server, asked as an admin.
struct Asked {
    server: Serving,
    http: Http,
    syncs: usize,
}

impl Asked {
    fn new(house: &House) -> Self {
        let server = house.place.serve(&[]);
        let http = Http::new(&server.url, SCHEDULER);
        Self { server, http, syncs: 0 }
    }

    /// Syncs, and returns the run.
    fn sync(&mut self) -> Value {
        self.syncs += 1;
        assert_eq!(self.http.post("/api/sync/trigger", &Value::Null).status, 200);
        self.server.wait_for("\"msg\":\"sync finished\"", self.syncs);
        self.http.get("/api/sync/runs").json()["runs"][0].clone()
    }

    /// Status, and rows or detail.
    fn query(&self, sql: &str) -> (u16, Value) {
        let answer = self.http.post("/api/query", &json!({ "sql": sql }));
        let body = answer.json();
        (answer.status, body.get("rows").or_else(|| body.get("detail")).cloned().unwrap_or_default())
    }

    fn manifest(&self) -> Value {
        self.http.get("/api/sync/manifest").json()["tables"].clone()
    }
}
