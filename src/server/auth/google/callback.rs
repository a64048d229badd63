use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::oidc::{Identity, Oidc};
use super::{COOKIE, PER_MINUTE, code, refusal, sync};
use crate::domain::rules;
use crate::domain::sign_in::SignInMethod;
use crate::server::http::extractors::Query;
use crate::server::http::session::{Session, cookie, remove_cookie};
use crate::server::services::limits::Rule;
use crate::server::{ApiError, App, AppState};
use crate::store::audit::{Action, Origin};
use crate::store::{StoreError, audit, users};

const RULE: Rule = Rule { path: "/auth/google/callback", per_minute: PER_MINUTE };

/// Google itself vouches for addresses of these domains, whose accounts belong to no Workspace.
const CONSUMER: &[&str] = &["gmail.com", "googlemail.com"];

#[derive(Debug, Deserialize)]
pub struct Returned {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

/// Why somebody is not let in.
#[derive(Debug)]
pub struct Refused {
    pub code: &'static str,
    /// For the log.
    pub reason: String,
}

impl Refused {
    pub fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::new(code::FAILED, error.to_string())
    }
}

/// Lets somebody in who comes back from Google.
#[utoipa::path(get, path = "/auth/google/callback", tag = "auth", security(()),
    params(("code" = Option<String>, Query), ("state" = Option<String>, Query), ("error" = Option<String>, Query)),
    responses((status = 302, description = "Signed in"),
        (status = 307, description = "Back to the login page, with an error code"), (status = 429)))]
pub async fn complete_google_sign_in(
    State(app): State<AppState>,
    origin: Origin,
    parts: Parts,
    Query(returned): Query<Returned>,
) -> Result<Response, ApiError> {
    app.limits.admit(RULE, origin.ip)?;
    let Some(oidc) = &app.google.oidc else { return Ok(refusal(code::NOT_CONFIGURED)) };
    let mut email = None;
    let answer = match sign_in(&app, oidc, &origin, &parts, returned, &mut email).await {
        Ok(answer) => answer,
        Err(refused) => {
            tracing::warn!(code = refused.code, reason = refused.reason, "a Google sign-in failed");
            note(&app, origin, email, refused.code).await?;
            refusal(refused.code)
        }
    };
    let gone = remove_cookie(&app, COOKIE);
    Ok((AppendHeaders([(SET_COOKIE, gone)]), answer).into_response())
}

/// Puts the address into `email` as soon as Google tells it.
async fn sign_in(
    app: &AppState,
    oidc: &Oidc,
    origin: &Origin,
    parts: &Parts,
    returned: Returned,
    email: &mut Option<String>,
) -> Result<Response, Refused> {
    let failed = |reason: &str| Refused::new(code::FAILED, reason);
    // Taken before anything is checked: whatever happens, it is used up.
    let login = cookie(&parts.headers, COOKIE).and_then(|name| app.google.logins.take(name));
    if let Some(error) = returned.error {
        let text: String = error.chars().take(100).collect();
        return Err(failed(&format!("Google says {text}")));
    }
    let login = login.ok_or_else(|| failed("no sign-in has begun in this browser, or it took too long"))?;
    let state = returned.state.unwrap_or_default();
    if !bool::from(state.as_bytes().ct_eq(login.state.secret().as_bytes())) {
        return Err(failed("the state is not the one that was sent"));
    }
    let next = login.next.clone();
    let code = returned.code.ok_or_else(|| failed("there is no code"))?;
    let identity = oidc.identify(code, login).await.map_err(|error| failed(&error.to_string()))?;
    email.clone_from(&identity.email);
    let email = check(app, &identity)?;
    let snapshot = app.store.snapshot();
    if snapshot.users.by_email(&email).is_some_and(|user| !user.active) {
        return Err(Refused::new(code::DEACTIVATED, "the account is deactivated"));
    }
    let groups = sync::gate(app, origin, &email).await?;
    let id = find_or_create(app, origin, email, identity.name).await?;
    if let Some(groups) = groups {
        sync::apply(app, origin, &id, groups).await;
    }
    let begun = Session::start(app, origin.clone(), &id, SignInMethod::Google).await;
    let session = begun.map_err(|error| failed(&format!("{error:?}")))?;
    Ok(session.redirect(next.as_deref().unwrap_or("/dashboard")))
}

/// The address, if its owner may come in at all.
fn check(app: &App, identity: &Identity) -> Result<String, Refused> {
    let email = identity.email.as_deref().ok_or_else(|| Refused::new(code::NO_EMAIL, "there is no address"))?;
    if !identity.email_verified {
        return Err(Refused::new(code::FAILED, "Google has not verified the address"));
    }
    let auth = &app.config.instance.auth;
    if !auth.admits(email) {
        return Err(Refused::new(code::DOMAIN, "the domain of the address is not allowed"));
    }
    // Anybody can make a Google account with a company's address; only the Workspace of the company has `hd`.
    let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase();
    let is_hosted = match &identity.hosted_domain {
        Some(hosted) => auth.domains().contains(&hosted.as_str()),
        None => CONSUMER.contains(&domain.as_str()),
    };
    if !auth.domains().is_empty() && !is_hosted {
        return Err(Refused::new(code::DOMAIN, "the account does not belong to an allowed Workspace"));
    }
    rules::email(email).map_err(|_| Refused::new(code::FAILED, "the address cannot be that of a person here"))
}

/// The id of whoever has that address, in any case. Later sign-ins change nothing about the account.
async fn find_or_create(app: &App, origin: &Origin, email: String, name: Option<String>) -> Result<String, Refused> {
    if let Some(user) = app.store.snapshot().users.by_email(&email) {
        return Ok(user.id.clone());
    }
    let origin = origin.clone();
    let created: Result<String, StoreError> = app
        .store
        .write(move |change| {
            // Two callbacks may come at once.
            if let Some(id) = users::id_of(change, &email)? {
                return Ok(id);
            }
            let local_part = email.split('@').next().unwrap_or(&email);
            let name: String = name.as_deref().unwrap_or(local_part).chars().take(200).collect();
            let id = users::insert(change, &email, Some(&name), None)?;
            let details = json!({ "email": email, "provider": "google" });
            audit::record(change, &origin.user(&id), Action::UserCreate, &format!("user:{id}"), details)?;
            Ok(id)
        })
        .await;
    Ok(created?)
}

/// Records a sign-in that failed.
async fn note(app: &App, origin: Origin, email: Option<String>, code: &'static str) -> Result<(), StoreError> {
    let user = email.as_ref().and_then(|email| app.store.snapshot().users.by_email(email).cloned());
    let actor = match user {
        Some(user) => origin.user(&user.id),
        None => origin.nobody(),
    };
    let mut details = json!({ "provider": "google" });
    if let Some(email) = email {
        details["email"] = email.chars().take(254).collect::<String>().into();
    }
    app.store
        .write(move |change| audit::record_result(change, &actor, Action::LoginFailed, "auth", details, code))
        .await
}
