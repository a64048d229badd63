//! Reading rows.

use crate::engine::{self, Connection, OptionalExt, Params, Row, Statement};

/// The state database as one transaction sees it, for reading only.
pub struct Reader<'a>(&'a Connection);

impl<'a> Reader<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self(connection)
    }

    /// The first row, if there is one.
    pub fn find<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> engine::Result<T>,
    ) -> engine::Result<Option<T>> {
        self.one(sql, params, map).optional()
    }

    /// The row of a query that always has one.
    pub fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> engine::Result<T>,
    ) -> engine::Result<T> {
        self.select(sql)?.query_row(params, map)
    }

    /// Every row.
    pub fn list<T, L: FromIterator<T>>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> engine::Result<T>,
    ) -> engine::Result<L> {
        self.select(sql)?.query_map(params, map)?.collect()
    }

    /// Whether there is a row.
    pub(super) fn exists(&self, sql: &str, params: impl Params) -> engine::Result<bool> {
        self.select(sql)?.exists(params)
    }

    /// Changes go through [`super::Change::execute`], which keeps the snapshot current.
    fn select(&self, sql: &str) -> engine::Result<Statement<'a>> {
        match sql.trim_start().starts_with("SELECT ") {
            true => self.0.prepare(sql),
            false => Err(engine::Error::InvalidQuery),
        }
    }
}
