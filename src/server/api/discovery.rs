//! What a source offers, and descriptions sent there.

use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Admin;
use crate::connectors::SourceError;
use crate::domain::discovery::{self, DiscoveryError};
use crate::protocol::discovery::{Discovered, DiscoveredAndRegistered, Pushed};
use crate::protocol::vocabulary::SourceType;
use crate::server::http::extractors::{Json, Path, Query, Reply};
use crate::server::{ApiError, AppState};

impl From<DiscoveryError> for ApiError {
    fn from(error: DiscoveryError) -> Self {
        let status = match error {
            DiscoveryError::Other(error) => return error.into(),
            DiscoveryError::Push(SourceError::Failed(_)) => StatusCode::BAD_GATEWAY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DiscoveryQuery {
    /// The main data source if absent.
    source: Option<SourceType>,
}

/// Lists the tables that a data source offers.
#[utoipa::path(get, path = "/api/admin/discover-tables", tag = "registry", params(DiscoveryQuery),
    responses((status = 400), (status = 200, body = Discovered), (status = 500, description = "The source did not answer")))]
pub async fn discover_tables(app: AppState, admin: Admin, Query(query): Query<DiscoveryQuery>) -> Reply<Discovered> {
    let _turn = app.people.surveys.take(&admin.user().id)?;
    Ok(Json(discovery::discover_tables(&app.sources(), &admin, query.source).await?))
}

/// Registers every table of a data source that is not registered yet. Nobody but admins may read them until they are
/// granted.
#[utoipa::path(post, path = "/api/admin/discover-and-register", tag = "registry", params(DiscoveryQuery),
    responses((status = 400), (status = 200, body = DiscoveredAndRegistered), (status = 500)))]
pub async fn register_discovered_tables(
    app: AppState,
    admin: Admin,
    Query(query): Query<DiscoveryQuery>,
) -> Reply<DiscoveredAndRegistered> {
    let _turn = app.people.surveys.take(&admin.user().id)?;
    let sources = &app.sources();
    Ok(Json(discovery::register_discovered_tables(&app.store, sources, &admin, query.source, None).await?))
}

/// Sends the types and descriptions of a table's columns, as they are stored here, to its source.
#[utoipa::path(post, path = "/api/admin/metadata/{table}/push", tag = "registry",
    params(("table", description = "Name or registry id")),
    responses((status = 200, body = Pushed), (status = 400), (status = 404), (status = 502)))]
pub async fn push_descriptions(app: AppState, admin: Admin, Path(table): Path<String>) -> Reply<Pushed> {
    let _turn = app.people.surveys.take(&admin.user().id)?;
    Ok(Json(discovery::push_descriptions(&app.store, &app.sources(), &admin, &table).await?))
}
