use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::{Admin, Principal};
use crate::domain::accounts::view::existing;
use crate::domain::grants::{self, view};
use crate::protocol::access::{CreateGrant, EffectiveAccess, Grant, Overview, ResourceTypeInfo};
use crate::server::http::extractors::{Created, Json, Path, Query, Reply};
use crate::server::{ApiResult, AppState};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GrantQuery {
    pub resource_type: Option<String>,
    pub group_id: Option<String>,
}

/// Lists grants, by group name, type and id.
#[utoipa::path(get, path = "/api/admin/grants", tag = "access", params(GrantQuery),
    responses((status = 200, body = Vec<Grant>), (status = 400, description = "Unknown type")))]
pub async fn list_grants(app: AppState, _: Admin, Query(query): Query<GrantQuery>) -> Reply<Vec<Grant>> {
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
#[utoipa::path(post, path = "/api/admin/grants", tag = "access",
    responses((status = 201, body = Grant), (status = 404), (status = 409, description = "Already granted")))]
pub async fn create_grant(app: AppState, admin: Admin, Json(body): Json<CreateGrant>) -> ApiResult<Created<Grant>> {
    let CreateGrant { group_id, resource_type, resource_id } = body;
    let id = grants::create_grant(&app.store, &admin, &group_id, &resource_type, &resource_id).await?;
    Ok(Created(view::grant(&app.store.snapshot(), &id)?))
}

/// Withdraws a grant. It no longer applies from the next request of each member.
#[utoipa::path(delete, path = "/api/admin/grants/{id}", tag = "access", params(("id", description = "Grant id")),
    responses((status = 204), (status = 404)))]
pub async fn delete_grant(app: AppState, admin: Admin, Path(id): Path<String>) -> ApiResult<StatusCode> {
    grants::revoke_grant(&app.store, &admin, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns everything that can be granted, all groups, and all grants.
#[utoipa::path(get, path = "/api/admin/access-overview", tag = "access", responses((status = 200, body = Overview)))]
pub async fn get_access_overview(app: AppState, _: Admin) -> Reply<Overview> {
    Ok(Json(grants::access_overview(&app.store).await?))
}

/// Returns what a user is granted, and through which groups.
#[utoipa::path(get, path = "/api/admin/users/{id}/effective-access", tag = "access",
    params(("id", description = "User id")), responses((status = 200, body = EffectiveAccess), (status = 404)))]
pub async fn get_user_effective_access(app: AppState, _: Admin, Path(id): Path<String>) -> Reply<EffectiveAccess> {
    let snapshot = app.store.snapshot();
    Ok(Json(view::effective_access(&snapshot, &existing(&snapshot, &id)?.id)))
}

/// Returns what the caller is granted, and through which groups.
#[utoipa::path(get, path = "/api/me/effective-access", tag = "access",
    responses((status = 200, body = EffectiveAccess)))]
pub async fn get_own_effective_access(app: AppState, caller: Principal) -> Json<EffectiveAccess> {
    Json(view::effective_access(&app.store.snapshot(), &caller.user().id))
}
