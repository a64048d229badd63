//! Reading columns as text and converting them exactly: views that take the place of the source's tables.

use std::collections::HashMap;

use super::catalog::Field;
use super::reads::{MARK, Read};
use super::values::{DOUBTFUL, ReadAs};
use super::{Attached, Source, at_source};
use crate::base::ident::{quote_ident, quote_literal};
use crate::engine::{self, Connection};

/// How some columns of a table are read.
#[derive(Clone, Debug)]
pub struct Exact {
    alias: String,
    read: Read,
    columns: Vec<(String, ReadAs)>,
}

impl Exact {
    pub(super) fn new(alias: String, read: &Read, columns: Vec<(String, ReadAs)>) -> Self {
        Self { alias, read: read.clone(), columns }
    }

    /// Leaves out which rows were read: another read of the table needs others.
    pub(super) fn of_all_rows(mut self, reads: &[Read]) -> Self {
        let Read { schema, table, .. } = &self.read;
        if reads.iter().filter(|read| (&read.schema, &read.table) == (schema, table)).count() > 1 {
            self.read.condition.clear();
        }
        self
    }

    fn is_of(&self, alias: &str, schema: &str, table: &str) -> bool {
        self.alias == alias && self.read.schema == schema && self.read.table == table
    }

    /// For a note: `amount of public.orders`.
    pub fn describe(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        format!("{} of {}.{}", names.join(", "), self.read.schema, self.read.table)
    }
}

impl Attached {
    /// Makes the tables that `used` may name reachable under the alias of each source, those of `exact` exactly. The
    /// sources must be attached under other names.
    pub(in super::super) fn show(&self, connection: &Connection, exact: &[Exact], used: &str) -> engine::Result<()> {
        let used = used.to_lowercase();
        for source in &self.sources {
            let shown = quote_ident(&source.alias);
            connection.execute_batch(&format!("ATTACH ':memory:' AS {shown}"))?;
            for (schema, table, _) in
                source.catalog.tables().filter(|(_, table, _)| used.contains(&table.to_lowercase()))
            {
                let exact: Vec<&Exact> =
                    exact.iter().filter(|exact| exact.is_of(&source.alias, schema, table)).collect();
                let rows = source.rows(connection, schema, table, &exact)?;
                // Without a schema, the extension means `public`.
                for place in [Some(schema), (schema == "public").then_some("main")].into_iter().flatten() {
                    let place = format!("{shown}.{}", quote_ident(place));
                    connection.execute_batch(&format!(
                        "CREATE SCHEMA IF NOT EXISTS {place}; CREATE VIEW {place}.{} AS {rows}",
                        quote_ident(table)
                    ))?;
                }
            }
        }
        Ok(())
    }
}

impl Source {
    fn rows(&self, connection: &Connection, schema: &str, table: &str, exact: &[&Exact]) -> engine::Result<String> {
        let at = format!("{}.{}", quote_ident(schema), quote_ident(table));
        let plain = format!("SELECT * FROM {}.{at}", quote_ident(&self.database));
        let columns =
            self.catalog.tables().find(|known| (known.0, known.1) == (schema, table)).map(|known| &known.2.columns);
        let (Some(columns), false) = (columns, exact.is_empty()) else { return Ok(plain) };
        let kinds = kinds(connection, &plain)?;
        let how = |name: &str| {
            let found = exact.iter().flat_map(|exact| &exact.columns).filter(|(column, _)| column == name);
            // Of several reads of one table, the one with most decimals.
            found.map(|(_, how)| *how).max_by_key(|how| match how {
                ReadAs::Decimal { scale } => *scale,
                ReadAs::Double => 100,
                ReadAs::Text => 200,
            })
        };
        let mut asked = Asked::default();
        let shown = columns.iter().map(|column| {
            let name = quote_ident(&column.name);
            let value = match how(&column.name).or(column.is_domain.then_some(ReadAs::Text)) {
                None => match (column.fields(), kinds.get(&column.name)) {
                    (Some(fields), Some(kind)) => asked.composite(&name, &fields, kind),
                    _ => asked.value(&name),
                },
                Some(ReadAs::Decimal { scale }) => {
                    // What was stored since then must not be rounded.
                    let text = asked.value(&format!(
                        "{name}::text || CASE WHEN scale({name}) > {scale} THEN ' has more decimals' ELSE '' END"
                    ));
                    format!("CAST({text} AS DECIMAL(38, {scale}))")
                }
                Some(ReadAs::Double) => format!("CAST({} AS DOUBLE)", asked.value(&format!("{name}::text"))),
                Some(ReadAs::Text) => asked.value(&format!("{name}::text")),
            };
            format!("{value} AS {name}")
        });
        let shown = shown.collect::<Vec<_>>().join(", ");
        let sql = format!("SELECT {} FROM {at}{} {MARK}", asked.0.join(", "), condition(exact));
        Ok(format!("SELECT {shown} FROM {}", at_source(&self.database, &sql)))
    }
}

/// The engine's types of the columns, by name.
fn kinds(connection: &Connection, select: &str) -> engine::Result<HashMap<String, String>> {
    let mut statement = connection.prepare(&format!("DESCRIBE {select}"))?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Values that a source is asked for, each with a name of its own.
#[derive(Default)]
struct Asked(Vec<String>);

impl Asked {
    /// Returns the name.
    fn value(&mut self, sql: &str) -> String {
        let name = format!("c{}", self.0.len());
        self.0.push(format!("{sql} AS {name}"));
        name
    }

    /// A composite value, which the engine reads only by its fields here. Returns SQL for it as `kind`.
    fn composite(&mut self, name: &str, fields: &[Field], kind: &str) -> String {
        // What was stored since it was looked at must not be misread.
        let is_there = self.value(&format!(
            "CASE WHEN {name}::text ~ '{DOUBTFUL}' THEN 'holds other values now' WHEN {name} IS DISTINCT FROM NULL THEN 'true' END"
        ));
        let fields = fields.iter().map(|Field { name: field, is_domain, .. }| {
            let text = if *is_domain { "::text" } else { "" };
            let value = self.value(&format!("({name}).{}{text}", quote_ident(field)));
            format!("{}: {value}", quote_literal(field))
        });
        let fields = fields.collect::<Vec<_>>().join(", ");
        format!("CASE WHEN CAST({is_there} AS BOOLEAN) THEN CAST({{{fields}}} AS {kind}) END")
    }
}

/// The rows of all reads of a table.
fn condition(exact: &[&Exact]) -> String {
    match exact {
        [] => String::new(),
        exact if exact.iter().any(|exact| exact.read.condition.is_empty()) => String::new(),
        exact => {
            let conditions: Vec<_> = exact.iter().map(|exact| format!("({})", exact.read.condition)).collect();
            format!(" WHERE {}", conditions.join(" OR "))
        }
    }
}
