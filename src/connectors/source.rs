//! What every source can do.

use std::ffi::OsString;
use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Report, Request};
use crate::base::secret::Secret;
use crate::config::Settings;
use crate::extract::RemoteAttach;
use crate::protocol::discovery::DiscoveredTable;
use crate::protocol::vocabulary::{QueryMode, SourceType};
use crate::store::column_metadata::ColumnMetadata;
use crate::store::registry::Table;

/// A source that Agnes provides.
pub struct Provided {
    pub kind: SourceType,
    /// Help text of `agnes extract KIND`, which calls [`Source::extract`]; `None`: no such command exists.
    pub command: Option<&'static str>,
    /// Reads the settings of the source, once.
    pub configure: fn(&Settings) -> Arc<dyn Source>,
}

/// A place that tables come from.
pub trait Source: Debug + Send + Sync {
    /// What registry rows call it; also the name of its directory below `DATA_DIR/extracts`.
    fn kind(&self) -> SourceType;

    /// What people call it.
    fn title(&self) -> String {
        self.kind().into()
    }

    /// How the tables that it fetches can be queried.
    fn query_modes(&self) -> &[QueryMode] {
        &[QueryMode::Local, QueryMode::Remote, QueryMode::Materialized]
    }

    /// Returns whether tables may be registered although another source is the main one.
    fn is_configured(&self) -> bool {
        true
    }

    /// Checks the fields of a registry row that locate its table at the source.
    fn check(&self, _row: &Table) -> Result<(), InvalidRow> {
        Ok(())
    }

    /// Returns whether its tables may have primary keys that a registry row need not repeat.
    fn has_keys(&self) -> bool {
        false
    }

    /// The child process that fetches its tables.
    fn extraction(&self) -> Extraction;

    /// How its tables are reached without fetching them.
    fn attachment(&self) -> Option<RemoteAttach> {
        None
    }

    /// Checks that address and credentials are there, without using them.
    fn ready(&self) -> Result<(), SourceError> {
        Ok(())
    }

    /// Fetches tables in this process, for a source with a command of its own.
    fn extract(&self, _request: Request) -> BoxFuture<'_, Result<Report, SourceError>> {
        let error = SourceError::Unusable(format!("{} has no extractor of its own", self.kind()));
        Box::pin(std::future::ready(Err(error)))
    }

    /// Lists the tables that it offers, in order of their ids; `None`: it cannot list them.
    fn discover(&self) -> Option<BoxFuture<'_, Result<Vec<DiscoveredTable>, SourceError>>> {
        None
    }

    /// What a person would call a bucket, for the name of a discovered table whose own name is taken.
    fn bucket_label<'a>(&self, bucket: &'a str) -> &'a str {
        bucket
    }

    /// Stores types and descriptions of columns at the source; `None`: it does not take any.
    fn push_descriptions<'a>(
        &'a self,
        _row: &'a Table,
        _columns: Vec<Arc<ColumnMetadata>>,
    ) -> Option<BoxFuture<'a, Result<(), SourceError>>> {
        None
    }
}

/// A child process: `agnes extract …`.
#[derive(Clone, Debug, Default)]
pub struct Extraction {
    /// What follows `agnes extract`.
    pub arguments: Vec<OsString>,
    /// Variables that it sees besides those of every extractor; `NAME_*` means all that begin with `NAME_`.
    pub variables: Vec<String>,
    /// Credentials as the server resolved them, under the names that the extractor looks for: it sees neither `${NAME}`
    /// of instance.yaml nor the server's other variables.
    pub secrets: Vec<(&'static str, Secret)>,
}

impl Extraction {
    pub fn new<const N: usize>(arguments: [OsString; N]) -> Self {
        Self { arguments: arguments.into(), ..Self::default() }
    }

    /// Adds what another extraction sees.
    pub fn seeing(mut self, other: &Self) -> Self {
        self.variables.extend_from_slice(&other.variables);
        self.secrets.extend_from_slice(&other.secrets);
        self
    }

    /// Returns whether it sees that variable.
    pub fn sees(&self, name: &str) -> bool {
        self.variables.iter().any(|allowed| match allowed.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == allowed,
        })
    }
}

/// A field of a registry row that the source cannot use.
#[derive(Debug)]
pub struct InvalidRow {
    pub field: &'static str,
    pub reason: String,
    pub input: Value,
}

/// Why a source could not do something.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// An address or credentials are missing or wrong.
    #[error("{0}")]
    Unusable(String),
    /// It was reached and failed.
    #[error("{0}")]
    Failed(String),
}
