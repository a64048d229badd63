//! Groups of users, to which access is granted.

mod manage;
mod members;
mod personal;
pub mod view;

pub use manage::{create_group, delete_group, update_group};
pub(in crate::domain) use members::join;
pub use members::{add_member, add_membership, remove_member, remove_membership};
pub(in crate::domain) use personal::{ensure_personal_group, owner};
