//! People who can sign in, and the operations of administrators on their accounts.

mod break_glass;
mod create;
mod manage;
mod password;
pub mod view;

pub use break_glass::break_glass_grant_admin;
pub use create::{create_user, record_invitation};
pub use manage::{delete_user, update_own_name, update_user};
pub use password::{issue_reset_token, set_password};

const MANAGED_ELSEWHERE: &str =
    "User is managed by an external SSO provider; this operation must be performed in the upstream system";
