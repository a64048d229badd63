use std::collections::HashSet;

use minijinja::{Value, context};

use crate::domain::Error;
use crate::domain::groups::view::label;
use crate::protocol::vocabulary::SourceType;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult};
use crate::store::Snapshot;
use crate::store::groups::{Group, personal};

/// The groups that may read one table, and those that may not.
pub fn show(page: &PageContext, list: &Listing, table: &str) -> PageResult {
    let snapshot = page.app.store.snapshot();
    let row = snapshot.registry.get(table).or_else(|| snapshot.registry.by_name(table));
    let row = row.ok_or_else(|| Error::not_found("Table not found"))?;
    let is_granted = |group: &Group| snapshot.grants.has_table(&group.id, &row.id);
    let mut groups = snapshot.groups.all();
    groups.retain(|group| {
        let is_personal = personal::owner_by_name(&group.name).is_some();
        (is_granted(group) || !is_personal)
            && list.filter("state").is_none_or(|state| (state == "granted") == is_granted(group))
            && list.matches(&[&label(&snapshot, group), group.description.as_deref().unwrap_or_default()])
    });
    let shown = list.page(&groups).iter().map(|group| {
        context! {
            id => &group.id,
            name => label(&snapshot, group),
            members => snapshot.members.of_group(&group.id).len(),
            is_granted => is_granted(group),
        }
    });
    let values = context! {
        table => context! {
            id => &row.id,
            name => &row.name,
            description => &row.description,
            is_of_saved_query => *row.source() == SourceType::SAVED_QUERIES,
        },
        readers => readers(&snapshot, &row.id),
        rows => shown.collect::<Vec<Value>>(),
        list => list.values(groups.len(), &[], ""),
        here => list.address(&[]),
        is_filtered => ["q", "state"].iter().any(|name| list.filter(name).is_some()),
        unfiltered => list.address(&[("q", None), ("state", None), ("page", None)]),
        form => page.form("grants"),
    };
    page.render("access_table.html", values)
}

/// How many active people may read it: the members of the groups that have it, and the admins.
fn readers(snapshot: &Snapshot, table: &str) -> usize {
    let groups = snapshot.groups.all().into_iter();
    let opening = groups.filter(|group| {
        snapshot.groups.admin_id() == Some(group.id.as_str()) || snapshot.grants.has_table(&group.id, table)
    });
    let members = opening.flat_map(|group| snapshot.members.of_group(&group.id));
    let people: HashSet<&str> = members.map(|member| member.user_id.as_str()).collect();
    people.iter().filter(|id| snapshot.users.get(id).is_some_and(|user| user.active)).count()
}
