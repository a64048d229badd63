//! What a run was asked for.

use std::collections::HashSet;

use crate::store::registry::Table;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RunScope {
    /// Every table that is due.
    Due,
    /// These registry ids, due or not.
    Ids(HashSet<String>),
}

impl RunScope {
    /// These ids, or without any what is due.
    pub(super) fn of(ids: Option<HashSet<String>>) -> Self {
        ids.map_or(Self::Due, Self::Ids)
    }

    /// The ids in order; none for what is due.
    pub(super) fn ids(&self) -> Option<Vec<String>> {
        let Self::Ids(ids) = self else { return None };
        let mut ids: Vec<_> = ids.iter().cloned().collect();
        ids.sort();
        Some(ids)
    }

    /// Both requests in one run.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Ids(mut ids), Self::Ids(more)) => {
                ids.extend(more);
                Self::Ids(ids)
            }
            _ => Self::Due,
        }
    }

    /// Returns whether the table is requested by its id or, if everything that is due is, `is_due`.
    pub(super) fn covers(&self, table: &Table, is_due: impl FnOnce() -> bool) -> bool {
        match self {
            Self::Ids(ids) => ids.contains(&table.id),
            Self::Due => is_due(),
        }
    }
}
