//! Groups, members and memberships as responses show them.

use super::owner;
use crate::base::time;
use crate::domain::accounts::view::existing as existing_user;
use crate::domain::{Error, Result, rules};
use crate::protocol::access::{Group as GroupBody, Member, Membership as MembershipBody};
use crate::store::Snapshot;
use crate::store::groups::Group;
use crate::store::members::{Membership, SOURCE_GOOGLE};

/// Returns all groups, by name.
pub fn groups(snapshot: &Snapshot) -> Vec<GroupBody> {
    snapshot.groups.all().into_iter().map(|group| body(snapshot, group)).collect()
}

/// Returns the group with that id.
pub fn group(snapshot: &Snapshot, id: &str) -> Result<GroupBody> {
    Ok(body(snapshot, existing(snapshot, id)?))
}

fn body(snapshot: &Snapshot, group: &Group) -> GroupBody {
    GroupBody {
        id: group.id.clone(),
        name: group.name.clone(),
        description: group.description.clone(),
        is_system: group.is_system,
        origin: group.origin(&snapshot.google).into(),
        created_at: group.created_at.map(time::spaced),
        created_by: group.created_by.clone(),
        member_count: snapshot.members.of_group(&group.id).len(),
        grant_count: snapshot.grants.of_group(&group.id).len(),
        is_google_managed: group.is_google_managed(&snapshot.google),
        mapped_email: group.mapped_email(&snapshot.google).map(str::to_owned),
    }
}

/// Returns how people call a group: a personal one by the address of its owner.
pub fn label(snapshot: &Snapshot, group: &Group) -> String {
    owner(snapshot, group).map_or_else(|| group.name.clone(), |owner| format!("Only {}", owner.email))
}

/// Returns the groups that are not personal, by name.
pub fn named_groups(snapshot: &Snapshot) -> Vec<&Group> {
    let mut groups = snapshot.groups.all();
    groups.retain(|group| owner(snapshot, group).is_none());
    groups
}

/// Returns why an admin cannot remove this membership here, if that is so.
pub fn fixed(snapshot: &Snapshot, user_id: &str, group: &Group, source: &str) -> Option<&'static str> {
    if source == SOURCE_GOOGLE || group.is_google_managed(&snapshot.google) {
        return Some("Managed in Google Workspace");
    }
    if snapshot.users.get(user_id).is_some_and(|user| rules::is_service_account(&user.email)) {
        return Some("The account of the scheduler");
    }
    owner(snapshot, group).map(|_| "A personal group keeps its only member")
}

/// Returns the stored group with that id.
pub fn existing<'a>(snapshot: &'a Snapshot, id: &str) -> Result<&'a Group> {
    snapshot.groups.get(id).ok_or_else(|| Error::not_found("Group not found"))
}

/// Returns the stored group, unless its members are managed in Google Workspace.
pub fn editable<'a>(snapshot: &'a Snapshot, id: &str) -> Result<&'a Group> {
    let group = existing(snapshot, id)?;
    if group.is_google_managed(&snapshot.google) {
        return Err(Error::ManagedByGoogle);
    }
    Ok(group)
}

/// Returns the members of a group, by address.
pub fn members(snapshot: &Snapshot, group_id: &str) -> Result<Vec<Member>> {
    existing(snapshot, group_id)?;
    let member = |member: &Membership| {
        let user = snapshot.users.get(&member.user_id)?;
        Some(Member {
            user_id: user.id.clone(),
            email: user.email.clone(),
            name: user.name.clone(),
            active: user.active,
            source: member.source.clone(),
            added_at: member.added_at.map(time::spaced),
            added_by: member.added_by.clone(),
        })
    };
    let mut members: Vec<_> = snapshot.members.of_group(group_id).iter().filter_map(member).collect();
    members.sort_by(|a, b| a.email.cmp(&b.email));
    Ok(members)
}

/// Returns one member of a group.
pub fn member(snapshot: &Snapshot, group_id: &str, user_id: &str) -> Result<Member> {
    let mut members = members(snapshot, group_id)?.into_iter();
    members.find(|member| member.user_id == user_id).ok_or_else(|| Error::not_found("User not found"))
}

/// Returns the memberships of a user, system groups first, then by name.
pub fn memberships(snapshot: &Snapshot, user_id: &str) -> Result<Vec<MembershipBody>> {
    existing_user(snapshot, user_id)?;
    let membership = |member: &Membership| {
        let group = snapshot.groups.get(&member.group_id)?;
        Some(MembershipBody {
            group_id: group.id.clone(),
            group_name: group.name.clone(),
            is_system: group.is_system,
            origin: group.origin(&snapshot.google).into(),
            source: member.source.clone(),
            added_at: member.added_at.map(time::spaced),
            added_by: member.added_by.clone(),
        })
    };
    let mut memberships: Vec<_> = snapshot.members.of_user(user_id).iter().filter_map(membership).collect();
    memberships.sort_by(|a, b| b.is_system.cmp(&a.is_system).then_with(|| a.group_name.cmp(&b.group_name)));
    Ok(memberships)
}

/// Returns the membership of a user in one group.
pub fn membership(snapshot: &Snapshot, user_id: &str, group_id: &str) -> Result<MembershipBody> {
    let mut memberships = memberships(snapshot, user_id)?.into_iter();
    memberships.find(|member| member.group_id == group_id).ok_or_else(|| Error::not_found("Group not found"))
}
