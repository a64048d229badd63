//! One's own second factor, and resetting that of others.

use axum::http::StatusCode;

use super::verify::verify;
use crate::access::{Admin, Interactive};
use crate::domain::second_factor::{self, Enrolment, SecondFactors};
use crate::domain::sign_in::{PasswordAttempt, record_wrong_password};
use crate::protocol::second_factor::{
    BeginSecondFactor, NewSecondFactor, RecoveryCodes, SecondFactorCode, SecondFactorState,
};
use crate::server::http::extractors::{Json, Path, Reply};
use crate::server::services::rate_limits::Rule;
use crate::server::{ApiError, ApiResult, App, AppState};

const RULE: Rule = Rule { path: "/auth/second-factor", per_minute: 10 };

/// What an authenticator app shows beside the account.
pub fn issuer(app: &App) -> String {
    match app.instance().instance.name.as_str() {
        "" => "Agnes".to_owned(),
        name => name.to_owned(),
    }
}

/// Whether the caller has a second factor.
#[utoipa::path(get, path = "/auth/second-factor", tag = "auth",
    responses((status = 200, body = SecondFactorState), (status = 403, description = "The caller used a token")))]
pub async fn get_second_factor(app: AppState, caller: Interactive) -> Json<SecondFactorState> {
    Json(state(&app, &caller))
}

pub fn state(app: &App, caller: &crate::access::Principal) -> SecondFactorState {
    SecondFactorState {
        enabled: SecondFactors::is_enabled(&app.store.snapshot(), &caller.user().id),
        required: app.second_factors.is_required(caller.is_admin()),
    }
}

/// Begins to set up a second factor, with the current password.
#[utoipa::path(post, path = "/auth/second-factor", tag = "auth",
    responses((status = 200, body = NewSecondFactor), (status = 400, description = "A wrong password"),
        (status = 403, description = "The caller used a token"), (status = 409, description = "There is one already"),
        (status = 429)))]
pub async fn begin_second_factor(
    app: AppState,
    caller: Interactive,
    Json(body): Json<BeginSecondFactor>,
) -> Reply<NewSecondFactor> {
    let begun = begin(&app, &caller, body.password).await?;
    Ok(Json(NewSecondFactor { secret: begun.secret.expose().to_owned(), otpauth_url: begun.url.expose().to_owned() }))
}

/// Checks the password, if the account has one, and makes a secret.
pub async fn begin(app: &App, caller: &Interactive, password: String) -> ApiResult<Enrolment> {
    app.limits.admit(RULE, caller.actor().origin.ip)?;
    let user = caller.user();
    if user.password_hash.is_some() {
        app.limits.take_try(&user.email)?;
        let attempt = PasswordAttempt::new(&app.store.snapshot(), &user.email, &app.no_password);
        if !verify(app, &user.email, &attempt, password).await? {
            record_wrong_password(&app.store, caller).await?;
            return Err(ApiError::bad_request("Current password is wrong"));
        }
        app.limits.succeeded(&user.email);
    }
    Ok(second_factor::begin(&app.store, &app.second_factors, user, &issuer(app)).await?)
}

/// Completes it with a code of the authenticator app.
#[utoipa::path(post, path = "/auth/second-factor/confirm", tag = "auth",
    responses((status = 200, body = RecoveryCodes), (status = 400, description = "A wrong code"),
        (status = 403, description = "The caller used a token"), (status = 409, description = "It was not begun"),
        (status = 429)))]
pub async fn confirm_second_factor(
    app: AppState,
    caller: Interactive,
    Json(body): Json<SecondFactorCode>,
) -> Reply<RecoveryCodes> {
    Ok(Json(RecoveryCodes { recovery_codes: confirm(&app, &caller, body.code).await? }))
}

pub async fn confirm(app: &App, caller: &Interactive, code: String) -> ApiResult<Vec<String>> {
    let (id, origin) = (&caller.user().id, caller.actor().origin);
    app.limits.take_code_try(id)?;
    let codes = second_factor::confirm(&app.store, &app.second_factors, origin, id, code).await?;
    app.limits.code_succeeded(id);
    Ok(codes)
}

/// Replaces the recovery codes, with a current code.
#[utoipa::path(post, path = "/auth/second-factor/recovery-codes", tag = "auth",
    responses((status = 200, body = RecoveryCodes), (status = 400, description = "A wrong code"),
        (status = 403, description = "The caller used a token"), (status = 409, description = "There is none"),
        (status = 429)))]
pub async fn renew_recovery_codes(
    app: AppState,
    caller: Interactive,
    Json(body): Json<SecondFactorCode>,
) -> Reply<RecoveryCodes> {
    Ok(Json(RecoveryCodes { recovery_codes: renew(&app, &caller, body.code).await? }))
}

pub async fn renew(app: &App, caller: &Interactive, code: String) -> ApiResult<Vec<String>> {
    let id = &caller.user().id;
    app.limits.take_code_try(id)?;
    let codes = second_factor::renew_recovery_codes(&app.store, &app.second_factors, caller, code).await?;
    app.limits.code_succeeded(id);
    Ok(codes)
}

/// Removes the caller's second factor, with a current code or a recovery code.
#[utoipa::path(post, path = "/auth/second-factor/remove", tag = "auth",
    responses((status = 204), (status = 400, description = "A wrong code"),
        (status = 403, description = "The caller used a token"), (status = 409, description = "There is none"),
        (status = 429)))]
pub async fn remove_second_factor(
    app: AppState,
    caller: Interactive,
    Json(body): Json<SecondFactorCode>,
) -> ApiResult<StatusCode> {
    remove(&app, &caller, body.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn remove(app: &App, caller: &Interactive, code: String) -> ApiResult<()> {
    let id = &caller.user().id;
    app.limits.take_code_try(id)?;
    second_factor::remove(&app.store, &app.second_factors, caller, code).await?;
    app.limits.code_succeeded(id);
    Ok(())
}

/// Removes the second factor of somebody who has lost it.
#[utoipa::path(delete, path = "/api/users/{id}/second-factor", tag = "users", params(("id", description = "User id")),
    responses((status = 204), (status = 404)))]
pub async fn reset_second_factor(app: AppState, admin: Admin, Path(id): Path<String>) -> ApiResult<StatusCode> {
    second_factor::reset(&app.store, &admin, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
