//! `agnes admin grant`

mod create;
mod delete;
mod list;
mod resource_types;

use crate::cli::commands;

const GRANTS: [&str; 3] = ["api", "admin", "grants"];

commands! {
    /// Grants: what groups may read
    Grant {
        List(list::List),
        Create(create::Create),
        Delete(delete::Delete),
        ResourceTypes(resource_types::ResourceTypes),
    }
}
