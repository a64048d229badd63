//! Users as responses show them.

use crate::access::{AuthKind, Principal, is_admin};
use crate::base::time;
use crate::domain::{Error, Result};
use crate::protocol::auth::{AuthInfo, GroupRef, Me};
use crate::protocol::users::User as Body;
use crate::store::Snapshot;
use crate::store::groups::GOOGLE_SYNC;
use crate::store::members::SOURCE_GOOGLE;
use crate::store::users::User;

/// Returns all users, by address.
pub fn users(snapshot: &Snapshot) -> Vec<Body> {
    snapshot.users.all().into_iter().map(|user| body(snapshot, user)).collect()
}

/// Returns the user with that id.
pub fn user(snapshot: &Snapshot, id: &str) -> Result<Body> {
    Ok(body(snapshot, existing(snapshot, id)?))
}

fn body(snapshot: &Snapshot, user: &User) -> Body {
    let is_admin = is_admin(snapshot, &user.id);
    Body {
        id: user.id.clone(),
        email: user.email.clone(),
        name: user.name.clone(),
        role: role(is_admin).into(),
        is_admin,
        is_sso_user: is_sso(snapshot, &user.id),
        groups: groups(snapshot, &user.id),
        active: user.active,
        created_at: user.created_at.map(time::spaced),
        deactivated_at: user.deactivated_at.map(time::spaced),
        invite_url: None,
        invite_email_sent: None,
    }
}

/// Returns the caller, with the name and groups that the snapshot has.
pub fn me(snapshot: &Snapshot, caller: &Principal) -> Result<Me> {
    let user = existing(snapshot, &caller.user().id)?;
    let (kind, token_id) = match caller.kind() {
        AuthKind::Session(_) => ("session", None),
        AuthKind::Token(id) => ("pat", Some(id.clone())),
        AuthKind::Scheduler => ("scheduler", None),
        AuthKind::Dev => ("dev", None),
    };
    Ok(Me {
        id: user.id.clone(),
        user_id: user.id.clone(),
        email: user.email.clone(),
        name: user.name.clone(),
        role: role(caller.is_admin()).into(),
        is_admin: caller.is_admin(),
        is_sso_user: is_sso(snapshot, &user.id),
        active: user.active,
        created_at: user.created_at.map(time::spaced),
        groups: groups(snapshot, &user.id),
        auth: AuthInfo {
            kind: kind.into(),
            expires_at: caller.expires_at().map(|at| format!("{}+00:00", time::spaced(at))),
            token_id,
        },
    })
}

/// Returns the stored user with that id.
pub fn existing<'a>(snapshot: &'a Snapshot, id: &str) -> Result<&'a User> {
    snapshot.users.get(id).map(AsRef::as_ref).ok_or_else(|| Error::not_found("User not found"))
}

/// Returns `admin` or `user`. A label only: what a user may do follows from groups and grants.
pub fn role(is_admin: bool) -> &'static str {
    if is_admin { "admin" } else { "user" }
}

/// Returns the user's groups, system groups first, then by name.
fn groups(snapshot: &Snapshot, user_id: &str) -> Vec<GroupRef> {
    let mut groups: Vec<GroupRef> = snapshot
        .members
        .of_user(user_id)
        .iter()
        .filter_map(|member| snapshot.groups.get(&member.group_id))
        .map(|group| GroupRef {
            id: group.id.clone(),
            name: group.name.clone(),
            is_system: group.is_system,
            origin: group.origin(&snapshot.google).into(),
        })
        .collect();
    groups.sort_by(|a, b| b.is_system.cmp(&a.is_system).then_with(|| a.name.cmp(&b.name)));
    groups
}

/// Returns whether the user comes from Google Workspace, that is, is a member of a group that is synced from there.
pub fn is_sso(snapshot: &Snapshot, user_id: &str) -> bool {
    snapshot
        .members
        .of_user(user_id)
        .iter()
        .filter_map(|member| Some((member, snapshot.groups.get(&member.group_id)?)))
        .any(|(member, group)| match group.created_by.as_deref() {
            Some(GOOGLE_SYNC) => true,
            _ => member.source == SOURCE_GOOGLE && group.mapped_email(&snapshot.google).is_some(),
        })
}
