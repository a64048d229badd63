use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Admin;
use crate::domain::grants::view;
use crate::protocol::access::{Grant, ResourceTypeInfo};
use crate::server::http::extractors::{Json, Query};
use crate::server::{ApiError, AppState};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GrantQuery {
    pub resource_type: Option<String>,
    pub group_id: Option<String>,
}

/// Lists grants, by group name, type and id.
#[utoipa::path(get, path = "/api/admin/grants", tag = "access", params(GrantQuery),
    responses((status = 200, body = Vec<Grant>), (status = 400, description = "Unknown type")))]
pub async fn list_grants(
    State(app): State<AppState>,
    _: Admin,
    Query(query): Query<GrantQuery>,
) -> Result<Json<Vec<Grant>>, ApiError> {
    let (group_id, resource_type) = (query.group_id.as_deref(), query.resource_type.as_deref());
    Ok(Json(view::grants(&app.store.snapshot(), group_id, resource_type)?))
}

/// Lists what can be granted.
#[utoipa::path(get, path = "/api/admin/resource-types", tag = "access",
    responses((status = 200, body = Vec<ResourceTypeInfo>)))]
pub async fn list_resource_types(_: Admin) -> Json<Vec<ResourceTypeInfo>> {
    Json(view::resource_types())
}
