use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Admin;
use crate::domain::grants::{self, view};
use crate::protocol::access::{CreateGrant, Grant, ResourceTypeInfo};
use crate::server::http::extractors::{Json, Path, Query};
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

/// Grants a resource to a group. It applies from the next request of each member.
#[utoipa::path(post, path = "/api/admin/grants", tag = "access", request_body = CreateGrant,
    responses((status = 201, body = Grant), (status = 404), (status = 409, description = "Already granted")))]
pub async fn create_grant(
    State(app): State<AppState>,
    admin: Admin,
    Json(body): Json<CreateGrant>,
) -> Result<(StatusCode, Json<Grant>), ApiError> {
    let CreateGrant { group_id, resource_type, resource_id } = body;
    let id = grants::create_grant(&app.store, &admin, &group_id, &resource_type, &resource_id).await?;
    Ok((StatusCode::CREATED, Json(view::grant(&app.store.snapshot(), &id)?)))
}

/// Withdraws a grant. It no longer applies from the next request of each member.
#[utoipa::path(delete, path = "/api/admin/grants/{id}", tag = "access",
    params(("id" = String, Path, description = "Grant id")), responses((status = 204), (status = 404)))]
pub async fn delete_grant(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    grants::revoke_grant(&app.store, &admin, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
