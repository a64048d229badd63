use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::resource_types;
use crate::access::Admin;
use crate::base::time;
use crate::protocol::access::Grant as Body;
use crate::server::http::extractors::{Json, Query};
use crate::server::{ApiError, AppState};
use crate::store::Snapshot;
use crate::store::grants::Grant;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    pub resource_type: Option<String>,
    pub group_id: Option<String>,
}

/// Grants, by group name, type and id.
#[utoipa::path(get, path = "/api/admin/grants", tag = "access", params(Filter),
    responses((status = 200, body = Vec<Body>), (status = 400, description = "Unknown type")))]
pub async fn list(
    State(app): State<AppState>,
    _: Admin,
    Query(filter): Query<Filter>,
) -> Result<Json<Vec<Body>>, ApiError> {
    filter.resource_type.as_deref().map_or(Ok(()), resource_types::check)?;
    let snapshot = app.store.snapshot();
    let found: Vec<_> = match &filter.group_id {
        Some(group) => snapshot.grants.of_group(group).iter().collect(),
        None => snapshot.grants.all().collect(),
    };
    let mut grants: Vec<Body> = found
        .into_iter()
        .filter(|grant| filter.resource_type.as_ref().is_none_or(|wanted| *wanted == grant.resource_type))
        .map(|grant| body(&snapshot, grant))
        .collect();
    grants.sort_by(|a, b| {
        (&a.group_name, &a.resource_type, &a.resource_id).cmp(&(&b.group_name, &b.resource_type, &b.resource_id))
    });
    Ok(Json(grants))
}

pub fn body(snapshot: &Snapshot, grant: &Grant) -> Body {
    Body {
        id: grant.id.clone(),
        group_id: grant.group_id.clone(),
        group_name: snapshot.groups.get(&grant.group_id).map(|group| group.name.clone()).unwrap_or_default(),
        resource_type: grant.resource_type.clone(),
        resource_id: grant.resource_id.clone(),
        assigned_at: grant.assigned_at.map(time::spaced),
        assigned_by: grant.assigned_by.clone(),
    }
}
