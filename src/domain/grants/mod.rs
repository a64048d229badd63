//! What groups may use. A grant to one user is a grant to their personal group.

mod create;
mod overview;
mod permissions;
mod revoke;
pub mod view;

pub(in crate::domain) use create::grant;
pub use create::{Recipient, create_grant, grant_table};
pub use overview::access_overview;
pub use permissions::{permission, permissions, permissions_of_user};
pub use revoke::{revoke_grant, revoke_table, revoke_table_grant};
