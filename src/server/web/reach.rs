//! What one person may read, and why: a part of the pages about people and about access.

use minijinja::{Value, context};

use super::listing::Listing;
use super::{PageContext, PageResult};
use crate::domain::accounts::view::existing;
use crate::domain::grants::reach::{Reached, gains, reach};
use crate::domain::grants::view::resource_types;
use crate::domain::groups::view::{label, named_groups};
use crate::store::Snapshot;

const COLUMNS: &[(&str, &str)] = &[("name", "Resource"), ("type", "Type"), ("", "Through"), ("", "State")];

/// The list for one person: with `join` in the address, what would be open to them as a member of that group.
pub fn values(page: &PageContext, list: &Listing, user_id: &str) -> PageResult<Value> {
    let (snapshot, publication) = (page.app.store.snapshot(), page.app.orchestrator.publication());
    let user = existing(&snapshot, user_id)?;
    let join = list.filter("join");
    let mut items = match join {
        Some(group) => gains(&snapshot, &publication, user_id, group)?,
        None => reach(&snapshot, &publication, user_id)?,
    };
    let open = items.iter().filter(|item| item.is_open).count();
    items.retain(|item| {
        list.matches(&[&item.name, &item.id])
            && list.filter("type").is_none_or(|kind| item.resource_type.as_str() == kind)
            && list.filter("via").is_none_or(|id| item.via_groups.iter().any(|via| via.group_id == id))
    });
    list.sort(&mut items, "name", |column, one, other| match column {
        "type" => (&one.resource_type, &one.name).cmp(&(&other.resource_type, &other.name)),
        _ => (one.name.to_lowercase(), &one.id).cmp(&(other.name.to_lowercase(), &other.id)),
    });
    let rows: Vec<Value> = list.page(&items).iter().map(row).collect();
    let groups = snapshot.members.of_user(user_id).iter();
    let own = groups.filter_map(|member| snapshot.groups.get(&member.group_id));
    let own: Vec<_> = own.map(|group| vec![group.id.clone(), label(&snapshot, group)]).collect();
    let types: Vec<_> = resource_types().into_iter().map(|kind| vec![kind.key, kind.display_name]).collect();
    let joinable = named_groups(&snapshot).into_iter().filter(|group| !own.iter().any(|own| own[0] == group.id));
    let joinable: Vec<_> = joinable.map(|group| vec![group.id.clone(), group.name.clone()]).collect();
    let is_filtered = ["q", "type", "via"].iter().any(|name| list.filter(name).is_some());
    Ok(context! {
        list => list.values(items.len(), COLUMNS, "name"),
        rows, types, joinable, open, is_filtered,
        groups => own,
        joined => join.map(|id| joined(&snapshot, id)),
        unfiltered => list.address(&[("q", None), ("type", None), ("via", None), ("page", None)]),
        without_join => list.address(&[("join", None), ("page", None)]),
        is_admin => crate::access::is_admin(&snapshot, user_id),
        active => user.active,
        email => &user.email,
        person => list.filter("person"),
    })
}

fn joined(snapshot: &Snapshot, group_id: &str) -> Value {
    let name = snapshot.groups.get(group_id).map(|group| label(snapshot, group));
    context! { id => group_id, name, is_admin => snapshot.groups.admin_id() == Some(group_id) }
}

fn row(item: &Reached) -> Value {
    let Reached { resource_type, id, name, via_groups, note, is_open } = item;
    let groups: Vec<Value> =
        via_groups.iter().map(|via| context! { id => &via.group_id, name => &via.group_name }).collect();
    context! { id, name, kind => resource_type.info().display_name, groups, note, is_open => *is_open }
}
