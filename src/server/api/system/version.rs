use axum::extract::State;

use crate::base::time;
use crate::protocol::system::Version;
use crate::server::AppState;
use crate::server::http::extractors::Json;

/// Returns the running version, and when it was started.
#[utoipa::path(
    get, path = "/api/version", tag = "system", security(()),
    responses((status = 200, body = Version)),
)]
pub async fn get_version(State(app): State<AppState>) -> Json<Version> {
    let build = app.config.build.clone();
    Json(Version {
        version: build.version,
        channel: build.channel,
        image_tag: build.image_tag,
        commit_sha: build.commit_sha,
        schema_version: crate::store::VERSION,
        deployed_at: time::iso_offset(app.started_at),
    })
}
