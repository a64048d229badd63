//! Finding out whether the state database writes.

use super::Result;
use crate::store::{Store, probe};

/// Writes what is there already, which is committed like any change.
pub async fn write(store: &Store) -> Result<()> {
    store.write(|change| Ok(probe::write(change)?)).await
}
