//! Groups of users, to which access is granted.

mod manage;
mod members;
pub mod view;

pub use manage::{create_group, delete_group, update_group};
pub(in crate::domain) use manage::{ensure_personal_group, owner};
pub(in crate::domain) use members::join;
pub use members::{add_member, add_membership, remove_member, remove_membership};
