//! The names by which a caller can refer to the tables that it may read.

use std::collections::HashSet;

use crate::access::ReadableTable;
use crate::base::ident;

/// Name of the database that contains all tables; also the meaning of `main`.
pub const SERVER: &str = "server";

/// From which similarity (0 to 1) a name is suggested.
const SIMILAR: f64 = 0.8;

/// Resolves table names ignoring (ASCII) case, as the engine does.
#[derive(Debug, Default)]
pub struct Namespace {
    tables: HashSet<String>,
    sourced: HashSet<(String, String)>,
}

impl Namespace {
    pub fn new(readable: &[ReadableTable]) -> Self {
        let mut namespace = Self::default();
        for table in readable.iter().map(ReadableTable::table) {
            let name = table.name.to_ascii_lowercase();
            if is_source_alias(&table.source) {
                namespace.sourced.insert((table.source.to_ascii_lowercase(), name.clone()));
            }
            namespace.tables.insert(name);
        }
        namespace
    }

    /// The name, among those that the caller can use, that may have been meant.
    pub fn similar(&self, table: &str) -> Option<&str> {
        let table = table.to_ascii_lowercase();
        let alike = |name: &str| strsim::jaro_winkler(name, &table);
        let best = self.tables.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)).then_with(|| b.cmp(a)))?;
        (alike(best) >= SIMILAR).then_some(best.as_str())
    }

    /// `table`, `main.table`, `server.table`, `server.main.table`, `source.table` or `source.main.table`; absent parts
    /// are empty.
    pub fn contains(&self, catalog: &str, schema: &str, table: &str) -> bool {
        let [catalog, schema, table] = [catalog, schema, table].map(str::to_ascii_lowercase);
        let database = match (catalog.as_str(), schema.as_str()) {
            ("", "" | "main") => SERVER,
            ("", database) | (database, "main") => database,
            _ => return false,
        };
        if database == SERVER {
            self.tables.contains(&table)
        } else {
            self.sourced.contains(&(database.to_owned(), table))
        }
    }
}

/// Returns whether an instance can have a database with the name of this source.
pub fn is_source_alias(source: &str) -> bool {
    let taken = ["memory", "pg_catalog", "information_schema"];
    ident::is_strict(source)
        && !ident::is_reserved_source(source)
        && !taken.iter().any(|name| source.eq_ignore_ascii_case(name))
}
