use std::collections::HashSet;

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;

use super::{list, split};
use crate::access::Admin;
use crate::base::ident::{is_reserved_table, is_strict};
use crate::connectors::keboola::model;
use crate::protocol::discovery::{DiscoveredAndRegistered, Renamed};
use crate::protocol::vocabulary::{QueryMode, SourceType};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::registry::{self, Table};
use crate::store::{StoreError, audit};

/// Registers every table of the main data source that is not registered yet. Nobody but admins may read them until they
/// are granted.
#[utoipa::path(post, path = "/api/admin/discover-and-register", tag = "registry",
    responses((status = 200, body = DiscoveredAndRegistered), (status = 500)))]
pub async fn register(State(app): State<AppState>, admin: Admin) -> Result<Json<DiscoveredAndRegistered>, ApiError> {
    let source = app.config.instance.source_type().to_owned();
    if source != SourceType::KEBOOLA.as_str() {
        return Ok(Json(DiscoveredAndRegistered { source, ..DiscoveredAndRegistered::default() }));
    }
    let found = list(&app).await.map_err(|error| {
        let detail = format!("Discovery and registration failed: {error}");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    })?;
    let by = admin.user().email.clone();
    let done = app
        .store
        .write(move |change| -> Result<_, StoreError> {
            let mut done = DiscoveredAndRegistered { source, ..DiscoveredAndRegistered::default() };
            let known = registry::all(change)?;
            let mut names: HashSet<String> = known.iter().map(|row| row.name.to_lowercase()).collect();
            let is_known = |table: &model::Table| {
                let (bucket, name) = split(&table.id);
                known.iter().any(|row| {
                    row.id == id(&table.id)
                        || row.bucket.as_deref() == Some(bucket) && row.source_table.as_deref() == Some(name)
                })
            };
            for table in &found {
                if is_known(table) {
                    done.skipped += 1;
                    continue;
                }
                let row = row(table, &mut names, &by);
                if row.name != split(&table.id).1 {
                    done.renamed.push(Renamed { id: table.id.clone(), name: row.name.clone() });
                }
                registry::insert(change, &row)?;
                done.tables.push(row.id);
            }
            done.registered = done.tables.len();
            let details = json!({ "registered": done.tables, "skipped": done.skipped });
            audit::record(change, &admin.actor(), Action::TableDiscover, "registry", details)?;
            Ok(done)
        })
        .await?;
    Ok(Json(done))
}

/// The registry id of a discovered table.
fn id(storage_id: &str) -> String {
    storage_id.to_lowercase().replace(['.', ' '], "_")
}

fn row(table: &model::Table, names: &mut HashSet<String>, by: &str) -> Table {
    let (bucket, name) = split(&table.id);
    Table {
        id: id(&table.id),
        name: free_name(name, bucket, names),
        source_type: Some(SourceType::KEBOOLA),
        bucket: Some(bucket.to_owned()),
        source_table: Some(name.to_owned()),
        query_mode: Some(QueryMode::Local),
        profile_after_sync: true,
        primary_key: table.primary_key.clone(),
        description: Some(format!("Auto-discovered from Keboola: {}", table.id)),
        registered_by: Some(by.to_owned()),
        ..Table::default()
    }
}

/// The table's name as one that can be queried here; where it is taken, with the bucket before it, or a number behind.
fn free_name(name: &str, bucket: &str, names: &mut HashSet<String>) -> String {
    let plain = identifier(name);
    let with_bucket = identifier(&format!("{}_{name}", bucket.rsplit_once("c-").map_or(bucket, |(_, rest)| rest)));
    let numbered = (2..).map(|number| identifier(&format!("{}_{number}", &with_bucket[..with_bucket.len().min(58)])));
    let free =
        [plain.clone(), with_bucket.clone()].into_iter().chain(numbered).find(|name| names.insert(name.to_lowercase()));
    free.unwrap_or(plain)
}

fn identifier(text: &str) -> String {
    let mut name: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(64).collect();
    if !is_strict(&name) || is_reserved_table(&name) {
        name = format!("t_{name}").chars().take(64).collect();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_free() {
        let mut names = HashSet::from(["orders".to_owned()]);
        let mut free = |name: &str, bucket: &str| free_name(name, bucket, &mut names);
        assert_eq!(free("customers", "in.c-crm"), "customers");
        assert_eq!(free("Orders", "in.c-crm"), "crm_Orders");
        assert_eq!(free("orders", "out.c-crm"), "crm_orders_2");
        assert_eq!(free("2024-sales", "in.c-x"), "t_2024_sales");
        assert_eq!(free("_meta", "in.c-x"), "t__meta");
        assert!(is_strict(&free(&"ž".repeat(100), "in.c-x")));
    }
}
