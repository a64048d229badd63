//! What groups may use. A grant to one user is a grant to their personal group.

mod manage;
mod overview;
pub mod view;

pub(in crate::domain) use manage::grant;
pub use manage::{Recipient, create_grant, grant_table, revoke_grant, revoke_table, revoke_table_grant};
pub use overview::access_overview;
