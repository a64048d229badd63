use axum::extract::State;

use crate::access::Admin;
use crate::domain::discovery;
use crate::protocol::discovery::Pushed;
use crate::server::http::extractors::{Json, Path};
use crate::server::{ApiError, AppState};

/// Sends the types and descriptions of a table's columns, as they are stored here, to its source.
#[utoipa::path(post, path = "/api/admin/metadata/{table}/push", tag = "registry",
    params(("table" = String, Path, description = "Name or registry id")),
    responses((status = 200, body = Pushed), (status = 400), (status = 404), (status = 502)))]
pub async fn push_descriptions(
    State(app): State<AppState>,
    admin: Admin,
    Path(table): Path<String>,
) -> Result<Json<Pushed>, ApiError> {
    Ok(Json(discovery::push_descriptions(&app.store, &app.config.sources, &admin, &table).await?))
}
