//! Memberships that come from Google Workspace.

use serde::Serialize;
use serde_json::json;

use crate::config::GoogleGroups;
use crate::domain::accounts::view;
use crate::store::audit::{Action, Actor, Origin};
use crate::store::groups::{GOOGLE_SYNC, Group};
use crate::store::members::{Membership, SOURCE_GOOGLE};
use crate::store::{ADMIN_GROUP, EVERYONE_GROUP, Snapshot, Store, StoreError, Transaction};
use crate::store::{audit, groups, members, users};

const DESCRIPTION: &str = "Auto-created from Google Workspace claim";

/// What is known about a person's groups in Google Workspace.
#[derive(Debug)]
pub enum GoogleGroupList {
    /// Listing groups is not configured.
    NotConfigured,
    /// Google did not answer, or its answer could not be read.
    Unavailable,
    /// Addresses of groups as Google writes them, possibly none.
    Listed(Vec<String>),
}

/// The groups that count, in lower case, without duplicates.
pub fn relevant(groups: &[String], prefix: Option<&str>) -> Vec<String> {
    let mut groups: Vec<String> = groups
        .iter()
        .map(|group| group.trim().to_lowercase())
        // A name that is not an address, such as `admin`, cannot be a Google group.
        .filter(|group| group.contains('@') && group.len() <= 254 && group.starts_with(prefix.unwrap_or_default()))
        .collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// Whether the last groups that Google listed made this account a member of a group.
pub fn is_synced(snapshot: &Snapshot, email: &str) -> bool {
    snapshot.users.by_email(email).is_some_and(|user| {
        let members = snapshot.members.of_user(&user.id);
        members.iter().any(|member| member.source == SOURCE_GOOGLE) || view::is_sso(snapshot, &user.id)
    })
}

/// Sets the user's memberships from Google to `groups`. A failure is logged and does not prevent the sign-in.
pub async fn replace_groups(store: &Store, origin: &Origin, user_id: &str, groups: Vec<String>) {
    let (id, actor) = (user_id.to_owned(), origin.clone().user(user_id));
    let replaced: Result<(), StoreError> = store.write(move |change| replace(change, &actor, &id, &groups)).await;
    if let Err(error) = replaced {
        tracing::warn!(%error, "cannot take over groups from Google; memberships stay as they were");
    }
}

/// Removes all memberships from Google of the account with that address, and ends its sessions and tokens.
pub async fn revoke_groups(store: &Store, origin: &Origin, email: &str) -> Result<(), StoreError> {
    let (email, origin) = (email.to_owned(), origin.clone());
    let written = store.write(move |change| {
        let Some(id) = users::id_of(change, &email)? else { return Ok(()) };
        users::end_tokens(change, &id)?;
        replace(change, &origin.user(&id), &id, &[])
    });
    written.await
}

/// Sets the user's memberships from Google to the groups `emails` (in lower case), creates missing groups, and records
/// what changed. Memberships from other sources stay.
fn replace(change: &Transaction<'_>, actor: &Actor, user_id: &str, emails: &[String]) -> Result<(), StoreError> {
    let (mut added, mut removed, mut kept_last_admin) = (Vec::new(), Vec::new(), false);
    let listed: Vec<(String, String)> =
        emails.iter().map(|email| find_or_create_group(change, actor, email)).collect::<Result<_, _>>()?;
    for (id, name) in members::google_groups_of(change, user_id)? {
        if listed.iter().any(|(listed, _)| *listed == id) {
            continue;
        }
        if name == ADMIN_GROUP && !members::has_other_admin(change, user_id)? {
            tracing::warn!("the last admin is not an admin in Google Workspace; the membership is kept");
            kept_last_admin = true;
            continue;
        }
        members::remove_google(change, user_id, &id)?;
        removed.push(name);
    }
    for (id, name) in listed {
        match members::insert(change, user_id, &id, SOURCE_GOOGLE, GOOGLE_SYNC) {
            Ok(()) => added.push(name),
            // Already a member, through Google or an admin.
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    if added.is_empty() && removed.is_empty() && !kept_last_admin {
        return Ok(());
    }
    let details = json!({ "added": added, "removed": removed, "kept_last_admin": kept_last_admin });
    audit::record(change, actor, Action::UserGoogleSync, &format!("user:{user_id}"), details)
}

/// What a sign-in would do with the groups that Google lists now.
#[derive(Debug, Serialize)]
pub struct GroupsPreview {
    /// Google could not be asked; memberships stay as they are.
    pub soft_failed: bool,
    pub prefix: Option<String>,
    /// Addresses as Google writes them, and those that count.
    pub fetched: Vec<String>,
    pub fetched_relevant: Vec<String>,
    /// The groups that the user is a member of through Google, and the addresses of the Google groups behind them.
    pub current_names: Vec<String>,
    pub current_external_ids: Vec<String>,
    pub would_add: Vec<String>,
    pub would_remove: Vec<String>,
    /// Nothing is changed.
    pub applied: bool,
}

pub async fn preview_groups(
    store: &Store,
    user_id: &str,
    listed: GoogleGroupList,
) -> Result<GroupsPreview, StoreError> {
    let (id, snapshot) = (user_id.to_owned(), store.snapshot());
    let has_other_admin = store.read(move |reader| members::has_other_admin(reader, &id)).await?;
    let google = &snapshot.google;
    let soft_failed = matches!(listed, GoogleGroupList::Unavailable);
    let fetched = match listed {
        GoogleGroupList::Listed(groups) => Some(groups),
        GoogleGroupList::NotConfigured | GoogleGroupList::Unavailable => None,
    };
    let fetched_relevant = relevant(fetched.as_deref().unwrap_or_default(), google.prefix.as_deref());
    let listed: Vec<&str> = fetched_relevant.iter().map(|email| group_name(google, email)).collect();
    let members = snapshot.members.of_user(user_id);
    let group = |member: &Membership| snapshot.groups.get(&member.group_id);
    let all: Vec<&str> = members.iter().filter_map(group).map(|group| group.name.as_str()).collect();
    let mut current: Vec<&Group> =
        members.iter().filter(|member| member.source == SOURCE_GOOGLE).filter_map(group).collect();
    current.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    let address = |group: &&Group| match group.mapped_email(google) {
        Some(email) => Some(email.to_owned()),
        None => group.name.contains('@').then(|| group.name.clone()),
    };
    let is_kept = |name: &str| listed.contains(&name) || (name == ADMIN_GROUP && !has_other_admin);
    let current_names: Vec<String> = current.iter().map(|group| group.name.clone()).collect();
    Ok(GroupsPreview {
        soft_failed,
        prefix: google.prefix.clone(),
        would_add: listed.iter().filter(|name| !all.contains(name)).map(|name| (*name).to_owned()).collect(),
        would_remove: match &fetched {
            Some(_) => current_names.iter().filter(|name| !is_kept(name)).cloned().collect(),
            None => Vec::new(),
        },
        current_external_ids: current.iter().filter_map(address).collect(),
        current_names,
        fetched: fetched.unwrap_or_default(),
        fetched_relevant,
        applied: false,
    })
}

/// The name of the group that a Google group stands for.
fn group_name<'a>(google: &GoogleGroups, email: &'a str) -> &'a str {
    match email {
        email if google.admin.as_deref() == Some(email) => ADMIN_GROUP,
        email if google.everyone.as_deref() == Some(email) => EVERYONE_GROUP,
        email => email,
    }
}

/// Id and name of the group that a Google group stands for.
fn find_or_create_group(change: &Transaction<'_>, actor: &Actor, email: &str) -> Result<(String, String), StoreError> {
    let name = group_name(&change.snapshot().google, email);
    if let Some(existing) = members::group_named(change, name)? {
        return Ok(existing);
    }
    let id = groups::insert(change, name, Some(DESCRIPTION), GOOGLE_SYNC)?;
    audit::record(change, actor, Action::UserGroupCreated, &format!("group:{id}"), json!({ "name": name }))?;
    Ok((id, name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::relevant;

    #[test]
    fn addresses_with_the_prefix_count() {
        let groups = ["GRP_b@x.cz", " grp_a@x.cz", "other@x.cz", "admin", "grp_a@x.cz", ""].map(String::from);
        assert_eq!(relevant(&groups, Some("grp_")), ["grp_a@x.cz", "grp_b@x.cz"]);
        assert_eq!(relevant(&groups, None), ["grp_a@x.cz", "grp_b@x.cz", "other@x.cz"]);
    }
}
