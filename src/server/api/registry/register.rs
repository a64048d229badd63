use axum::extract::State;
use axum::http::StatusCode;

use crate::access::Admin;
use crate::domain::registry;
use crate::protocol::registry::{RegisterTable, Registered};
use crate::server::http::extractors::Json;
use crate::server::{ApiError, AppState};

/// Registers a table. Nobody but admins can read it until it is granted; its data comes with the next sync.
#[utoipa::path(post, path = "/api/admin/register-table", tag = "registry", request_body = RegisterTable,
    responses((status = 201, body = Registered), (status = 409, description = "Id or name is taken"), (status = 422)))]
pub async fn register_table(
    State(app): State<AppState>,
    admin: Admin,
    Json(body): Json<RegisterTable>,
) -> Result<(StatusCode, Json<Registered>), ApiError> {
    let registered = registry::register_table(&app.store, &app.config.sources, &admin, body).await?;
    Ok((StatusCode::CREATED, Json(registered)))
}
