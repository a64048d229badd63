use axum::extract::State;

use crate::access::Admin;
use crate::domain::grants;
use crate::protocol::access::Overview;
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};

/// Returns everything that can be granted, all groups, and all grants.
#[utoipa::path(get, path = "/api/admin/access-overview", tag = "access", responses((status = 200, body = Overview)))]
pub async fn get_access_overview(State(app): State<AppState>, _: Admin) -> Result<Json<Overview>, ApiError> {
    Ok(Json(grants::access_overview(&app.store, &app.config.google_groups).await?))
}
