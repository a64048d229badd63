//! The OpenID provider: discovery, keys, the page where people agree, and the exchange of codes.

use agnes::base::{random, time};
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    CLIENT_ID, CLIENT_SECRET, Forgery, Routes, Shared, Signing, fields, keys, merge, oauth_failure, workspace,
};
use crate::support::tokens;

const ACCESS_TOKEN: &str = "ya29.a0";

/// What somebody has agreed to.
pub struct Asked {
    account: Value,
    redirect_uri: String,
    nonce: String,
    challenge: String,
}

pub fn routes() -> Routes {
    Routes::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/oauth2/v3/certs", get(certificates))
        .route("/o/oauth2/v2/auth", get(authorize))
        .route("/token", post(token))
}

async fn discovery(State(shared): State<Shared>) -> Json<Value> {
    let url = shared.lock().url.clone();
    Json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/o/oauth2/v2/auth"),
        "device_authorization_endpoint": format!("{url}/device/code"),
        "token_endpoint": format!("{url}/token"),
        "userinfo_endpoint": format!("{url}/v1/userinfo"),
        "revocation_endpoint": format!("{url}/revoke"),
        "jwks_uri": format!("{url}/oauth2/v3/certs"),
        "response_types_supported":
            ["code", "token", "id_token", "code token", "code id_token", "token id_token", "code token id_token", "none"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "email", "email_verified", "exp", "family_name", "given_name", "iat", "iss", "name",
            "picture", "sub"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "grant_types_supported": ["authorization_code", "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
    }))
}

async fn certificates(State(shared): State<Shared>) -> Json<Value> {
    let (kid, key) = keys::published(shared.lock().rotations);
    Json(json!({ "keys": [keys::jwk(&kid, key)] }))
}

/// The page where people choose an account (told in `x-account`) and agree.
async fn authorize(State(shared): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let query = fields(&query.unwrap_or_default());
    let asked = |name: &str| query.get(name).cloned().unwrap_or_default();
    let mut state = shared.lock();
    let mut scopes: Vec<_> = asked("scope").split(' ').map(str::to_owned).collect();
    scopes.sort_unstable();
    for (is_wrong, text) in [
        (asked("client_id") != CLIENT_ID, "invalid_client"),
        (!state.redirect_uris.contains(&asked("redirect_uri")), "redirect_uri_mismatch"),
        (asked("response_type") != "code", "unsupported_response_type"),
        (scopes != ["email", "openid", "profile"], "invalid_scope"),
        (asked("state").len() < 16 || asked("nonce").len() < 16, "state and nonce must be hard to guess"),
        (asked("code_challenge_method") != "S256" || asked("code_challenge").len() != 43, "PKCE is missing"),
    ] {
        if is_wrong {
            state.complaints.push(format!("{text}: {query:?}"));
            return (StatusCode::BAD_REQUEST, text).into_response();
        }
    }
    let name = headers.get("x-account").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(account) = state.accounts.get(name).cloned() else {
        return (StatusCode::BAD_REQUEST, "Couldn't find your Google Account").into_response();
    };
    let code = format!("4/0A{}", random::hex(20));
    let (redirect_uri, nonce) = (asked("redirect_uri"), asked("nonce"));
    let back = url::Url::parse_with_params(
        &redirect_uri,
        [("state", asked("state").as_str()), ("code", &code), ("scope", "email profile openid"), ("authuser", "0")],
    );
    state.codes.insert(code, Asked { account, redirect_uri, nonce, challenge: asked("code_challenge") });
    (StatusCode::FOUND, [(header::LOCATION, back.expect("an address").to_string())]).into_response()
}

/// The one token endpoint: codes for people, assertions for service accounts.
async fn token(State(shared): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let form = fields(&body);
    let given = |name: &str| form.get(name).cloned().unwrap_or_default();
    if given("grant_type") != "authorization_code" {
        return workspace::exchange(&shared, &form);
    }
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| {
        let pair = BASE64.decode(value.to_str().ok()?.strip_prefix("Basic ")?.as_bytes()).ok()?;
        let (id, secret) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
        // RFC 6749 has both encoded like a form.
        let decode = |text: &str| fields(&format!("x={text}")).remove("x").unwrap_or_default();
        Some((decode(id), decode(secret)))
    });
    if basic.unwrap_or_else(|| (given("client_id"), given("client_secret")))
        != (CLIENT_ID.to_owned(), CLIENT_SECRET.to_owned())
    {
        shared.lock().complaints.push("wrong client".into());
        return oauth_failure(401, "invalid_client", "Unauthorized");
    }
    let mut state = shared.lock();
    // Good once, whatever else is wrong.
    let Some(asked) = state.codes.remove(&given("code")) else {
        return oauth_failure(400, "invalid_grant", "Malformed auth code.");
    };
    if given("redirect_uri") != asked.redirect_uri {
        state.complaints.push("another redirect_uri than before".into());
        return oauth_failure(400, "redirect_uri_mismatch", "Bad Request");
    }
    if BASE64URL_NOPAD.encode(&Sha256::digest(given("code_verifier").as_bytes())) != asked.challenge {
        return oauth_failure(400, "invalid_grant", "Invalid code verifier.");
    }
    let forgery = state.forgeries.pop_front().unwrap_or_default();
    let id_token = id_token(&state.url, state.rotations, asked, &forgery);
    Json(json!({ "access_token": ACCESS_TOKEN, "expires_in": 3599, "token_type": "Bearer", "id_token": id_token,
        "scope": "openid https://www.googleapis.com/auth/userinfo.email" }))
    .into_response()
}

fn id_token(issuer: &str, rotations: usize, asked: Asked, forgery: &Forgery) -> String {
    let (kid, key) = keys::published(rotations);
    let now = time::now().as_second();
    let at_hash = BASE64URL_NOPAD.encode(&Sha256::digest(ACCESS_TOKEN)[..16]);
    let mut claims = json!({ "iss": issuer, "azp": CLIENT_ID, "aud": CLIENT_ID, "at_hash": at_hash,
        "nonce": asked.nonce, "iat": now, "exp": now + 3600 });
    merge(&mut claims, &asked.account);
    merge(&mut claims, &forgery.claims);
    let mut header = json!({ "alg": "RS256", "kid": kid, "typ": "JWT" });
    merge(&mut header, &forgery.header);
    match forgery.signing {
        Signing::Published => keys::sign(key, &header, &claims),
        Signing::Foreign => keys::sign(keys::FOREIGN, &header, &claims),
        Signing::Nobody => {
            header["alg"] = "none".into();
            format!("{}.", keys::unsigned(&header, &claims))
        }
        Signing::ClientSecret => tokens::signed_with(jsonwebtoken::Algorithm::HS256, CLIENT_SECRET, &claims),
        Signing::Tampered => {
            let signed = keys::sign(key, &header, &claims);
            claims["email"] = "boss@acme.com".into();
            let signature = signed.rsplit_once('.').expect("three parts").1;
            format!("{}.{signature}", keys::unsigned(&header, &claims))
        }
    }
}
