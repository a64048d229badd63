//! What the server knows about the visitor's sign-in, for those who look for a mistake in it. Only with `AGNES_DEBUG_AUTH`.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use data_encoding::BASE64URL_NOPAD;
use minijinja::value::Serde;
use minijinja::{Value, context};

use crate::access::Principal;
use crate::base::hash::sha256_hex;
use crate::domain::accounts::view;
use crate::domain::grants::reach::reach;
use crate::domain::groups::view::memberships;
use crate::domain::sign_in::{GroupsPreview, preview_groups};
use crate::server::http::openapi::Argument;
use crate::server::http::session::{accepts_html, session_token};
use crate::server::web::{PageContext, PageError, PageResult, SignedIn};
use crate::server::{ApiError, AppState};
use crate::store::members::SOURCE_GOOGLE;

/// The operator wants the page.
pub struct DebugAuth;

impl FromRequestParts<AppState> for DebugAuth {
    type Rejection = PageError;

    async fn from_request_parts(_: &mut Parts, app: &AppState) -> Result<Self, PageError> {
        match app.config.http.debug_auth {
            true => Ok(Self),
            false => Err(ApiError::not_found("Not Found").into()),
        }
    }
}

impl Argument for DebugAuth {
    const STATUSES: &'static [u16] = &[404];
}

/// `GET /me/debug`
pub async fn show_debug(_: DebugAuth, SignedIn(person): SignedIn, page: PageContext, headers: HeaderMap) -> PageResult {
    show(&page, &person, &headers, None)
}

/// `POST /me/debug/refetch-groups`: what a sign-in with Google would change. It changes nothing.
pub async fn submit_refetch(
    _: DebugAuth,
    SignedIn(person): SignedIn,
    page: PageContext,
    headers: HeaderMap,
) -> PageResult {
    let user = person.user();
    let listed = page.app.google.directory.groups_of(&user.email).await;
    let preview = preview_groups(&page.app.store, &user.id, listed).await.map_err(ApiError::from)?;
    match accepts_html(&headers) {
        true => show(&page, &person, &headers, Some(preview)),
        false => Ok(Json(preview).into_response()),
    }
}

fn show(page: &PageContext, person: &Principal, headers: &HeaderMap, preview: Option<GroupsPreview>) -> PageResult {
    let (snapshot, publication) = (page.app.store.snapshot(), page.app.orchestrator.publication());
    let id = &person.user().id;
    let session = session_token(&page.app, headers);
    let members = memberships(&snapshot, id)?;
    let synced = members.iter().filter(|member| member.source == SOURCE_GOOGLE);
    let google = context! {
        count => synced.clone().count(),
        last => synced.filter_map(|member| member.added_at.as_deref()).max(),
        prefix => &snapshot.google.prefix,
        is_configured => page.app.google.directory.is_configured(),
    };
    let grants = reach(&snapshot, &publication, id)?;
    let grants = grants.iter().filter(|item| item.is_open).map(|item| {
        let via = item.via_groups.iter().map(|via| via.group_name.as_str()).min();
        context! { name => &item.name, kind => item.resource_type.info().display_name, via }
    });
    page.render(
        "sign_in_debug.html",
        context! {
            account => Value::from(Serde(view::user(&snapshot, id)?)),
            // Never the token itself.
            fingerprint => session.map(|token| sha256_hex(token)[..12].to_owned()),
            claims => session.and_then(claims),
            members => Value::from(Serde(&members)),
            grants => grants.collect::<Vec<_>>(),
            google,
            preview => preview.map(|preview| Value::from(Serde(preview))),
        },
    )
}

/// The contents of a session token that has been checked.
fn claims(token: &str) -> Option<Value> {
    let part = BASE64URL_NOPAD.decode(token.split('.').nth(1)?.as_bytes()).ok()?;
    let claims: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&part).ok()?;
    Some(claims.into_iter().map(|(name, value)| context! { name, value => value.to_string() }).collect())
}
