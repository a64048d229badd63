//! Every route against everybody who may knock.

mod pages;

use agnes::access::PersonalToken;
use agnes::base::hash::sha256_hex;
use agnes::store::tokens::{self, NewToken};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::tokens::{now, signed};
use crate::support::v0_35::{ADMIN, ANN, ANNS_TOKEN};
use crate::support::{Client, TestApp};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Needs {
    Nothing,
    User,
    Admin,
}
use Needs::{Admin, Nothing, User};

const ROUTES: &[(&str, &str, Needs)] = &[
    ("GET", "/openapi.json", Nothing),
    ("GET", "/api/health", Nothing),
    ("GET", "/api/health/detailed", User),
    ("GET", "/api/health/ready", Nothing),
    ("GET", "/api/version", Nothing),
    ("GET", "/cli/latest", Nothing),
    ("GET", "/cli/download", Nothing),
    ("GET", "/cli/bin/{filename}", Nothing),
    ("GET", "/cli/wheel/{filename}", Nothing),
    ("GET", "/cli/install.sh", Nothing),
    ("GET", "/cli/install.ps1", Nothing),
    ("GET", "/api/settings", User),
    ("PUT", "/api/settings/dataset", User),
    ("GET", "/api/sync/settings", User),
    ("POST", "/api/sync/settings", User),
    ("GET", "/api/sync/table-subscriptions", User),
    ("POST", "/api/sync/table-subscriptions", User),
    ("POST", "/auth/token", Nothing),
    ("POST", "/auth/bootstrap", Nothing),
    ("POST", "/auth/password/login", Nothing),
    ("POST", "/auth/password/login/web", Nothing),
    ("POST", "/auth/password/setup", Nothing),
    ("POST", "/auth/password/change", User),
    ("POST", "/auth/password/setup/request", Nothing),
    ("POST", "/auth/password/setup/confirm", Nothing),
    ("POST", "/auth/password/reset", Nothing),
    ("POST", "/auth/password/reset/confirm", Nothing),
    ("POST", "/auth/email/send-link", Nothing),
    ("POST", "/auth/email/send-link/web", Nothing),
    ("POST", "/auth/email/verify", Nothing),
    ("GET", "/auth/email/verify", Nothing),
    ("POST", "/auth/email/verify/web", Nothing),
    ("GET", "/auth/me", User),
    ("GET", "/auth/google/login", Nothing),
    ("GET", "/auth/google/callback", Nothing),
    ("GET", "/auth/tokens", User),
    ("POST", "/auth/tokens", User),
    ("GET", "/auth/tokens/{id}", User),
    ("DELETE", "/auth/tokens/{id}", User),
    ("GET", "/auth/second-factor", User),
    ("POST", "/auth/second-factor", User),
    ("POST", "/auth/second-factor/confirm", User),
    ("POST", "/auth/second-factor/recovery-codes", User),
    ("POST", "/auth/second-factor/remove", User),
    ("DELETE", "/api/users/{id}/second-factor", Admin),
    ("GET", "/auth/sessions", User),
    ("DELETE", "/auth/sessions/{id}", User),
    ("GET", "/api/users/{id}/sessions", Admin),
    ("DELETE", "/api/users/{id}/sessions", Admin),
    ("DELETE", "/api/users/{id}/sessions/{session_id}", Admin),
    ("GET", "/auth/admin/tokens", Admin),
    ("DELETE", "/auth/admin/tokens/{id}", Admin),
    ("GET", "/api/admin/audit", Admin),
    ("GET", "/api/admin/audit/verify", Admin),
    ("GET", "/api/admin/access-log", Admin),
    ("GET", "/api/admin/server-config", Admin),
    ("POST", "/api/admin/server-config", Admin),
    ("POST", "/api/admin/configure", Admin),
    ("POST", "/api/admin/signing-key/rotate", Admin),
    ("POST", "/api/admin/second-factor-key/rotate", Admin),
    ("GET", "/api/users", Admin),
    ("POST", "/api/users", Admin),
    ("POST", "/api/users/{id}/set-password", Admin),
    ("POST", "/api/users/{id}/reset-password", Admin),
    ("GET", "/api/users/me", User),
    ("PATCH", "/api/users/me", User),
    ("GET", "/api/users/{id}", Admin),
    ("PATCH", "/api/users/{id}", Admin),
    ("DELETE", "/api/users/{id}", Admin),
    ("POST", "/api/users/{id}/activate", Admin),
    ("POST", "/api/users/{id}/deactivate", Admin),
    ("PATCH", "/api/admin/groups/{id}", Admin),
    ("GET", "/api/admin/users/{id}/memberships", Admin),
    ("POST", "/api/admin/users/{id}/memberships", Admin),
    ("DELETE", "/api/admin/users/{id}/memberships/{group_id}", Admin),
    ("GET", "/api/admin/users/{id}/effective-access", Admin),
    ("GET", "/api/me/effective-access", User),
    ("GET", "/api/admin/access-overview", Admin),
    ("GET", "/api/permissions", Admin),
    ("POST", "/api/permissions", Admin),
    ("DELETE", "/api/permissions", Admin),
    ("GET", "/api/permissions/{id}", Admin),
    ("DELETE", "/api/permissions/{id}", Admin),
    ("GET", "/api/access-requests", Admin),
    ("POST", "/api/access-requests", User),
    ("GET", "/api/access-requests/my", User),
    ("GET", "/api/access-requests/pending", Admin),
    ("POST", "/api/access-requests/{id}/approve", Admin),
    ("POST", "/api/access-requests/{id}/deny", Admin),
    ("GET", "/api/catalog/tables", User),
    ("GET", "/api/catalog/search", User),
    ("GET", "/api/catalog/profile/{table}", User),
    ("POST", "/api/catalog/profile/{table}/refresh", User),
    ("GET", "/api/admin/groups", Admin),
    ("POST", "/api/admin/groups", Admin),
    ("GET", "/api/admin/groups/{id}", Admin),
    ("DELETE", "/api/admin/groups/{id}", Admin),
    ("GET", "/api/admin/groups/{id}/members", Admin),
    ("POST", "/api/admin/groups/{id}/members", Admin),
    ("DELETE", "/api/admin/groups/{id}/members/{user_id}", Admin),
    ("GET", "/api/admin/resource-types", Admin),
    ("GET", "/api/admin/grants", Admin),
    ("POST", "/api/admin/grants", Admin),
    ("DELETE", "/api/admin/grants/{id}", Admin),
    ("GET", "/api/admin/registry", Admin),
    ("POST", "/api/admin/register-table", Admin),
    ("POST", "/api/admin/register-table/precheck", Admin),
    ("GET", "/api/admin/discover-tables", Admin),
    ("POST", "/api/admin/discover-and-register", Admin),
    ("GET", "/api/admin/metadata/{table}", User),
    ("POST", "/api/admin/metadata/{table}", Admin),
    ("POST", "/api/admin/metadata/{table}/push", Admin),
    ("POST", "/api/admin/catalog/export", Admin),
    ("GET", "/api/metrics", User),
    ("GET", "/api/metrics/{id}", User),
    ("POST", "/api/metrics/{id}", User),
    ("GET", "/api/catalog/metrics/{path}", User),
    ("POST", "/api/admin/metrics", Admin),
    ("POST", "/api/admin/metrics/import", Admin),
    ("DELETE", "/api/admin/metrics/{id}", Admin),
    ("PUT", "/api/admin/registry/{id}", Admin),
    ("DELETE", "/api/admin/registry/{id}", Admin),
    ("GET", "/api/admin/registry/{id}/types", Admin),
    ("PATCH", "/api/admin/registry/{id}/types", Admin),
    ("POST", "/api/upload/tables/{name}", Admin),
    ("GET", "/api/welcome", User),
    ("GET", "/api/admin/welcome-template", Admin),
    ("PUT", "/api/admin/welcome-template", Admin),
    ("DELETE", "/api/admin/welcome-template", Admin),
    ("POST", "/api/admin/welcome-template/preview", Admin),
    ("GET", "/api/admin/workspace-prompt-template", Admin),
    ("PUT", "/api/admin/workspace-prompt-template", Admin),
    ("DELETE", "/api/admin/workspace-prompt-template", Admin),
    ("POST", "/api/admin/workspace-prompt-template/preview", Admin),
    ("POST", "/api/upload/sessions", User),
    ("POST", "/api/upload/artifacts", User),
    ("POST", "/api/upload/local-md", User),
    ("GET", "/api/me/transcripts", User),
    ("GET", "/api/me/transcripts/{filename}", User),
    ("GET", "/api/sync/runs", Admin),
    ("GET", "/api/sync/runs/{id}", Admin),
    ("POST", "/api/sync/runs/{id}/cancel", Admin),
    ("POST", "/api/sync/trigger", Admin),
    ("GET", "/api/sync/manifest", User),
    ("GET", "/api/data/{table}/download", User),
    ("GET", "/api/data/{table}/parts/{part}", User),
    ("POST", "/api/query", User),
    ("GET", "/api/v2/catalog", User),
    ("GET", "/api/v2/schema/{table_id}", User),
    ("GET", "/api/v2/sample/{table_id}", User),
    ("POST", "/api/v2/scan", User),
    ("POST", "/api/v2/scan/estimate", User),
    ("GET", "/api/saved-queries", User),
    ("POST", "/api/saved-queries", User),
    ("GET", "/api/saved-queries/{id}", User),
    ("PATCH", "/api/saved-queries/{id}", User),
    ("DELETE", "/api/saved-queries/{id}", User),
    ("POST", "/api/saved-queries/{id}/run", User),
    ("POST", "/api/saved-queries/{id}/refresh", User),
    ("PUT", "/api/saved-queries/{id}/groups/{group}", User),
    ("DELETE", "/api/saved-queries/{id}/groups/{group}", User),
    ("POST", "/api/admin/saved-queries/run-due", Admin),
    // The last ones, since they end sessions.
    ("DELETE", "/auth/sessions", User),
    ("POST", "/auth/logout", Nothing),
];

/// Not with a personal token; of `/auth/tokens` only making one.
const INTERACTIVE: [&str; 8] = [
    "/auth/tokens",
    "/auth/password/change",
    "/auth/sessions",
    "/auth/sessions/{id}",
    "/auth/second-factor",
    "/auth/second-factor/confirm",
    "/auth/second-factor/recovery-codes",
    "/auth/second-factor/remove",
];

/// What somebody's word is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
enum Is {
    Nobody,
    User,
    Admin,
}

#[tokio::test]
async fn every_route_has_a_row() {
    let app = TestApp::start().await;
    let document = app.get("/openapi.json").await.ok();
    let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let mut missing = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys().filter(|key| methods.contains(&key.as_str())) {
            let method = method.to_uppercase();
            if !ROUTES.iter().any(|row| (row.0, row.1) == (&method, path)) {
                missing.push(format!("{method} {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "who may use these? add rows to the table: {missing:?}");
    for (method, path, _) in ROUTES.iter().filter(|row| row.1 != "/openapi.json") {
        let listed = &document["paths"][path][method.to_lowercase()];
        assert!(listed.is_object(), "{method} {path} is not in the document");
    }
}

#[tokio::test]
async fn the_document_says_what_needs_a_token() {
    let app = TestApp::start().await;
    let document = app.get("/openapi.json").await.ok();
    for (method, path, needs) in ROUTES.iter().filter(|row| row.1 != "/openapi.json") {
        let operation = &document["paths"][path][method.to_lowercase()];
        let is_open = operation["security"].as_array().is_some_and(|list| list.iter().all(|way| *way == json!({})));
        assert_eq!(is_open, *needs == Nothing, "{method} {path}: {}", operation["security"]);
        let refuses = |status| operation["responses"][status].is_object();
        assert!(refuses("401") || *needs == Nothing, "{method} {path} does not say that it refuses strangers");
        assert!(refuses("403") || *needs != Admin, "{method} {path} does not say that it refuses users");
    }
}

#[tokio::test]
async fn every_route_against_everybody() {
    let app = TestApp::start_v0_35("").await;
    let heads = ROUTES.iter().filter(|row| row.0 == "GET").map(|row| ("HEAD", row.1, row.2));
    let routes: Vec<_> = heads.chain(ROUTES.iter().copied()).collect();
    for (who, caller, is) in callers(&app).await {
        for (method, path, needs) in routes.iter().copied() {
            let answer = request(&caller, method, path).await;
            let case = format!("{who}: {method} {path}");
            // A program is kept by clients, and asked for again with its ETag.
            let kept = if path == "/cli/download" { "no-cache" } else { "no-store" };
            assert_eq!(answer.header("cache-control"), kept, "{case}");
            let is_restricted = who.starts_with("restricted token");
            let is_token = who.starts_with("personal token of") || is_restricted;
            let is_interactive = INTERACTIVE.contains(&path) && (path != "/auth/tokens" || method == "POST");
            if (is_token && is_interactive) || (is_restricted && (method, path) == ("DELETE", "/auth/tokens/{id}")) {
                // A token makes no tokens and does not change how its owner signs in; a restricted one ends none but
                // itself.
                assert_eq!(answer.status, 403, "{case}");
                continue;
            }
            match (needs, is) {
                (Nothing, _) | (User, Is::User | Is::Admin) | (Admin, Is::Admin) => {
                    assert!(![401, 403].contains(&answer.status.as_u16()), "{case}: {answer}");
                    assert!(!answer.status.is_server_error(), "{case}: {answer}");
                }
                (_, Is::Nobody) => assert_eq!(answer.status, 401, "{case}"),
                (Admin, Is::User) => assert_eq!(answer.status, 403, "{case}"),
            }
        }
    }
}

async fn callers(app: &TestApp) -> Vec<(&'static str, Client, Is)> {
    let snapshot = app.state.store.snapshot();
    let ann = snapshot.users.by_email(ANN.0).unwrap().id.clone();
    let admin = snapshot.users.by_email(ADMIN.0).unwrap().id.clone();
    let (revoked_id, revoked) = snapshot.tokens.iter().find(|(_, token)| token.is_revoked).unwrap();
    let with = |claims: Value| app.with_token(&signed(&claims));
    let session = app.sign_in(ADMIN.0, ADMIN.1).await;
    let token = async |scope: &str| {
        let made = session.post_json("/auth/tokens", json!({ "name": "x", "scope": scope })).await.ok();
        app.with_token(made["token"].as_str().unwrap())
    };
    vec![
        ("restricted token of an admin", token("no-admin").await, Is::User),
        ("restricted token of an admin, in capitals", token("NO-ADMIN").await, Is::User),
        ("restricted token for setting up", token("bootstrap-analyst").await, Is::User),
        ("personal token of an admin", token("General").await, Is::Admin),
        ("token with an unknown scope", with_scope(app, &admin, "read").await, Is::Nobody),
        ("token with two scopes", with_scope(app, &admin, "no-admin general").await, Is::Nobody),
        ("stranger", app.anonymous(), Is::Nobody),
        ("empty token", app.with_token(""), Is::Nobody),
        ("garbage", app.with_token("garbage"), Is::Nobody),
        ("expired session of an admin", with(json!({ "sub": admin, "typ": "session", "exp": now() - 1 })), Is::Nobody),
        ("session of nobody", with(json!({ "sub": "gone", "typ": "session", "exp": now() + 3600 })), Is::Nobody),
        ("revoked token", with(json!({ "sub": revoked.user_id, "typ": "pat", "jti": revoked_id })), Is::Nobody),
        ("personal token without a row", with(json!({ "sub": admin, "typ": "pat", "jti": "none" })), Is::Nobody),
        ("user", app.sign_in(ANN.0, ANN.1).await, Is::User),
        // After the session above, since it ends all recorded sessions of the user.
        (
            "admin by claim only",
            with(json!({ "sub": ann, "typ": "session", "role": "admin", "is_admin": true, "exp": now() + 3600 })),
            Is::User,
        ),
        ("personal token of a user", app.with_token(ANNS_TOKEN), Is::User),
        ("admin", app.sign_in(ADMIN.0, ADMIN.1).await, Is::Admin),
    ]
}

/// A token that an older version made, when scopes were not checked.
async fn with_scope(app: &TestApp, user_id: &str, scope: &str) -> Client {
    let (id, name) = (format!("id of {scope}"), format!("old {scope}"));
    let contents = PersonalToken { id: &id, user_id, email: ADMIN.0, scope, expires_at: None };
    let token = app.state.authenticator.keys().issue_personal(&contents).unwrap();
    let row = NewToken {
        id: id.clone(),
        user_id: user_id.to_owned(),
        name,
        token_hash: sha256_hex(token.expose()),
        scopes: scope.to_owned(),
        expires_at: None,
    };
    app.state.store.write(move |change| tokens::insert(change, &row)).await.unwrap();
    app.with_token(token.expose())
}

/// The owner of a token that opens nothing learns why.
#[tokio::test]
async fn unknown_scopes_are_shown_where_tokens_are_listed() {
    let app = TestApp::start_v0_35("").await;
    let admin = app.sign_in(ADMIN.0, ADMIN.1).await;
    let id = admin.get("/auth/me").await.ok()["id"].as_str().unwrap().to_owned();
    let old = with_scope(&app, &id, "read").await;
    let refused = old.get("/auth/me").await;
    assert_eq!(refused.to_string(), "401 Unauthorized\n{\"detail\":\"Token has an unknown scope\"}");
    for path in ["/auth/tokens", "/auth/admin/tokens"] {
        let listed = admin.get(path).await.ok();
        let listed = listed.as_array().unwrap().iter().find(|token| token["name"] == "old read").unwrap().clone();
        assert_eq!(listed["scope"], "read", "{path}");
        assert!(listed["problem"].as_str().unwrap().contains("opens nothing"), "{path}: {listed}");
    }
    for scope in ["read", "", "no-admin ci", "admin"] {
        let answer = admin.post_json("/auth/tokens", json!({ "name": "x", "scope": scope })).await;
        assert_eq!(answer.status, 422, "{answer}");
        assert!(answer.to_string().contains("scope must be one of general, no-admin, bootstrap-analyst"), "{answer}");
    }
}

/// A request that changes nothing: its ids are unknown and its body lacks everything.
async fn request(caller: &Client, method: &str, path: &str) -> crate::support::Answer {
    // Ann's group is granted this table, which is registered, but not published.
    let path = path
        .replace("{table}", "flights")
        .replace("{table_id}", "flights")
        .replace("{id}", "none")
        .replace("{user_id}", "none");
    let path = path.replace("{group_id}", "none");
    let method: Method = method.parse().unwrap();
    let request = caller.request(method.clone(), &path);
    let has_body = [Method::POST, Method::PUT, Method::PATCH].contains(&method);
    caller.send(if has_body { request.json(&json!({})) } else { request }).await
}
