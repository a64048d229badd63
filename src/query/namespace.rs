//! Which tables of the caller a statement names.

use std::collections::BTreeSet;

use super::error::{self, QueryError};
use super::place;
use super::policy::{Relation, is_system};
use crate::access::ReadableTable;
use crate::base::ident;

/// Name of the database that contains all tables; also the meaning of `main`.
pub const SERVER: &str = "server";
/// Where a name without database is looked up.
pub const DEFAULT: &str = "memory";

/// From which similarity (0 to 1) a name is suggested.
const SIMILAR: f64 = 0.8;
/// Maximum length of a name for which a similar one is looked for, in bytes.
const LONG_NAME: usize = 1024;

/// What a caller may read.
pub trait Tables: Send + Sync {
    /// Finds a table without regard to case.
    fn find(&self, name: &str) -> Lookup;

    /// The names of all tables that the caller can read, in order.
    fn names(&self) -> Vec<String>;

    /// The name, among those that the caller can read, that may have been meant.
    fn similar(&self, name: &str) -> Option<String>;
}

/// `SHOW TABLES`, as a query without tables.
pub fn show_tables(tables: &dyn Tables) -> String {
    let names: Vec<String> = tables.names().iter().map(|name| format!("({})", ident::quote_literal(name))).collect();
    match names.is_empty() {
        true => "SELECT '' AS name WHERE false".into(),
        false => format!("SELECT * FROM (VALUES {}) AS t(name)", names.join(", ")),
    }
}

pub enum Lookup {
    Readable(ReadableTable),
    /// The caller would know it if it were there.
    Missing,
    /// The caller has no grant; it may exist or not.
    Denied,
}

/// A table that a statement reads.
pub struct Named {
    pub table: ReadableTable,
    /// The databases in which it is looked up, in lower case.
    pub databases: BTreeSet<String>,
}

/// Finds the tables of a statement, each once; or says why the caller cannot read one of them.
pub fn resolve(sql: &str, relations: &[Relation], tables: &dyn Tables) -> Result<Vec<Named>, QueryError> {
    let mut named: Vec<Named> = Vec::new();
    for relation in relations {
        let (table, database) = find(sql, relation, tables)?;
        let name = &table.table().name;
        match named.iter_mut().find(|known| known.table.table().name == *name) {
            Some(known) => drop(known.databases.insert(database)),
            None => named.push(Named { table, databases: [database].into() }),
        }
    }
    named.sort_by(|a, b| a.table.table().name.cmp(&b.table.table().name));
    Ok(named)
}

/// `table`, `main.table`, `server.table`, `server.main.table`, `source.table` or `source.main.table`.
fn find(sql: &str, relation: &Relation, tables: &dyn Tables) -> Result<(ReadableTable, String), QueryError> {
    let [catalog, schema] = [&relation.catalog, &relation.schema].map(|name| name.to_ascii_lowercase());
    let name = &relation.table;
    let found = tables.find(name);
    if let Lookup::Readable(table) = &found {
        let is_database = |database: &str| {
            let source = &table.table().source;
            database == SERVER || is_source_alias(source) && source.eq_ignore_ascii_case(database)
        };
        let database = match (catalog.as_str(), schema.as_str()) {
            ("", "" | "main") => Some(DEFAULT),
            ("", database) | (database, "main") if is_database(database) => Some(database),
            _ => None,
        };
        if let Some(database) = database {
            return Ok((table.clone(), database.to_owned()));
        }
    }
    let is_path = name.contains(['/', '\\', ':', '*', '?', '[', '.']);
    if is_system(relation) || is_path {
        return Err(QueryError::Refused);
    }
    let (name, similar) =
        (error::shortened(name), tables.similar(name).map(|name| format!("\nDid you mean \"{name}\"?")));
    Err(match found {
        Lookup::Denied => QueryError::Denied { name, help: similar.unwrap_or_default() },
        // A readable table under the wrong source is a mistake, not a denial.
        Lookup::Readable(_) | Lookup::Missing => {
            let place = relation.offset.and_then(|offset| place::at(sql, offset)).map(|place| format!("\n\n{place}"));
            QueryError::UnknownTable { name, help: similar.into_iter().chain(place).collect() }
        }
    })
}

/// The name that is similar enough to have been meant. A long one is like no other, and would take long to compare.
pub fn most_similar<'a>(names: impl Iterator<Item = &'a str>, wanted: &str) -> Option<String> {
    if wanted.len() > LONG_NAME {
        return None;
    }
    let wanted = wanted.to_ascii_lowercase();
    let alike = names.map(|name| (strsim::jaro_winkler(&name.to_ascii_lowercase(), &wanted), name));
    let best = alike.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)));
    best.filter(|(alike, _)| *alike >= SIMILAR).map(|(_, name)| name.to_owned())
}

/// Returns whether an instance can have a database with the name of this source.
pub fn is_source_alias(source: &str) -> bool {
    let taken = [DEFAULT, "pg_catalog", "information_schema"];
    ident::is_strict(source)
        && !ident::is_reserved_source(source)
        && !taken.iter().any(|name| source.eq_ignore_ascii_case(name))
}
