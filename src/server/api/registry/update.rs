use axum::extract::State;

use crate::access::Admin;
use crate::domain::registry;
use crate::protocol::registry::{UpdateTable, Updated};
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};

/// Changes the fields of a registered table that were sent; the others stay.
#[utoipa::path(put, path = "/api/admin/registry/{id}", tag = "registry", request_body = UpdateTable,
    params(("id" = String, Path, description = "Registry id")),
    responses((status = 200, body = Updated), (status = 404), (status = 409), (status = 422)))]
pub async fn update_table(
    State(app): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
    Json(body): Json<UpdateTable>,
) -> Result<Json<Updated>, ApiError> {
    Ok(Json(registry::update_table(&app.store, &app.config.sources, &admin, id, body).await?))
}
