use axum::extract::State;
use axum::response::Response;

use super::session;
use crate::protocol::auth::{BootstrapRequest, TokenResponse};
use crate::server::api::users::rules;
use crate::server::extractors::Json;
use crate::server::{ApiError, AppState};
use crate::store::{ADMIN_GROUP, Change, StoreError, audit, members, users};

/// Makes the first admin. Open only while nobody has a password.
#[utoipa::path(post, path = "/auth/bootstrap", tag = "auth", request_body = BootstrapRequest, security(()),
    responses((status = 200, body = TokenResponse), (status = 403, description = "Somebody has a password already")))]
pub async fn bootstrap(State(app): State<AppState>, Json(body): Json<BootstrapRequest>) -> Result<Response, ApiError> {
    if app.store.snapshot().users.any_password() {
        return Err(closed());
    }
    let email = rules::email(&body.email)?;
    rules::password(&body.password)?;
    let hash = app.passwords.hash(body.password).await?;
    let name = Some(body.name).filter(|name| !name.trim().is_empty());
    let id = app
        .store
        .write(move |change| -> Result<_, ApiError> {
            // Two callers may have come this far at once.
            if users::any_password(change)? {
                return Err(closed());
            }
            let (id, action) = activate(change, &email, name.as_deref())?;
            users::set_password(change, &id, &hash)?;
            members::ensure(change, &id, ADMIN_GROUP, members::SOURCE_SEED, "auth.bootstrap")?;
            audit::record(change, Some(&id), action, "auth", None, None)?;
            Ok(id)
        })
        .await?;
    session::open(&app, &id)
}

fn activate(change: &Change<'_>, email: &str, name: Option<&str>) -> Result<(String, &'static str), StoreError> {
    if let Some(id) = users::id_of(change, email)? {
        return Ok((id, "bootstrap_activated_seed"));
    }
    let local_part = email.split('@').next().unwrap_or(email);
    let id = users::insert(change, email, Some(name.unwrap_or(local_part)), None)?;
    Ok((id, "bootstrap_completed"))
}

fn closed() -> ApiError {
    ApiError::forbidden("Bootstrap disabled — a user with a password already exists. Use /auth/password/login.")
}
