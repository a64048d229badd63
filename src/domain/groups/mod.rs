//! Groups of users, to which access is granted.

mod create;
mod delete;
mod members;
mod personal;
mod update;
pub mod view;

pub use create::create_group;
pub use delete::delete_group;
pub(in crate::domain) use members::join;
pub use members::{add_member, add_membership, remove_member, remove_membership};
pub(in crate::domain) use personal::{ensure_personal_group, owner};
pub use update::update_group;

/// Maximum length of names and descriptions, in characters.
const MAX_NAME_CHARS: usize = 200;
const MAX_DESCRIPTION_CHARS: usize = 2000;
