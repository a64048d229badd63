use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Admin;
use crate::domain::grants::{self, PermissionFilter};
use crate::protocol::access::Permissions;
use crate::server::http::extractors::{Json, Path, Query};
use crate::server::{ApiError, AppState};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PermissionQuery {
    /// Only what is granted to this user's personal group.
    pub user_id: Option<String>,
    pub group_id: Option<String>,
    pub dataset: Option<String>,
}

/// Lists permissions, by group name and dataset.
#[utoipa::path(get, path = "/api/permissions", tag = "access", params(PermissionQuery),
    responses((status = 200, body = Permissions)))]
pub async fn list_permissions(
    State(app): State<AppState>,
    _: Admin,
    Query(query): Query<PermissionQuery>,
) -> Json<Permissions> {
    let PermissionQuery { user_id, group_id, dataset } = query;
    Json(grants::permissions(&app.store.snapshot(), &PermissionFilter { user_id, group_id, dataset }))
}

/// Lists everything that a user may read through any group.
#[utoipa::path(get, path = "/api/permissions/{id}", tag = "access",
    params(("id" = String, Path, description = "User id")),
    responses((status = 200, body = Permissions), (status = 404)))]
pub async fn list_user_permissions(
    State(app): State<AppState>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<Json<Permissions>, ApiError> {
    Ok(Json(grants::permissions_of_user(&app.store.snapshot(), &id)?))
}
