//! What lists groups: the metadata server, IAM Credentials, the exchange of assertions, and the Admin SDK.

use std::collections::HashMap;

use agnes::base::time;
use axum::Json;
use axum::extract::{OriginalUri, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::{Routes, SERVICE_ACCOUNT, SUBJECT, Shared, failure, fields, keys, oauth_failure};

const OWN_TOKEN: &str = "ya29.c.machine";
const DELEGATED_TOKEN: &str = "ya29.c.delegated";
const SCOPE: &str = "https://www.googleapis.com/auth/admin.directory.group.readonly";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

pub fn routes() -> Routes {
    let account = "/computeMetadata/v1/instance/service-accounts/default";
    Routes::new()
        .route(&format!("{account}/email"), get(email))
        .route(&format!("{account}/token"), get(own_token))
        .route("/v1/projects/-/serviceAccounts/{call}", post(sign))
        .route("/admin/directory/v1/groups", get(groups))
}

fn complain(shared: &Shared, status: u16, text: &str) -> Response {
    shared.lock().complaints.push(text.to_owned());
    failure(status, text)
}

fn bearer(headers: &HeaderMap) -> &str {
    let value = headers.get("authorization").and_then(|value| value.to_str().ok());
    value.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default()
}

async fn email(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    match headers.get("metadata-flavor").is_some_and(|value| value == "Google") {
        true => SERVICE_ACCOUNT.into_response(),
        false => complain(&shared, 403, "Missing Metadata-Flavor:Google header."),
    }
}

async fn own_token(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    match headers.get("metadata-flavor").is_some_and(|value| value == "Google") {
        true => Json(json!({ "access_token": OWN_TOKEN, "expires_in": 3000, "token_type": "Bearer" })).into_response(),
        false => complain(&shared, 403, "Missing Metadata-Flavor:Google header."),
    }
}

/// `…/<service account>:signJwt`
async fn sign(
    State(shared): State<Shared>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    if !uri.path().ends_with(&format!("/{SERVICE_ACCOUNT}:signJwt")) {
        return complain(&shared, 404, &format!("unknown service account: {uri}"));
    }
    if bearer(&headers) != OWN_TOKEN {
        return complain(&shared, 401, "the machine's own token is missing");
    }
    let claims: Option<Value> = body["payload"].as_str().and_then(|text| serde_json::from_str(text).ok());
    let Some(claims) = claims else { return complain(&shared, 400, "the payload is no text of JSON") };
    let signed = keys::sign(keys::SERVICE_ACCOUNT, &json!({ "alg": "RS256", "typ": "JWT", "kid": "sa" }), &claims);
    Json(json!({ "keyId": "sa", "signedJwt": signed })).into_response()
}

/// Exchanges the assertion of a service account for a token with which it acts for a Workspace admin.
pub fn exchange(shared: &Shared, form: &HashMap<String, String>) -> Response {
    let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let refuse = |error: &str, text: &str| {
        shared.lock().complaints.push(text.to_owned());
        oauth_failure(400, error, text)
    };
    if given("grant_type") != GRANT {
        return refuse("unsupported_grant_type", "Invalid grant_type");
    }
    let Some(claims) = keys::verified(keys::SERVICE_ACCOUNT, given("assertion")) else {
        return refuse("invalid_grant", "Invalid JWT Signature.");
    };
    let own = format!("{}/token", shared.lock().url);
    let now = time::now().as_second();
    let (issued, ends) = (claims["iat"].as_i64().unwrap_or_default(), claims["exp"].as_i64().unwrap_or_default());
    if (&claims["iss"], &claims["aud"]) != (&json!(SERVICE_ACCOUNT), &json!(own)) {
        return refuse("invalid_grant", "Invalid issuer or audience.");
    }
    if (issued - now).abs() > 300 || ends <= now || ends - issued > 3600 {
        return refuse("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes).");
    }
    // Somebody may have named another admin: no fault of the request's form.
    if (&claims["sub"], &claims["scope"]) != (&json!(SUBJECT), &json!(SCOPE)) {
        return oauth_failure(401, "unauthorized_client", "Client is unauthorized to retrieve access tokens.");
    }
    Json(json!({ "access_token": DELEGATED_TOKEN, "expires_in": 3599, "token_type": "Bearer" })).into_response()
}

/// `groups.list` of the Directory API, for the groups of one member.
async fn groups(State(shared): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    if bearer(&headers) != DELEGATED_TOKEN {
        return complain(&shared, 401, "Request had invalid authentication credentials.");
    }
    let query = fields(&query.unwrap_or_default());
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    if number("maxResults").is_none_or(|most| !(1..=200).contains(&most)) {
        return complain(&shared, 400, "Invalid Input: maxResults");
    }
    let state = shared.lock();
    let Some(groups) = query.get("userKey").and_then(|user| state.members.get(&user.to_lowercase())) else {
        return failure(404, "Resource Not Found: userKey");
    };
    let from = number("pageToken").unwrap_or(0);
    let to = groups.len().min(from + state.page_size);
    let mut page = json!({ "kind": "admin#directory#groups", "etag": "\"x\"" });
    // Without any the list is missing.
    if from < to {
        page["groups"] = groups[from..to]
            .iter()
            .map(|email| {
                json!({ "kind": "admin#directory#group", "id": "01x",
            "email": email, "name": "A group", "directMembersCount": "3", "adminCreated": true })
            })
            .collect();
    }
    if to < groups.len() {
        page["nextPageToken"] = to.to_string().into();
    }
    Json(page).into_response()
}
