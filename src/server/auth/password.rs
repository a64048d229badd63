//! Signing in with a password, and choosing one with a mailed link.

use axum::response::Response;

use super::verify::verify;
use crate::domain::sign_in::{
    PasswordAttempt, PasswordChoice, PasswordRefusal, SignInMethod, check_password_choice, choose_password,
    complete_password_attempt, replace_password_hash,
};
use crate::protocol::auth::{LoginRequest, LoginResponse, SetupRequest, SetupResponse, TokenRequest, TokenResponse};
use crate::server::http::extractors::Json;
use crate::server::http::session::Session;
use crate::server::services::rate_limits::Rule;
use crate::server::{ApiError, ApiResult, App, AppState};
use crate::store::audit::Origin;
use crate::store::one_time::{InvalidToken, Purpose};
use crate::store::users::Proved;

/// The same for every account, whether it exists or not. Older command lines look for `external authentication`.
const REFUSED: &str =
    "Invalid email or password. Accounts that use external authentication sign in with their provider.";

/// Signs in with a password.
#[utoipa::path(post, path = "/auth/token", tag = "auth", security(()),
    responses((status = 200, body = TokenResponse), (status = 401, description = "Unknown user or wrong password"),
        (status = 429)))]
pub async fn sign_in_for_token(app: AppState, origin: Origin, Json(body): Json<TokenRequest>) -> ApiResult<Response> {
    app.limits.admit(Rule { path: "/auth/token", per_minute: 10 }, origin.ip)?;
    if body.password.is_empty() {
        return Err(ApiError::unauthorized("Password required"));
    }
    let user = check_password(&app, &origin, &body.email, body.password).await?;
    let user = user.map_err(|refusal| refused(refusal, REFUSED))?;
    Ok(Session::start(&app, origin, user, SignInMethod::ApiPassword, body.code).await?.into_token_response())
}

/// Signs in with a password.
#[utoipa::path(post, path = "/auth/password/login", tag = "auth", security(()),
    responses((status = 200, body = LoginResponse), (status = 401, description = "Unknown user or wrong password"),
        (status = 429)))]
pub async fn log_in(app: AppState, origin: Origin, Json(body): Json<LoginRequest>) -> ApiResult<Response> {
    app.limits.admit(Rule { path: "/auth/password/login", per_minute: 10 }, origin.ip)?;
    let user = check_password(&app, &origin, &body.email, body.password).await?;
    let user = user.map_err(|refusal| refused(refusal, "Invalid email or password"))?;
    Ok(Session::start(&app, origin, user, SignInMethod::Password, body.code).await?.into_login_response())
}

fn refused(refusal: PasswordRefusal, text: &str) -> ApiError {
    ApiError::unauthorized(match refusal {
        PasswordRefusal::Credentials => text,
        PasswordRefusal::Deactivated => "Account deactivated",
    })
}

/// Sets a password with the token of an invitation, and signs in.
#[utoipa::path(post, path = "/auth/password/setup", tag = "auth", security(()),
    responses((status = 200, body = SetupResponse), (status = 400, description = "A wrong token or a weak password"),
        (status = 403, description = "The account is not active"), (status = 429)))]
pub async fn set_up_password(app: AppState, origin: Origin, Json(body): Json<SetupRequest>) -> ApiResult<Response> {
    app.limits.admit(Rule { path: "/auth/password/setup", per_minute: 10 }, origin.ip)?;
    let SetupRequest { email, token, password, code } = body;
    let choice = PasswordChoice { purpose: Purpose::Setup, email, token, name: String::new() };
    let user = choose(&app, &origin, choice, password).await?.map_err(|invalid| match invalid {
        InvalidToken::Wrong => ApiError::bad_request("Invalid setup token"),
        InvalidToken::Expired => ApiError::bad_request("Setup token has expired"),
        InvalidToken::Deactivated => ApiError::forbidden("Account deactivated"),
    })?;
    let session = Session::start(&app, origin, user, SignInMethod::Password, code).await?;
    Ok(session.respond(|started| SetupResponse {
        access_token: started.token.expose().to_owned(),
        token_type: "bearer".into(),
        message: "Password set successfully".into(),
    }))
}

/// Sets the password and consumes the token of a mailed link. Returns the user.
pub async fn choose(
    app: &App,
    origin: &Origin,
    choice: PasswordChoice,
    password: String,
) -> ApiResult<Result<Proved, InvalidToken>> {
    if let Err(invalid) = check_password_choice(&app.store, origin, &choice, &password).await? {
        return Ok(Err(invalid));
    }
    let hash = app.passwords.hash_chosen(password, app.context_words(&choice.email, &choice.name)).await?;
    Ok(choose_password(&app.store, origin, choice, hash).await?)
}

/// Checks an address and a password, with the same response in the same time whether there is such an account or not.
/// Failures are counted and recorded.
pub async fn check_password(
    app: &App,
    origin: &Origin,
    email: &str,
    password: String,
) -> ApiResult<Result<Proved, PasswordRefusal>> {
    app.limits.take_try(email)?;
    let attempt = PasswordAttempt::new(&app.store.snapshot(), email, &app.no_password);
    let matched = verify(app, email, &attempt, password.clone()).await?;
    let completed = complete_password_attempt(&app.store, origin, &attempt, matched).await?;
    if let Ok(user) = &completed {
        app.limits.succeeded(email);
        if attempt.is_outdated() {
            rehash(app, user, &attempt, password).await;
        }
    }
    Ok(completed)
}

/// Hashes the password again with current parameters. A failure does not prevent the sign-in.
async fn rehash(app: &App, user: &Proved, attempt: &PasswordAttempt, password: String) {
    let Ok(hash) = app.passwords.hash(password).await else { return };
    if let Err(error) = replace_password_hash(&app.store, user, attempt, hash).await {
        tracing::warn!(%error, "cannot store a renewed password hash");
    }
}
