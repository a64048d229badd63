//! `agnes snapshot`: parts of tables, kept in the workspace and queried like tables.

mod create;
mod drop;
mod estimate;
mod fetch;
pub(super) mod held;
mod install;
mod list;
mod meta;
mod naming;
mod predicates;
mod prune;
mod quota;
mod refresh;
mod removal;
pub(super) mod stored;

use super::commands;

commands! {
    /// Keep parts of tables in this workspace, and query them like tables
    Snapshot {
        Create(create::Create),
        List(list::List),
        Refresh(refresh::Refresh),
        Drop(drop::Drop),
        Prune(prune::Prune),
    }
}
