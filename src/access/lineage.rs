//! What the rows of a result come from.

use std::collections::BTreeSet;

use super::ReadableTable;
use crate::protocol::vocabulary::SourceType;
use crate::store::Snapshot;
use crate::store::lineage::Ancestor;

/// A table of a saved query, of which it is not known what its rows were made of.
#[derive(Debug, thiserror::Error)]
#[error("it is not known what '{0}' was made of; refresh that table first")]
pub struct UnknownOrigin(String);

/// The tables that a statement named, and all that those were made of, each once.
pub fn ancestors(snapshot: &Snapshot, named: &[ReadableTable]) -> Result<Vec<Ancestor>, UnknownOrigin> {
    let mut ancestors = BTreeSet::new();
    for table in named {
        let name = &table.table().name;
        let row = snapshot.registry.get(table.id()).map(AsRef::as_ref);
        ancestors.insert(Ancestor::new(table.id(), name, row));
        if table.table().source == SourceType::SAVED_QUERIES.as_str() {
            let query = snapshot.saved_queries.of_table(table.id());
            let behind = query.and_then(|query| snapshot.versions.lineage(&query.id, &table.table().version()));
            let behind = behind.ok_or_else(|| UnknownOrigin(name.clone()))?;
            ancestors.extend(behind.iter().cloned());
        }
    }
    Ok(ancestors.into_iter().collect())
}
