//! One table at a time: what it is, a few of its rows, and extracts of it.

mod catalog;
pub(super) mod described;
mod freshness;
mod only;
mod quota;
mod related;
mod sample;
mod scan;
mod schema;
mod selection;
mod ungranted;

pub use catalog::{catalog, catalog_entry};
pub use freshness::is_stale;
pub use quota::Quotas;
pub use related::related;
pub use sample::sample;
pub use scan::{Scan, ScanError};
pub use schema::schema;
pub use ungranted::{shows_ungranted, ungranted};

use crate::access::{Denied, Principal, ReadableTable, readable};
use crate::domain::{Error, Result};
use crate::extract::Publication;
use crate::protocol::vocabulary::{QueryMode, SourceType, SqlFlavor};
use crate::store::Snapshot;

/// Finds a table by its id or name. Somebody without a grant learns nothing about whether there is one.
pub fn find(
    snapshot: &Snapshot,
    publication: &Publication,
    caller: &Principal,
    id_or_name: &str,
) -> Result<ReadableTable> {
    readable(snapshot, publication, caller, id_or_name).map_err(|denied| match denied {
        Denied::Forbidden => Error::Forbidden("not authorized for this table".into()),
        Denied::NotPublished => missing(snapshot, id_or_name),
    })
}

/// Why there are no rows of a table that the caller may read.
fn missing(snapshot: &Snapshot, id_or_name: &str) -> Error {
    let registered = snapshot.registry.by_name(id_or_name).or_else(|| snapshot.registry.get(id_or_name));
    match registered {
        None => Error::NotFound(format!("table '{id_or_name}' not found")),
        Some(table) if flavor(table.source(), table.mode()) == SqlFlavor::Bigquery => {
            Error::Conflict(format!("table '{id_or_name}' stays in BigQuery, which this server cannot read"))
        }
        Some(_) => {
            Error::NotFound(format!("table '{id_or_name}' has no data yet; ask an admin whether its sync succeeds"))
        }
    }
}

/// The SQL of the predicates on a table.
fn flavor(source: &SourceType, mode: &QueryMode) -> SqlFlavor {
    match mode {
        QueryMode::Remote if *source == SourceType::BIGQUERY => SqlFlavor::Bigquery,
        _ => SqlFlavor::Duckdb,
    }
}

/// How many rows and bytes the files of a table have; nothing about rows that are at their source.
fn size(table: &ReadableTable) -> Option<(u64, u64)> {
    let is_here = *table.query_mode() != QueryMode::Remote;
    is_here.then(|| (u64::try_from(table.table().rows).unwrap_or_default(), table.table().size_bytes()))
}
