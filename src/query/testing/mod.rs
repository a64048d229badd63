//! Two published tables, one of which the caller may read, and the statements that must and must not work on them.

mod allowed;
#[expect(dead_code, reason = "answers over the wire are reported with the heading")]
mod cases;
mod forms;
mod gate;
mod limits;
mod mutations;
mod refused;
mod scopes;
mod streams;
mod values;

use std::path::Path;

use cases::{ORDERS, SECRET};
use serde_json::Value;

use super::namespace::{self, Lookup, Tables};
use super::output::{Extent, Format};
use super::policy::{self, Relation};
use super::prepare::prepare;
use super::response::JsonBody;
use super::worker::{Instance, Run, send_rows};
use super::{MAX_RESPONSE_BYTES, MAX_ROW_BYTES, QueryError, QuerySettings};
use crate::access::ReadableTable;
use crate::base::ident::quote_path;
use crate::config::{DataDir, Environment};
use crate::engine::parse::{MAX_LEVELS, syntax_tree};
use crate::engine::{self, Connection, Limits};
use crate::extract::{Content, PublishedFile, PublishedTable, RemotePolicy, SharedPolicy};

/// The engine of a worker in this process, without its sandbox: what the policy and the namespace hold back alone.
struct Fixture {
    readable: Vec<ReadableTable>,
    /// Whether the caller would know of any other table.
    knows_all: bool,
    dir: tempfile::TempDir,
}

impl Tables for Fixture {
    fn find(&self, name: &str) -> Lookup {
        let found = self.readable.iter().find(|table| table.table().name.eq_ignore_ascii_case(name));
        let other = if self.knows_all { Lookup::Missing } else { Lookup::Denied };
        found.map_or(other, |table| Lookup::Readable(table.clone()))
    }

    fn names(&self) -> Vec<String> {
        self.readable.iter().map(|table| table.table().name.clone()).collect()
    }

    fn similar(&self, name: &str) -> Option<String> {
        namespace::most_similar(self.readable.iter().map(|table| table.table().name.as_str()), name)
    }
}

impl Fixture {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let salaries = format!("SELECT '{SECRET}' AS person, 987654 AS salary");
        let published = |name, rows| published(dir.path(), name, "keboola", rows);
        let readable = [published("orders", ORDERS), published("Mixed_Case", "SELECT 1 AS a")];
        published("salaries", &salaries);
        Self { readable: readable.map(ReadableTable::for_test).to_vec(), knows_all: false, dir }
    }

    fn run(&self, sql: &str) -> Result<String, QueryError> {
        self.run_limited(sql, 1000, MAX_RESPONSE_BYTES)
    }

    fn run_limited(&self, sql: &str, limit: usize, max_bytes: usize) -> Result<String, QueryError> {
        let outline = policy::outline(sql, &self.tree(sql), MAX_LEVELS)?;
        let instance = self.instance(&outline.relations)?;
        answer(&instance.connection, &outline.sql, limit, max_bytes).map(|(body, _)| body)
    }

    fn settings(&self) -> QuerySettings {
        let remote = SharedPolicy::new(RemotePolicy::new(&Environment::default(), &[]));
        QuerySettings::load(&Environment::default(), &DataDir::new(self.dir.path()).unwrap(), remote).unwrap()
    }

    fn tree(&self, sql: &str) -> String {
        syntax_tree(&engine::in_memory(&Limits::small()).unwrap(), sql).unwrap()
    }

    /// An engine with the tables that these relations name.
    fn instance(&self, relations: &[Relation]) -> Result<Instance, QueryError> {
        let named = namespace::resolve("SELECT * FROM nope", relations, self)?;
        let prepare = prepare(&named, 1, &self.settings());
        let limits = Limits { memory: "512MB".into(), ..Limits::small() };
        Instance::fill(Instance::open(&limits, 1_000_000)?, &prepare, &[])
    }

    /// The answer's body.
    fn body(&self, sql: &str) -> Value {
        let answer = self.run(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{sql}: {error}: {answer}"))
    }

    fn path(&self, table: &str) -> String {
        self.dir.path().join(format!("{table}.parquet")).display().to_string()
    }
}

/// The body of an answer, and its number of rows.
fn answer(connection: &Connection, sql: &str, limit: usize, max_bytes: usize) -> Result<(String, usize), QueryError> {
    let (format, sql) = (Format::TEXTS, sql.to_owned());
    let extent = Extent { rows: limit, bytes: usize::MAX, is_cut: false };
    let run = Run { sql, threads: 1, format, extent, row_bytes: MAX_ROW_BYTES };
    let mut pieces = Vec::new();
    let end = send_rows(connection, &run, |piece| {
        pieces.push(piece.to_vec());
        Ok(())
    })?;
    let mut body = JsonBody::new(max_bytes);
    for piece in pieces {
        body.add(piece)?;
    }
    body.finish(end.is_truncated);
    Ok((body.take(), end.rows))
}

fn published(directory: &Path, name: &str, source: &str, select: &str) -> PublishedTable {
    let file = directory.join(format!("{name}.parquet"));
    let connection = engine::in_memory(&Limits::small()).unwrap();
    connection.execute_batch(&format!("COPY ({select}) TO {} (FORMAT parquet)", quote_path(&file))).unwrap();
    PublishedTable {
        name: name.into(),
        source: source.into(),
        description: None,
        content: Content::File(PublishedFile {
            hash: crate::base::hash::md5_file(&file).unwrap(),
            size_bytes: 1,
            path: file,
        }),
        rows: 1,
        extracted_at: None,
        columns: [].into(),
        origin: String::new(),
    }
}
