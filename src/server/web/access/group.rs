use std::collections::HashSet;

use minijinja::{Value, context};

use super::is_granted_here;
use crate::domain::grants::{grantable, view};
use crate::domain::groups::view::{existing, label, named_groups};
use crate::protocol::access::{OverviewBlock, OverviewItem};
use crate::protocol::vocabulary::ResourceType;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult};
use crate::store::Snapshot;
use crate::store::groups::Group;

/// Groups in the list at the side; a search finds the others.
const SHOWN_GROUPS: usize = 60;

/// The block of what is granted and not here. No bucket or marketplace has such an id.
const UNKNOWN: &str = "?";

/// A resource and the block that it is in.
type Row = (usize, OverviewItem);

/// The resources that can be granted to one group.
pub async fn show(page: &PageContext, list: &Listing) -> PageResult {
    let snapshot = page.app.store.snapshot();
    let named = named_groups(&snapshot);
    let chosen = match list.filter("group") {
        Some(id) => Some(existing(&snapshot, id)?),
        None => named.iter().copied().find(|group| !group.is_system).or(named.first().copied()),
    };
    let groups = groups(&snapshot, list, &named, chosen);
    let Some(group) = chosen else { return page.render("access.html", context! { groups }) };

    let kind = list.filter("type").map_or(ResourceType::Table, ResourceType::from);
    let grants = snapshot.grants.of_group(&group.id).iter();
    let granted: HashSet<&str> =
        grants.filter(|grant| grant.resource_type == kind).map(|grant| grant.resource_id.as_str()).collect();
    let mut blocks = grantable(&page.app.store, &kind).await?;
    blocks.iter_mut().for_each(|block| block.items.retain(is_granted_here));
    blocks.retain(|block| !block.items.is_empty());
    blocks.extend(unknown(&blocks, &granted));

    let counts: Vec<(usize, usize)> = blocks.iter().map(|block| count(block, &granted)).collect();
    let is_shown = |block: &OverviewBlock, item: &OverviewItem| {
        list.filter("block").is_none_or(|id| id == block.id)
            && list.filter("state").is_none_or(|state| (state == "granted") == granted.contains(&*item.resource_id))
            && list.matches(&[&item.name, &item.resource_id, item.description.as_deref().unwrap_or_default()])
    };
    let shown = blocks.iter().enumerate().flat_map(|(at, block)| {
        block.items.iter().filter(|item| is_shown(block, item)).map(move |item| (at, item.clone()))
    });
    let shown: Vec<Row> = shown.collect();
    let mut last = None;
    let rows = list.page(&shown).iter().map(|(at, item)| {
        let (held, total) = counts[*at];
        let block = (last.replace(*at) != Some(*at)).then(|| {
            let OverviewBlock { id, name, .. } = &blocks[*at];
            context! { id, name, held, total }
        });
        let OverviewItem { resource_id, name, category, description, .. } = item;
        let (is_granted, is_known) = (granted.contains(&**resource_id), blocks[*at].id != UNKNOWN);
        context! { id => resource_id, name, category, description, is_granted, is_known, block }
    });
    let rows: Vec<Value> = rows.collect();
    let choices: Vec<_> = blocks.iter().map(|block| vec![block.id.clone(), block.name.clone()]).collect();
    let values = context! {
        groups,
        group => context! {
            id => &group.id,
            name => label(&snapshot, group),
            members => snapshot.members.of_group(&group.id).len(),
            is_admin => snapshot.groups.admin_id() == Some(group.id.as_str()),
        },
        kind => kind.as_str(),
        is_table => kind == ResourceType::Table,
        types => types(&snapshot, list, group, &kind),
        list => list.values(shown.len(), &[], ""),
        blocks => choices,
        rows,
        here => list.address(&[]),
        is_filtered => ["q", "block", "state"].iter().any(|name| list.filter(name).is_some()),
        unfiltered => list.address(&[("q", None), ("block", None), ("state", None), ("page", None)]),
        searched => list.filter("groups"),
        form => page.form("grants"),
    };
    page.render("access.html", values)
}

/// How many of a block are granted, and how many there are.
fn count(block: &OverviewBlock, granted: &HashSet<&str>) -> (usize, usize) {
    (block.items.iter().filter(|item| granted.contains(&*item.resource_id)).count(), block.items.len())
}

/// What is granted although nothing with that id is here now: it can only be withdrawn.
fn unknown(blocks: &[OverviewBlock], granted: &HashSet<&str>) -> Option<OverviewBlock> {
    let known: HashSet<&str> =
        blocks.iter().flat_map(|block| &block.items).map(|item| item.resource_id.as_str()).collect();
    let mut ids: Vec<_> = granted.difference(&known).collect();
    ids.sort();
    let item = |id: &&&str| OverviewItem {
        resource_id: id.to_string(),
        name: id.to_string(),
        category: None,
        version: None,
        source_type: None,
        description: None,
    };
    let items: Vec<_> = ids.iter().map(item).collect();
    (!items.is_empty()).then(|| OverviewBlock { id: UNKNOWN.into(), name: "Not here now".into(), items })
}

/// The groups at the side.
fn groups(snapshot: &Snapshot, list: &Listing, named: &[&Group], chosen: Option<&Group>) -> Value {
    let searched = list.filter("groups").map(str::to_lowercase);
    let found =
        named.iter().filter(|group| searched.as_ref().is_none_or(|text| group.name.to_lowercase().contains(text)));
    let found: Vec<&&Group> = found.collect();
    let personal = chosen.filter(|chosen| !named.iter().any(|group| group.id == chosen.id));
    let shown = personal.iter().chain(found.iter().copied().take(SHOWN_GROUPS));
    let shown = shown.map(|group| {
        let href = list.address(&[("group", Some(&group.id)), ("page", None)]);
        let is_current = chosen.is_some_and(|chosen| chosen.id == group.id);
        context! { name => label(snapshot, group), grants => snapshot.grants.of_group(&group.id).len(), href, is_current }
    });
    context! { shown => shown.collect::<Vec<_>>(), more => found.len().saturating_sub(SHOWN_GROUPS) }
}

/// Address, label and whether it is the current one, of each type.
fn types(snapshot: &Snapshot, list: &Listing, group: &Group, current: &ResourceType) -> Vec<Value> {
    let grants = snapshot.grants.of_group(&group.id);
    let link = |info: crate::protocol::access::ResourceTypeInfo| {
        let held = grants.iter().filter(|grant| grant.resource_type.as_str() == info.key).count();
        let changes = [("type", Some(info.key.as_str())), ("group", Some(group.id.as_str()))];
        let dropped = ["q", "block", "state", "page"].map(|name| (name, None));
        let href = list.address(&[changes.as_slice(), &dropped].concat());
        let label = format!("{} ({held})", info.display_name);
        Value::from(vec![Value::from(href), Value::from(label), Value::from(info.key == current.as_str())])
    };
    let mut types = view::resource_types();
    types.sort_by_key(|info| info.key != ResourceType::Table.as_str());
    types.into_iter().map(link).collect()
}
