//! People who can sign in, and the operations of administrators on their accounts.

mod break_glass;
mod manage;
pub mod view;

pub use break_glass::break_glass_grant_admin;
pub use manage::{create_user, delete_user, issue_reset_token, record_invitation};
pub use manage::{set_password, update_own_name, update_user};
