//! Which source owns a view name: the first that published it, for as long as it does.

use std::collections::HashMap;

use super::{Change, Result};
use crate::engine::params;

/// Lower-cased view name → source, as of this transaction.
pub fn load(change: &Change<'_>) -> Result<HashMap<String, String>> {
    Ok(change.list("SELECT lower(view_name), source_name FROM view_ownership", [], |row| row.try_into())?)
}

/// Replaces all owners with these (view, source) pairs; those that stay keep their time.
pub fn replace(change: &Change<'_>, owners: &[(String, String)]) -> Result<()> {
    let current = load(change)?;
    let next: HashMap<String, &str> =
        owners.iter().map(|(view, source)| (view.to_lowercase(), source.as_str())).collect();
    for (view, source) in &current {
        if next.get(view) != Some(&source.as_str()) {
            change.run("DELETE FROM view_ownership WHERE lower(view_name) = ?", [view])?;
        }
    }
    for (view, source) in owners {
        if current.get(&view.to_lowercase()) != Some(source) {
            change.run(
                "INSERT INTO view_ownership (view_name, source_name, registered_at)
                 VALUES (?, ?, make_timestamp(?::BIGINT))",
                params![view, source, change.now.as_microsecond()],
            )?;
        }
    }
    Ok(())
}
