//! Connectors: each turns one kind of source into `extracts/<source>/` by the extract contract.

mod column_changes;
pub(crate) mod custom;
mod exchange;
pub mod files;
pub mod keboola;
pub(crate) mod materialize;
mod publish;
mod records;
mod source;
mod sources;

pub use exchange::{Done, Finished, Report, Request, TableError, TableNote, TableRequest};
pub use publish::{Extracted, LOCK, prune, publish};
pub use source::{Extraction, InvalidRow, Provided, Source, SourceError};
pub use sources::{CurrentSources, PROVIDED, Sources};
