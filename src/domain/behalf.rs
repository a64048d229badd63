//! Changes on behalf of a caller.

use super::{Error, Result};
use crate::access::{Lapsed, Proof};
use crate::store::{Store, Transaction};

/// Makes a change on behalf of a caller, who must still have the rights of the proof when its turn comes.
pub(super) async fn write_as<T: Send + 'static>(
    store: &Store,
    caller: impl Proof,
    change: impl FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let written = store.write(move |transaction| {
        caller.confirm(transaction.snapshot())?;
        change(transaction)
    });
    written.await
}

impl From<Lapsed> for Error {
    fn from(lapsed: Lapsed) -> Self {
        match lapsed {
            Lapsed::Unauthorized(reason) => Self::Unauthorized(reason.to_string()),
            Lapsed::NotAdmin => Self::Forbidden(lapsed.to_string()),
        }
    }
}
