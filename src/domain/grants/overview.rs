use std::collections::BTreeMap;

use crate::domain::{Result, groups};
use crate::protocol::access::{Overview, OverviewBlock, OverviewGrant, OverviewItem, OverviewResources};
use crate::protocol::vocabulary::ResourceType;
use crate::store::marketplaces::{self, Marketplace};
use crate::store::{Snapshot, Store};

/// Returns everything that can be granted, all groups, and all grants.
pub async fn access_overview(store: &Store) -> Result<Overview> {
    let mut resources = Vec::new();
    for key in ResourceType::KNOWN {
        let resource_type = ResourceType::from(*key);
        let blocks = grantable(store, &resource_type).await?;
        let type_display = resource_type.info().display_name;
        resources.push(OverviewResources { type_key: (*key).into(), type_display, blocks });
    }
    let snapshot = store.snapshot();
    let grants = snapshot.grants.all().map(|grant| OverviewGrant {
        id: grant.id.clone(),
        group_id: grant.group_id.clone(),
        resource_type: grant.resource_type.to_string(),
        resource_id: grant.resource_id.clone(),
    });
    Ok(Overview { groups: groups::view::groups(&snapshot), grants: grants.collect(), resources })
}

/// Returns everything of one type that can be granted.
pub async fn grantable(store: &Store, resource_type: &ResourceType) -> Result<Vec<OverviewBlock>> {
    let snapshot = store.snapshot();
    Ok(match resource_type {
        ResourceType::MarketplacePlugin => store.read(marketplaces::all).await?.iter().map(marketplace).collect(),
        ResourceType::Table => tables(&snapshot),
        ResourceType::MemoryDomain => domains(),
        ResourceType::SavedQuery => saved_queries(&snapshot),
        ResourceType::Unknown(_) => Vec::new(),
    })
}

fn marketplace(marketplace: &Marketplace) -> OverviewBlock {
    let items = marketplace.plugins.iter().map(|plugin| OverviewItem {
        resource_id: format!("{}/{}", marketplace.id, plugin.name),
        name: plugin.name.clone(),
        category: plugin.category.clone(),
        version: plugin.version.clone(),
        source_type: plugin.source_type.clone(),
        description: plugin.description.clone(),
    });
    OverviewBlock { items: items.collect(), name: marketplace.name.clone(), id: marketplace.id.clone() }
}

/// The registered tables, with a block for each bucket.
fn tables(snapshot: &Snapshot) -> Vec<OverviewBlock> {
    let mut buckets: BTreeMap<&str, Vec<OverviewItem>> = BTreeMap::new();
    for table in snapshot.registry.all() {
        let bucket = table.bucket.as_deref().filter(|bucket| !bucket.is_empty()).unwrap_or("(no bucket)");
        buckets.entry(bucket).or_default().push(OverviewItem {
            resource_id: table.id.clone(),
            name: table.name.clone(),
            category: table.query_mode.clone().map(Into::into),
            version: None,
            source_type: table.source_type.clone().map(Into::into),
            description: table.description.clone(),
        });
    }
    buckets.into_iter().map(|(bucket, items)| OverviewBlock { id: bucket.into(), name: bucket.into(), items }).collect()
}

/// The saved queries, with a block for each owner.
fn saved_queries(snapshot: &Snapshot) -> Vec<OverviewBlock> {
    let mut owners: BTreeMap<&str, Vec<OverviewItem>> = BTreeMap::new();
    for query in snapshot.saved_queries.all() {
        owners.entry(&query.owner_id).or_default().push(OverviewItem {
            resource_id: query.id.clone(),
            name: query.name.clone(),
            category: None,
            version: None,
            source_type: None,
            description: None,
        });
    }
    let name = |owner: &str| snapshot.users.get(owner).map_or_else(|| owner.to_owned(), |user| user.email.clone());
    owners.into_iter().map(|(owner, items)| OverviewBlock { id: owner.into(), name: name(owner), items }).collect()
}

const DOMAINS: [(&str, &str); 6] = [
    ("finance", "Revenue, costs, budgets and how they are counted"),
    ("engineering", "How software is built, reviewed and run"),
    ("product", "What the product does, for whom, and how its use is measured"),
    ("data", "Where data comes from, what it means and how far to trust it"),
    ("operations", "How the company's daily work is done"),
    ("infrastructure", "Servers, networks, cloud accounts and their upkeep"),
];

fn domains() -> Vec<OverviewBlock> {
    let items = DOMAINS.map(|(id, description)| OverviewItem {
        resource_id: id.into(),
        name: id.into(),
        category: Some("domain".into()),
        version: None,
        source_type: None,
        description: Some(description.into()),
    });
    vec![OverviewBlock { id: "memory_domains".into(), name: "Memory domains".into(), items: items.into() }]
}
