use axum::extract::State;

use crate::access::Admin;
use crate::domain::registry;
use crate::protocol::registry::{Precheck, RegisterTable};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};

/// Returns whether a registration would be accepted. Nothing is stored.
#[utoipa::path(post, path = "/api/admin/register-table/precheck", tag = "registry", request_body = RegisterTable,
    responses((status = 200, body = Precheck), (status = 422)))]
pub async fn precheck_table(
    State(app): State<AppState>,
    admin: Admin,
    Json(body): Json<RegisterTable>,
) -> Result<Json<Precheck>, ApiError> {
    Ok(Json(registry::precheck_table(&app.store.snapshot(), &app.config.sources, &admin, &body)?))
}
