use axum::response::Response;

use crate::domain::sign_in::{FirstAdmin, bootstrap_admin};
use crate::protocol::auth::{BootstrapRequest, TokenResponse};
use crate::server::http::extractors::Json;
use crate::server::http::session::Session;
use crate::server::services::limits::Rule;
use crate::server::{ApiResult, AppState};
use crate::store::audit::Origin;

const RULE: Rule = Rule { path: "/auth/bootstrap", per_minute: 3 };

/// Creates the first admin, once. A seeded admin who has no password yet can be claimed this way; other accounts cannot.
#[utoipa::path(post, path = "/auth/bootstrap", tag = "auth", request_body = BootstrapRequest, security(()),
    responses((status = 200, body = TokenResponse), (status = 403, description = "There is an admin already"),
        (status = 409, description = "The address belongs to an account other than the seeded admin"), (status = 429)))]
pub async fn bootstrap(app: AppState, origin: Origin, Json(body): Json<BootstrapRequest>) -> ApiResult<Response> {
    app.limits.admit(RULE, origin.ip)?;
    let admin = FirstAdmin::new(&body.email, &body.password, &body.name)?;
    let hash = match body.password {
        password if password.is_empty() => None,
        password => Some(app.passwords.hash(password).await?),
    };
    let started = bootstrap_admin(&app.store, &app.authenticator.keys(), origin, admin, hash).await?;
    Ok(Session::new(&app, started).into_token_response())
}
