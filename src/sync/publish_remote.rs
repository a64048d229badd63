//! Tables that stay at their source. Each is reached once at each rebuild, so that what is published can be read.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::time::Duration;

use crate::base::ident::quote_ident;
use crate::engine::parse::Parser;
use crate::engine::{self, Connection, Limits, Sandbox};
use crate::extract::{
    Column, Content, Extract, PublishedTable, RemoteAttach, RemotePolicy, RemoteTable, TableMeta, source_message,
};

/// How long it may take to read the columns of one table.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The remote side of one extract, attached when the first table needs it.
pub(super) struct RemoteSource<'a> {
    extract: &'a Extract,
    policy: &'a RemotePolicy,
    limits: &'a Limits,
    reached: OnceCell<Result<(Connection, Parser), String>>,
}

/// The source of each alias: the tables of all sources are attached side by side.
#[derive(Default)]
pub(super) struct Aliases(HashMap<String, (String, RemoteAttach)>);

impl Aliases {
    /// Returns the table, unless an alias that it needs is used by another source in another way.
    pub(super) fn claim(&mut self, table: PublishedTable) -> Result<PublishedTable, String> {
        let Content::Remote(remote) = &table.content else { return Ok(table) };
        for attach in &remote.attach {
            let claim = || (table.source.clone(), attach.clone());
            let (owner, known) = self.0.entry(attach.alias.to_lowercase()).or_insert_with(claim);
            if known != attach {
                return Err(format!("its alias {} is already used by {owner}; choose another", attach.alias));
            }
        }
        Ok(table)
    }
}

impl<'a> RemoteSource<'a> {
    pub(super) fn new(extract: &'a Extract, policy: &'a RemotePolicy, limits: &'a Limits) -> Self {
        Self { extract, policy, limits, reached: OnceCell::new() }
    }

    /// Returns the table, after reading its columns.
    pub(super) fn publish(&self, source: &str, meta: &TableMeta) -> Result<PublishedTable, String> {
        let sql = self.extract.views.get(&meta.table_name.to_lowercase());
        let sql = sql.ok_or("a remote table needs a view of its name")?;
        let (connection, parser) = self.reached.get_or_init(|| self.reach()).as_ref().map_err(Clone::clone)?;
        let remote = RemoteTable::of_view(parser, sql, &self.extract.attach).map_err(|error| error.to_string())?;
        let describe = format!("DESCRIBE {}", remote.select);
        let columns = engine::within(connection, TIMEOUT, |connection| {
            let mut statement = connection.prepare(&describe)?;
            let columns = statement.query_map([], |row| Ok(Column { name: row.get(0)?, column_type: row.get(1)? }))?;
            columns.collect::<engine::Result<_>>()
        });
        let columns: Vec<_> = columns.map_err(|error| {
            let advice = "change the view in the extract of the source, or take it out";
            let reason = source_message(&engine::message(&error), advice);
            format!("view {}: {reason}", quote_ident(&meta.table_name))
        })?;
        let table = PublishedTable::new(source, meta, Content::Remote(remote), meta.rows, String::new());
        Ok(PublishedTable { columns: columns.into(), ..table })
    }

    fn reach(&self) -> Result<(Connection, Parser), String> {
        if self.extract.attach.is_empty() {
            return Err("it has remote tables, but no _remote_attach says where they are".into());
        }
        let open = || {
            let connection = engine::in_memory(&self.policy.limits(self.limits))?;
            Ok((connection, Parser::new()?))
        };
        let (connection, parser) = open().map_err(|error: engine::Error| engine::message(&error))?;
        self.policy.attach(&connection, &self.extract.attach).map_err(|error| error.to_string())?;
        Sandbox::default().lock(&connection).map_err(|error| engine::message(&error))?;
        Ok((connection, parser))
    }
}
