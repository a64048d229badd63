//! What a source offers, and descriptions sent there.

mod names;
mod push;
mod register;
mod tables;

pub use push::push_descriptions;
pub use register::register_discovered_tables;
pub use tables::discover_tables;

use super::Error;
use crate::connectors::SourceError;

/// Why a source was not asked, or what went wrong there.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    #[error("Discovery failed: {0}")]
    List(SourceError),
    #[error("Discovery and registration failed: {0}")]
    Register(SourceError),
    #[error("{0}")]
    Push(SourceError),
    #[error(transparent)]
    Other(#[from] Error),
}
