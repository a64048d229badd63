use axum::extract::State;
use axum::response::Response;
use serde_json::Value;

use crate::domain::rules;
use crate::domain::sign_in::SignInMethod;
use crate::protocol::auth::{BootstrapRequest, TokenResponse};
use crate::server::http::extractors::Json;
use crate::server::http::session::Session;
use crate::server::services::limits::Rule;
use crate::server::{ApiError, AppState};
use crate::store::audit::{Action, Origin};
use crate::store::{ADMIN_GROUP, Change, audit, members, users};

const RULE: Rule = Rule { path: "/auth/bootstrap", per_minute: 3 };

/// Makes the first admin, once. A seeded admin who has no password yet can be claimed like this; other accounts cannot.
#[utoipa::path(post, path = "/auth/bootstrap", tag = "auth", request_body = BootstrapRequest, security(()),
    responses((status = 200, body = TokenResponse), (status = 403, description = "Somebody can administer already"),
        (status = 409, description = "The address belongs to somebody who is not the seeded admin"), (status = 429)))]
pub async fn bootstrap(
    State(app): State<AppState>,
    origin: Origin,
    Json(body): Json<BootstrapRequest>,
) -> Result<Response, ApiError> {
    app.limits.admit(RULE, origin.ip)?;
    let email = rules::email(&body.email)?;
    let hash = match body.password {
        password if password.is_empty() => None,
        password => {
            rules::password(&password)?;
            Some(app.passwords.hash(password).await?)
        }
    };
    let name = rules::name(&body.name)?;
    let by = origin.clone();
    let id = app
        .store
        .write(move |change| -> Result<_, ApiError> {
            // Checked here and not before: two callers may come at once.
            if !members::is_bootstrap_open(change)? {
                return Err(closed());
            }
            let (id, action) = activate(change, &email, &name)?;
            if let Some(hash) = &hash {
                users::set_password(change, &id, hash)?;
            }
            members::claim(change, &id, ADMIN_GROUP, members::BOOTSTRAP)?;
            audit::record(change, &by.user(&id), action, "auth", Value::Null)?;
            Ok(id)
        })
        .await?;
    Ok(Session::start(&app, origin, &id, SignInMethod::Bootstrap).await?.into_token_response())
}

fn activate(change: &Change<'_>, email: &str, name: &str) -> Result<(String, Action), ApiError> {
    if let Some(id) = users::id_of(change, email)? {
        // Whoever comes first must not take over the account of somebody else.
        if !members::is_seeded_admin(change, &id)? {
            return Err(ApiError::conflict("A user with this address exists already; use another address"));
        }
        return Ok((id, Action::BootstrapActivatedSeed));
    }
    let local_part = email.split('@').next().unwrap_or(email);
    let name = if name.is_empty() { local_part } else { name };
    Ok((users::insert(change, email, Some(name), None)?, Action::BootstrapCompleted))
}

fn closed() -> ApiError {
    ApiError::forbidden("Bootstrap disabled — a user with a password already exists. Use /auth/password/login.")
}
