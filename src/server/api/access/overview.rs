use std::collections::BTreeMap;

use axum::extract::State;

use crate::access::Admin;
use crate::domain::groups::view;
use crate::protocol::access::{Overview, OverviewBlock, OverviewGrant, OverviewItem, OverviewResources};
use crate::server::api::grants::resource_types::TYPES;
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::store::Snapshot;
use crate::store::marketplaces::{self, Marketplace};

/// Everything that can be granted, all groups, and who is granted what.
#[utoipa::path(get, path = "/api/admin/access-overview", tag = "access", responses((status = 200, body = Overview)))]
pub async fn overview(State(app): State<AppState>, _: Admin) -> Result<Json<Overview>, ApiError> {
    let mut marketplaces = Some(app.store.read(marketplaces::all).await?);
    let snapshot = app.store.snapshot();
    let google = &app.config.google_groups;
    let groups = snapshot.groups.all().into_iter().map(|group| view::group(google, &snapshot, group)).collect();
    let grants = snapshot.grants.all().map(|grant| OverviewGrant {
        id: grant.id.clone(),
        group_id: grant.group_id.clone(),
        resource_type: grant.resource_type.clone(),
        resource_id: grant.resource_id.clone(),
    });
    let resources = TYPES.iter().map(|(key, display, ..)| OverviewResources {
        type_key: (*key).into(),
        type_display: (*display).into(),
        blocks: match *key {
            "table" => tables(&snapshot),
            "memory_domain" => domains(),
            _ => marketplaces.take().into_iter().flatten().map(marketplace).collect(),
        },
    });
    Ok(Json(Overview { groups, grants: grants.collect(), resources: resources.collect() }))
}

fn marketplace(marketplace: Marketplace) -> OverviewBlock {
    let items = marketplace.plugins.into_iter().map(|plugin| OverviewItem {
        resource_id: format!("{}/{}", marketplace.id, plugin.name),
        name: plugin.name,
        category: plugin.category,
        version: plugin.version,
        source_type: plugin.source_type,
        description: plugin.description,
    });
    OverviewBlock { items: items.collect(), name: marketplace.name, id: marketplace.id }
}

/// Registered tables, one block for each bucket.
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
