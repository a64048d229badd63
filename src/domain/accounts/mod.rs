//! People who can sign in, and the operations of administrators on their accounts.

mod break_glass;
mod create;
mod delete;
mod password;
mod update;
pub mod view;

pub use break_glass::{BreakGlassGrant, break_glass_grant_admin};
pub use create::{CreatedUser, create_user, record_invitation};
pub use delete::delete_user;
pub use password::{ResetToken, issue_reset_token, set_password};
pub use update::{update_own_name, update_user};

use super::{Error, rules};
use crate::store::users::User;
use crate::store::{Change, StoreError, members};

const MANAGED_ELSEWHERE: &str =
    "User is managed by an external SSO provider; this operation must be performed in the upstream system";

/// Checks that a user can be deactivated or deleted, which `action` says: not the admin who requests it, not the
/// scheduler's account, and not the last active admin.
fn check_removable(change: &Change<'_>, user: &User, admin_id: &str, action: &str) -> Result<(), Error> {
    if user.id == admin_id {
        return Err(Error::conflict(format!("Cannot {action} yourself")));
    }
    if rules::is_service_account(&user.email) {
        return Err(Error::conflict(format!(
            "The scheduler's account cannot be {action}d; unset SCHEDULER_API_TOKEN to disable it"
        )));
    }
    if user.active && is_last_admin(change, &user.id)? {
        return Err(Error::conflict(format!("Cannot {action} the last active admin")));
    }
    Ok(())
}

fn is_last_admin(change: &Change<'_>, id: &str) -> Result<bool, StoreError> {
    Ok(members::is_admin(change, id)? && !members::has_other_admin(change, id)?)
}
