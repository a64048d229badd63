//! Connectors: each turns one kind of source into `extracts/<source>/` by the extract contract.

pub(crate) mod custom;
mod drift;
pub mod files;
pub mod keboola;
pub(crate) mod materialize;
mod publish;
mod report;
mod request;
mod source;
mod sources;

pub use publish::{Extracted, LOCK, prune, publish};
pub use report::{Done, Finished, Report, TableError, TableNote};
pub use request::{Request, TableRequest};
pub use source::{Extraction, InvalidRow, Provided, Source, SourceError};
pub use sources::{PROVIDED, Sources};
