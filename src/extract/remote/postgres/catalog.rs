//! The columns of a source, as its own catalog has them.

use std::collections::HashMap;

use serde::Deserialize;

use super::at_source;
use super::reads::Read;
use crate::base::ident::quote_literal;
use crate::engine::{self, Connection};

/// A column; two that are equal are read in the same way.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub name: String,
    /// With its modifier, e.g. `numeric(10,2)`.
    pub kind: String,
    /// Type of the elements of an array.
    pub element: Option<String>,
    /// As declared; the engine expects so many.
    pub dimensions: i64,
    pub is_composite: bool,
    /// The engine reads it as text, but SQL at the source gives the type below it.
    pub is_domain: bool,
    /// The labels of an enum, the fields of a composite type as JSON.
    parts: String,
}

/// A field of a composite type.
#[derive(Debug, Deserialize)]
pub struct Field {
    pub name: String,
    pub is_domain: bool,
    /// Whether it holds composite values in turn.
    is_nested: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub columns: Vec<Column>,
    /// Whether its rows change with a transaction only; a view may depend on the time or on another server.
    pub is_stored: bool,
}

/// By schema and name.
#[derive(Debug, Default, PartialEq)]
pub struct Catalog(HashMap<(String, String), Table>);

/// A look at the catalog.
pub struct Seen {
    pub catalog: Catalog,
    /// Which transactions are visible; empty if the catalog has no columns.
    pub snapshot: String,
}

impl Column {
    /// The fields of a composite value; `None` for other columns, and for fields that are composite in turn.
    pub fn fields(&self) -> Option<Vec<Field>> {
        let fields = (self.is_composite && self.element.is_none()).then(|| serde_json::from_str(&self.parts).ok());
        fields.flatten().filter(|fields: &Vec<Field>| !fields.iter().any(|field| field.is_nested))
    }
}

impl Catalog {
    /// The columns of the tables that were read, or of all.
    pub fn read(connection: &Connection, database: &str, of: Option<&[&Read]>) -> engine::Result<Seen> {
        let only = of.map(|reads| {
            let names = reads
                .iter()
                .map(|read| format!("({}::name, {}::name)", quote_literal(&read.schema), quote_literal(&read.table)));
            format!("AND (n.nspname, c.relname) IN ({})", names.collect::<Vec<_>>().join(", "))
        });
        let sql = format!(
            "SELECT txid_current_snapshot()::text AS snapshot, n.nspname::text AS schema, c.relname::text AS relation,
               (c.relkind IN ('r', 'm', 'p')) AS stored, a.attname::text AS name,
               format_type(a.atttypid, a.atttypmod) AS kind, CASE WHEN e.oid IS NOT NULL THEN e.typname::text END AS element,
               a.attndims::int8 AS dimensions, coalesce(e.typtype, t.typtype) = 'c' AS composite, t.typtype = 'd' AS domain,
               CASE coalesce(e.typtype, t.typtype)
                 WHEN 'e' THEN (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_catalog.pg_enum
                                WHERE enumtypid = coalesce(e.oid, t.oid))
                 WHEN 'c' THEN (SELECT json_agg(json_build_object('name', f.attname, 'kind', format_type(f.atttypid, f.atttypmod),
                                  'is_domain', ft.typtype = 'd', 'is_nested', coalesce(fe.typtype, ft.typtype) = 'c')
                                  ORDER BY f.attnum)::text
                                FROM pg_catalog.pg_attribute f JOIN pg_catalog.pg_type ft ON ft.oid = f.atttypid
                                LEFT JOIN pg_catalog.pg_type fe ON fe.oid = ft.typelem AND ft.typcategory = 'A'
                                WHERE f.attrelid = coalesce(e.typrelid, t.typrelid) AND f.attnum > 0
                                  AND NOT f.attisdropped) END AS parts
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
             LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
             WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND a.attnum > 0 AND NOT a.attisdropped
               AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') {}
             ORDER BY n.nspname, c.relname, a.attnum",
            only.unwrap_or_default()
        );
        let mut statement = connection.prepare(&format!("FROM {}", at_source(database, &sql)))?;
        let mut rows = statement.query([])?;
        let mut seen = Seen { catalog: Self::default(), snapshot: String::new() };
        while let Some(row) = rows.next()? {
            seen.snapshot = row.get(0)?;
            let table = seen.catalog.0.entry((row.get(1)?, row.get(2)?)).or_default();
            table.is_stored = row.get(3)?;
            table.columns.push(Column {
                name: row.get(4)?,
                kind: row.get(5)?,
                element: row.get(6)?,
                dimensions: row.get::<_, i64>(7)?.max(1),
                is_composite: row.get(8)?,
                is_domain: row.get(9)?,
                parts: row.get::<_, Option<String>>(10)?.unwrap_or_default(),
            });
        }
        Ok(seen)
    }

    /// The table that was read.
    pub fn table(&self, read: &Read) -> Option<&Table> {
        self.0.get(&(read.schema.clone(), read.table.clone()))
    }

    /// Whether the read may have been here.
    pub fn has(&self, read: &Read) -> bool {
        let has = |table: &Table, name: &String| table.columns.iter().any(|column| column.name == *name);
        self.table(read).is_some_and(|table| read.columns.iter().all(|name| has(table, name)))
    }

    /// Whether a later look, at all tables or at some, found the same columns.
    pub fn agrees(&self, now: &Self, all: bool) -> bool {
        if all { self == now } else { now.0.iter().all(|(name, table)| self.0.get(name) == Some(table)) }
    }

    pub fn tables(&self) -> impl Iterator<Item = (&str, &str, &Table)> {
        self.0.iter().map(|((schema, name), table)| (schema.as_str(), name.as_str(), table))
    }
}
