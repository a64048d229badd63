use axum::extract::State;

use crate::protocol::system::Health;
use crate::server::AppState;
use crate::server::http::extractors::Json;
use crate::store::VERSION;

/// Returns whether the server works; for load balancers and container checks.
#[utoipa::path(
    get, path = "/api/health", tag = "system", security(()),
    responses((status = 200, description = "Also when unhealthy: see `status`", body = Health)),
)]
pub async fn get_health(State(app): State<AppState>) -> Json<Health> {
    let current = app.store.snapshot().schema_version;
    let (status, db_schema) = match app.store.is_open() {
        false => ("unhealthy", "unreachable"),
        true if current < VERSION => ("unhealthy", "mismatch"),
        true => ("ok", "ok"),
    };
    Json(Health {
        status: status.into(),
        db_schema: db_schema.into(),
        current: Some(current),
        expected: Some(VERSION),
        detail: (status != "ok").then(|| "see the log of the server".into()),
    })
}
