//! Users as responses show them.

use crate::access::is_admin;
use crate::base::time;
use crate::config::GoogleGroups;
use crate::protocol::auth::GroupRef;
use crate::protocol::users::User as Body;
use crate::server::{ApiError, AppState};
use crate::store::Snapshot;
use crate::store::groups::GOOGLE_SYNC;
use crate::store::members::SOURCE_GOOGLE;
use crate::store::users::User;

/// The user with that id, as of now.
pub fn current(app: &AppState, id: &str) -> Result<Body, ApiError> {
    let snapshot = app.store.snapshot();
    let found = snapshot.users.get(id).ok_or_else(|| ApiError::not_found("User not found"))?;
    Ok(user(&app.config.google_groups, &snapshot, found))
}

pub fn user(google: &GoogleGroups, snapshot: &Snapshot, user: &User) -> Body {
    let is_admin = is_admin(snapshot, &user.id);
    Body {
        id: user.id.clone(),
        email: user.email.clone(),
        name: user.name.clone(),
        role: role(is_admin).into(),
        is_admin,
        is_sso_user: is_sso(google, snapshot, &user.id),
        groups: groups(google, snapshot, &user.id),
        active: user.active,
        created_at: user.created_at.map(time::spaced),
        deactivated_at: user.deactivated_at.map(time::spaced),
        invite_url: None,
        invite_email_sent: None,
    }
}

/// The user's groups, system groups first, then by name.
pub fn groups(google: &GoogleGroups, snapshot: &Snapshot, user_id: &str) -> Vec<GroupRef> {
    let mut groups: Vec<GroupRef> = snapshot
        .members
        .of_user(user_id)
        .iter()
        .filter_map(|member| snapshot.groups.get(&member.group_id))
        .map(|group| GroupRef {
            id: group.id.clone(),
            name: group.name.clone(),
            is_system: group.is_system,
            origin: group.origin(google).into(),
        })
        .collect();
    groups.sort_by(|a, b| b.is_system.cmp(&a.is_system).then_with(|| a.name.cmp(&b.name)));
    groups
}

/// Whether the user comes from Google Workspace: member of a group that is synced from there.
pub fn is_sso(google: &GoogleGroups, snapshot: &Snapshot, user_id: &str) -> bool {
    snapshot
        .members
        .of_user(user_id)
        .iter()
        .filter_map(|member| Some((member, snapshot.groups.get(&member.group_id)?)))
        .any(|(member, group)| match group.created_by.as_deref() {
            Some(GOOGLE_SYNC) => true,
            _ => member.source == SOURCE_GOOGLE && group.mapped_email(google).is_some(),
        })
}

/// A label only; what a user may do follows from groups and grants.
pub fn role(is_admin: bool) -> &'static str {
    if is_admin { "admin" } else { "user" }
}
