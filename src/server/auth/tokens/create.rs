use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::json;

use crate::access::PersonalToken;
use crate::base::hash::sha256_hex;
use crate::base::{random, time};
use crate::domain::rules;
use crate::protocol::tokens::{CreateToken, CreatedToken};
use crate::server::http::extractors::Json;
use crate::server::http::extractors::interactive::Interactive;
use crate::server::services::limits::Rule;
use crate::server::{ApiError, AppState};
use crate::store::audit::Action;
use crate::store::tokens::NewToken;
use crate::store::{StoreError, audit, tokens};

const RULE: Rule = Rule { path: "/auth/tokens", per_minute: 30 };
const DAY: i64 = 86_400;
const MOST_DAYS: i64 = 3650;
/// Tokens for setting up an analyst's machine are short-lived, whatever was asked for.
const BOOTSTRAP: (&str, i64) = ("bootstrap-analyst", 3600);

/// Makes a token, which is shown this once.
#[utoipa::path(post, path = "/auth/tokens", tag = "auth", request_body = CreateToken,
    responses((status = 201, body = CreatedToken), (status = 400, description = "No name, or a lifetime out of range"),
        (status = 403, description = "Only somebody who signed in makes tokens"), (status = 429)))]
pub async fn create_token(
    State(app): State<AppState>,
    Interactive(caller): Interactive,
    Json(body): Json<CreateToken>,
) -> Result<(StatusCode, Json<CreatedToken>), ApiError> {
    let name = rules::name(&body.name)?;
    let scope = rules::short("scope", &body.scope, 200)?;
    let actor = caller.actor();
    app.limits.admit(RULE, actor.origin.ip)?;
    if name.is_empty() {
        return Err(ApiError::bad_request("name is required"));
    }
    let expires_at = lifetime(&body, &scope)?.map(|seconds| {
        let end = time::now().as_microsecond().saturating_add(seconds.saturating_mul(1_000_000));
        time::from_micros(end)
    });
    let (id, user) = (random::uuid(), caller.user());
    let token = app
        .authenticator
        .keys()
        .issue_personal(&PersonalToken { id: &id, user_id: &user.id, email: &user.email, scope: &scope, expires_at })
        .map_err(ApiError::internal)?;
    let row = NewToken {
        id: id.clone(),
        user_id: user.id.clone(),
        name: name.clone(),
        token_hash: sha256_hex(token.expose()),
        scopes: scope.clone(),
        expires_at,
    };
    let (prefix, version) = (row.prefix(), user.token_version);
    let details = json!({ "name": name, "scope": scope });
    let written = app.store.write(move |change| -> Result<_, StoreError> {
        let created_at = tokens::insert(change, &row, version)?;
        audit::record(change, &actor, Action::TokenCreate, &format!("token:{}", row.id), details)?;
        Ok(created_at)
    });
    let created_at = written.await.map_err(|error| match error {
        StoreError::Conflict(text) => ApiError::unauthorized(text),
        other => other.into(),
    })?;
    let offset = |at: Timestamp| format!("{}+00:00", time::spaced(at));
    let created = CreatedToken {
        id,
        name,
        prefix,
        token: token.expose().to_owned(),
        expires_at: expires_at.map(offset),
        created_at: offset(created_at),
    };
    Ok((StatusCode::CREATED, Json(created)))
}

/// Seconds; `None` for ever. Both numbers must make sense, also the one that does not count.
fn lifetime(body: &CreateToken, scope: &str) -> Result<Option<i64>, ApiError> {
    for (field, value, most, words) in [
        ("expires_in_days", body.expires_in_days, MOST_DAYS, "3650 (10 years)"),
        ("ttl_seconds", body.ttl_seconds, MOST_DAYS * DAY, "315360000 (10 years)"),
    ] {
        match value {
            Some(value) if value <= 0 => {
                return Err(ApiError::bad_request(format!("{field} must be a positive integer")));
            }
            Some(value) if value > most => {
                return Err(ApiError::bad_request(format!("{field} must not exceed {words}")));
            }
            _ => {}
        }
    }
    let asked = body.ttl_seconds.or(body.expires_in_days.map(|days| days * DAY));
    let is_bootstrap = scope.split_whitespace().any(|word| word == BOOTSTRAP.0);
    Ok(if is_bootstrap { Some(asked.map_or(BOOTSTRAP.1, |seconds| seconds.min(BOOTSTRAP.1))) } else { asked })
}
