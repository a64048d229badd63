use std::ops::Deref;
use std::sync::Arc;

use super::{Change, Snapshot};

/// A change together with the state that it started from.
pub struct Transaction<'a> {
    pub(super) change: Change<'a>,
    pub(super) snapshot: Arc<Snapshot>,
}

impl Transaction<'_> {
    /// The state that the change started from. Changes run one after the other, so a rule that is checked against it still
    /// holds at the commit.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl<'a> Deref for Transaction<'a> {
    type Target = Change<'a>;

    fn deref(&self) -> &Change<'a> {
        &self.change
    }
}
