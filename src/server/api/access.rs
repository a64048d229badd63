use axum::extract::State;

use crate::access::{Admin, Principal};
use crate::domain::accounts::view::existing;
use crate::domain::grants::{access_overview, view};
use crate::protocol::access::{EffectiveAccess, Overview};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};

/// Returns everything that can be granted, all groups, and all grants.
#[utoipa::path(get, path = "/api/admin/access-overview", tag = "access", responses((status = 200, body = Overview)))]
pub async fn get_access_overview(State(app): State<AppState>, _: Admin) -> Result<Json<Overview>, ApiError> {
    Ok(Json(access_overview(&app.store, &app.config.google_groups).await?))
}

/// Returns what a user is granted, and through which groups.
#[utoipa::path(get, path = "/api/admin/users/{id}/effective-access", tag = "access",
    params(("id" = String, Path, description = "User id")),
    responses((status = 200, body = EffectiveAccess), (status = 404)))]
pub async fn get_user_effective_access(
    State(app): State<AppState>,
    _: Admin,
    Path(id): Path<String>,
) -> Result<Json<EffectiveAccess>, ApiError> {
    let snapshot = app.store.snapshot();
    Ok(Json(view::effective_access(&snapshot, &existing(&snapshot, &id)?.id)))
}

/// Returns what the caller is granted, and through which groups.
#[utoipa::path(get, path = "/api/me/effective-access", tag = "access",
    responses((status = 200, body = EffectiveAccess)))]
pub async fn get_own_effective_access(State(app): State<AppState>, caller: Principal) -> Json<EffectiveAccess> {
    Json(view::effective_access(&app.store.snapshot(), &caller.user().id))
}
