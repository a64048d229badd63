//! Asking a source whether the rows that were read hold values that the engine reads as others.

use super::catalog::{Column, Table};
use super::exact::Exact;
use super::reads::Read;
use super::values::{Found, Risk};
use super::{Source, at_source};
use crate::base::ident::quote_ident;
use crate::engine::{self, Connection};

/// What the checks of a run say together.
pub enum Verdict {
    Right,
    Changed,
    Again(Vec<Exact>),
    Refused(String),
}

impl Verdict {
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Right, verdict) | (verdict, Self::Right) => verdict,
            (Self::Again(mut one), Self::Again(two)) => {
                one.extend(two);
                Self::Again(one)
            }
            (Self::Changed, _) | (_, Self::Changed) => Self::Changed,
            (refused @ Self::Refused(_), _) | (_, refused) => refused,
        }
    }
}

/// A question about one read.
pub struct Guard<'a> {
    read: &'a Read,
    columns: Vec<(&'a Column, Risk)>,
}

impl<'a> Guard<'a> {
    /// `None` if nothing can be wrong.
    pub fn of(table: &'a Table, read: &'a Read, failed: bool) -> Option<Self> {
        let columns = table.columns.iter().filter(|column| read.columns.contains(&column.name));
        let columns: Vec<_> = columns.filter_map(|column| Some((column, Risk::of(column, failed)?))).collect();
        (!columns.is_empty()).then_some(Self { read, columns })
    }

    pub fn sql(&self) -> String {
        let aggregates = self.columns.iter().enumerate();
        let aggregates = aggregates.map(|(at, (column, risk))| format!("{} AS c{at}", risk.aggregate(column)));
        let Read { schema, table, condition, .. } = self.read;
        let filter = if condition.is_empty() { String::new() } else { format!(" WHERE {condition}") };
        format!(
            "SELECT {} FROM {}.{}{filter}",
            aggregates.collect::<Vec<_>>().join(", "),
            quote_ident(schema),
            quote_ident(table)
        )
    }

    pub fn ask(mut self, connection: &Connection, source: &Source) -> engine::Result<Verdict> {
        let mut found = self.found(connection, source)?;
        let unclear = found.iter().map(|found| *found == Found::Unclear);
        if unclear.clone().any(|unclear| unclear) {
            for ((_, risk), unclear) in self.columns.iter_mut().zip(unclear) {
                *risk = if unclear { Risk::Number } else { *risk };
            }
            found = self.found(connection, source)?;
        }
        let mut columns = Vec::new();
        for ((column, _), found) in self.columns.iter().zip(found) {
            match found {
                Found::Fine | Found::Unclear => {}
                Found::As(how) => columns.push((column.name.clone(), how)),
                Found::Refused(reason) => {
                    let Read { schema, table, .. } = self.read;
                    return Ok(Verdict::Refused(format!(
                        "column {} of {schema}.{table} ({}) holds {reason}; leave the column or these rows out, or let the \
                         source convert it in a view of its own, e.g. to text",
                        column.name, column.kind
                    )));
                }
            }
        }
        Ok(if columns.is_empty() {
            Verdict::Right
        } else {
            Verdict::Again(vec![Exact::new(source.alias.clone(), self.read, columns)])
        })
    }

    fn found(&self, connection: &Connection, source: &Source) -> engine::Result<Vec<Found>> {
        connection.query_row(&format!("FROM {}", at_source(&source.database, &self.sql())), [], |row| {
            let told = |at| row.get::<_, Option<String>>(at);
            let found = self.columns.iter().enumerate();
            found.map(|(at, (_, risk))| Ok(Found::of(*risk, told(at)?.as_deref()))).collect()
        })
    }
}
