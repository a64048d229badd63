//! The settings of the instance.

use axum::http::StatusCode;

use crate::access::Admin;
use crate::domain::server_config::{self, ServerConfigError};
use crate::protocol::server_config::{Configure, Configured, ServerConfig, ServerConfigUpdated, UpdateServerConfig};
use crate::server::http::extractors::{Json, Reply};
use crate::server::{ApiError, AppState};

impl From<ServerConfigError> for ApiError {
    fn from(error: ServerConfigError) -> Self {
        match error {
            ServerConfigError::Other(error) => (*error).into(),
            ServerConfigError::Source { reason, .. } => Self::bad_request(reason),
            error @ ServerConfigError::Corrupt { .. } => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
            }
        }
    }
}

/// Returns what `instance.yaml` and the changes of admins say, without secrets.
#[utoipa::path(get, path = "/api/admin/server-config", tag = "system", responses((status = 200, body = ServerConfig)))]
pub async fn get_server_config(app: AppState, admin: Admin) -> Reply<ServerConfig> {
    Ok(Json(server_config::get_server_config(&app.settings, &admin).await?))
}

/// Changes sections of `instance.yaml`. Only keys that are sent change; null deletes one, so that the static file or the
/// default counts again. Nothing changes if the server could not start with the result.
#[utoipa::path(post, path = "/api/admin/server-config", tag = "system",
    responses((status = 200, body = ServerConfigUpdated), (status = 400), (status = 500)))]
pub async fn update_server_config(
    app: AppState,
    admin: Admin,
    Json(request): Json<UpdateServerConfig>,
) -> Reply<ServerConfigUpdated> {
    Ok(Json(server_config::update_server_config(&app.store, &app.settings, &admin, request).await?))
}

/// Sets up the main data source. The connection to Keboola is tried first.
#[utoipa::path(post, path = "/api/admin/configure", tag = "system",
    responses((status = 200, body = Configured), (status = 400), (status = 500)))]
pub async fn configure_instance(app: AppState, admin: Admin, Json(request): Json<Configure>) -> Reply<Configured> {
    let _turn = app.people.surveys.take(&admin.user().id)?;
    Ok(Json(server_config::configure(&app.store, &app.settings, &admin, request).await?))
}
