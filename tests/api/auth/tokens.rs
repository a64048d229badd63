//! Personal access tokens that this server makes.

use std::sync::Arc;

use agnes::store::tokens::{self, Token};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::people::{ADMIN, list, text};
use crate::support::{Answer, Client, TestApp};

const SCHEDULER: &str = "a secret of 32 characters or more";

async fn create(who: &Client, body: Value) -> Answer {
    who.post_json("/auth/tokens", body).await
}

/// A token of somebody, as its bearer, and its id.
async fn bearer(who: &Client, body: Value) -> (Client, String) {
    let made = create(who, body).await.ok();
    (who.with_token(&text(&made["token"])), text(&made["id"]))
}

async fn stored(app: &TestApp, id: &str) -> Token {
    let all = app.state.store.read(|reader| tokens::list(reader, None)).await.unwrap();
    all.into_iter().find(|token| token.id == id).unwrap()
}

#[tokio::test]
async fn made_shown_once_used_and_revoked() {
    let app = TestApp::start().await;
    let ann = app.user("ann@example.com", &[]).await;
    let made = create(&ann, json!({ "name": " ci ", "expires_in_days": "30" })).await;
    let (id, token) = (text(&made.json()["id"]), text(&made.json()["token"]));
    assert_eq!(made.json()["prefix"], id[..8]);
    assert!(made.to_string().starts_with("201 Created\n{\"id\":") && made.header("cache-control") == "no-store");
    assert!(text(&made.json()["expires_at"]).ends_with("+00:00"));
    assert!(text(&made.json()["created_at"]).ends_with("+00:00"));
    let bearer = app.with_token(&token);
    let me = bearer.get("/auth/me").await.ok();
    assert_eq!((&me["email"], &me["auth"]["token_id"]), (&json!("ann@example.com"), &json!(id)));

    let (_, second) = self::bearer(&ann, json!({ "name": "for ever", "expires_in_days": null })).await;
    let own = bearer.get("/auth/tokens").await;
    assert!(!own.to_string().contains(&token) && !own.to_string().contains("hash"), "{own}");
    let own = own.ok();
    assert_eq!(list(&own).iter().map(|item| text(&item["id"])).collect::<Vec<_>>(), [second.clone(), id.clone()]);
    assert_eq!(own[0]["expires_at"], Value::Null);
    let one = ann.get(&format!("/auth/tokens/{id}")).await.ok();
    assert_eq!(one, own[1]);
    let fields: Vec<_> = one.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        fields,
        ["id", "name", "prefix", "created_at", "expires_at", "last_used_at", "revoked_at", "scope", "problem"]
    );
    assert_eq!(one["name"], "ci");

    // Others see and touch only their own.
    for who in [app.user("bob@example.com", &[]).await, app.admin().await.clone()] {
        assert_eq!(list(&who.get("/auth/tokens").await.ok()).len(), 0);
        for answer in [who.get(&format!("/auth/tokens/{id}")).await, who.delete(&format!("/auth/tokens/{id}")).await] {
            assert_eq!(answer.to_string(), "404 Not Found\n{\"detail\":\"Token not found\"}");
        }
    }
    // A token may end itself; again is no news.
    assert_snapshot!(bearer.delete(&format!("/auth/tokens/{id}")).await, @"204 No Content");
    assert_eq!(bearer.get("/auth/me").await.to_string(), "401 Unauthorized\n{\"detail\":\"Token revoked\"}");
    let revoked_at = ann.get(&format!("/auth/tokens/{id}")).await.ok()["revoked_at"].clone();
    assert!(revoked_at.is_string());
    assert_eq!(ann.delete(&format!("/auth/tokens/{id}")).await.status, 204);
    assert_eq!(ann.get(&format!("/auth/tokens/{id}")).await.ok()["revoked_at"], revoked_at);
    let log = format!("/api/admin/audit?resource=token:{id}");
    let log = app.admin().await.get(&log).await.ok();
    let actions: Vec<_> = list(&log["entries"]).iter().map(|entry| text(&entry["action"])).collect();
    assert_eq!(actions, ["token.revoke", "token.create"]);
    assert_eq!(
        (&log["entries"][1]["params"]["name"], &log["entries"][1]["params"]["scope"]),
        (&json!("ci"), &json!("general"))
    );
}

#[tokio::test]
async fn bodies_that_do_not_fit() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (body, detail) in [
        (json!({ "name": " " }), "name is required"),
        (json!({ "name": "x", "expires_in_days": 0 }), "expires_in_days must be a positive integer"),
        (json!({ "name": "x", "expires_in_days": 3651 }), "expires_in_days must not exceed 3650 (10 years)"),
        (json!({ "name": "x", "ttl_seconds": -1 }), "ttl_seconds must be a positive integer"),
        (json!({ "name": "x", "ttl_seconds": 315_360_001 }), "ttl_seconds must not exceed 315360000 (10 years)"),
        (json!({ "name": "x", "ttl_seconds": 5, "expires_in_days": -5 }), "expires_in_days must be a positive integer"),
    ] {
        let answer = create(admin, body.clone()).await;
        assert_eq!(answer.to_string(), format!("400 Bad Request\n{{\"detail\":\"{detail}\"}}"), "{body}");
    }
    for body in [json!({}), json!({ "name": "x".repeat(201) }), json!({ "name": "x", "scope": "x".repeat(201) })] {
        assert_eq!(create(admin, body.clone()).await.status, 422, "{body}");
    }
    assert_eq!(list(&admin.get("/auth/tokens").await.ok()).len(), 0);
}

#[tokio::test]
async fn only_somebody_who_signed_in_makes_tokens() {
    let app = TestApp::start_with(&[("SCHEDULER_API_TOKEN", SCHEDULER)]).await;
    let (bearer, _) = bearer(app.admin().await, json!({ "name": "x" })).await;
    // Refused before the fields are looked at.
    assert_snapshot!(create(&bearer, json!({})).await, @r#"
        403 Forbidden
        {"detail":"This endpoint requires an interactive session, not a PAT"}
        "#);
    assert_snapshot!(create(&app.with_token(SCHEDULER), json!({ "name": "x" })).await, @r#"
        403 Forbidden
        {"detail":"This endpoint requires an interactive session, not a service token"}
        "#);
    assert_eq!(create(&app.anonymous(), json!({ "name": "x" })).await.status, 401);
}

#[tokio::test]
async fn a_deactivated_scheduler_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state/system.duckdb");
    {
        let data_dir = agnes::config::DataDir::new(dir.path()).unwrap();
        let seeds = agnes::store::Seeds { scheduler: true, ..Default::default() };
        agnes::store::Store::open(&data_dir, &agnes::store::MigrationContext::default(), &seeds).unwrap().close().await;
        let connection = agnes::engine::open(&path, &agnes::engine::Limits::small()).unwrap();
        connection.execute_batch("UPDATE users SET active = false WHERE email = 'scheduler@system.local'").unwrap();
    }
    let app = TestApp::start_in(dir, &[("SCHEDULER_API_TOKEN", SCHEDULER)]).await;
    let answer = app.with_token(SCHEDULER).get("/api/users").await;
    assert_eq!(answer.to_string(), "401 Unauthorized\n{\"detail\":\"Account deactivated\"}");
}

#[tokio::test]
async fn some_scopes_are_barred_from_administration() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (scope, allowed) in [("general", 200), ("bootstrap-analyst", 403), ("no-admin", 403)] {
        let (bearer, id) = bearer(admin, json!({ "name": "x", "scope": scope, "expires_in_days": null })).await;
        assert_eq!(bearer.get("/api/users").await.status, allowed, "{scope}");
        assert_eq!(bearer.get("/auth/me").await.status, 200, "{scope}");
        assert_eq!(app.state.store.snapshot().tokens[&id].scopes.as_deref(), Some(scope));
        let stored = stored(&app, &id).await;
        let length = stored.expires_at.map(|at| at.duration_since(stored.created_at.unwrap()).as_secs());
        assert_eq!(length.is_some_and(|seconds| seconds <= 3600), scope == "bootstrap-analyst", "{scope}: {length:?}");
    }
}

#[tokio::test]
async fn a_restricted_token_ends_nothing_but_itself() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (full, other) = bearer(admin, json!({ "name": "other" })).await;
    for scope in ["no-admin", "BOOTSTRAP-analyst"] {
        let (restricted, id) = bearer(admin, json!({ "name": "x", "scope": scope })).await;
        for path in [format!("/auth/tokens/{other}"), "/auth/tokens/none".into()] {
            assert_eq!(
                restricted.delete(&path).await.to_string(),
                "403 Forbidden\n{\"detail\":\"A token of this scope can only revoke itself\"}"
            );
        }
        assert_eq!(restricted.delete(&format!("/auth/admin/tokens/{other}")).await.status, 403);
        assert_eq!(full.get("/auth/me").await.status, 200, "{scope}");
        assert_eq!(restricted.delete(&format!("/auth/tokens/{id}")).await.status, 204);
        assert_eq!(restricted.get("/auth/me").await.status, 401);
    }
    assert_eq!(full.delete(&format!("/auth/tokens/{other}")).await.status, 204);
}

#[tokio::test]
async fn admins_see_and_revoke_everybodys() {
    let app = TestApp::start().await;
    let ann = app.user("ann@example.com", &[]).await;
    let admin = app.admin().await;
    let (bearer, id) = bearer(&ann, json!({ "name": "x" })).await;
    bearer.get("/auth/me").await.ok();
    let all = admin.get("/auth/admin/tokens").await.ok();
    assert_eq!((&all[0]["id"], &all[0]["user_email"]), (&json!(id), &json!("ann@example.com")));
    assert_eq!(
        (&all[0]["user_id"], &all[0]["last_used_ip"]),
        (&json!(app.user_id("ann@example.com").await), &json!("127.0.0.1"))
    );
    assert_eq!(admin.delete(&format!("/auth/admin/tokens/{id}")).await.status, 204);
    assert_eq!(bearer.get("/auth/me").await.status, 401);
    assert_eq!(admin.delete("/auth/admin/tokens/none").await.status, 404);
    let log = admin.get("/api/admin/audit?action=token.admin_revoke").await.ok();
    assert_eq!(log["entries"][0]["params"]["owner_id"], app.user_id("ann@example.com").await);
    assert_eq!(log["entries"][0]["user_email"], ADMIN);
}

#[tokio::test]
async fn uses_are_seen_at_once_and_written_later() {
    let dir = tempfile::tempdir().unwrap();
    let app = TestApp::start_in(dir, &[]).await;
    let ann = app.user("ann@example.com", &[]).await;
    let (bearer, id) = bearer(&ann, json!({ "name": "x" })).await;
    let item = async || ann.get(&format!("/auth/tokens/{id}")).await.ok();
    assert_eq!(item().await["last_used_at"], Value::Null);
    app.state.token_uses.write(&app.state.store).await;
    let before = app.state.store.snapshot().tokens.clone();
    for _ in 0..20 {
        bearer.get("/auth/me").await.ok();
    }
    let seen = item().await["last_used_at"].clone();
    assert!(seen.is_string());
    assert!(Arc::ptr_eq(&before, &app.state.store.snapshot().tokens), "no request wrote");
    app.state.token_uses.write(&app.state.store).await;
    let written = app.state.store.snapshot().tokens.clone();
    assert!(stored(&app, &id).await.last_used_at.is_some() && item().await["last_used_at"] == seen);
    app.state.token_uses.write(&app.state.store).await;
    assert!(Arc::ptr_eq(&written, &app.state.store.snapshot().tokens), "nothing new, nothing written");
}

#[tokio::test]
async fn another_address_is_recorded() {
    let app = TestApp::start_with(&[("FORWARDED_ALLOW_IPS", "127.0.0.1")]).await;
    let (bearer, id) = bearer(app.admin().await, json!({ "name": "x" })).await;
    bearer.get("/auth/me").await.ok();
    bearer.get_with("/auth/me", &[("x-forwarded-for", "192.0.2.7")]).await.ok();
    // The row is written beside the answer.
    let mut log = json!({ "count": 0 });
    for _ in 0..1000 {
        log = app.admin().await.get("/api/admin/audit?action=token.first_use_new_ip").await.ok();
        if log["count"] == 1 {
            break;
        }
    }
    let log = &log["entries"][0];
    assert_eq!(log["resource"], format!("token:{id}"));
    assert_eq!((&log["params"]["ip"], &log["params"]["previous_ip"]), (&json!("192.0.2.7"), &json!("127.0.0.1")));
}

#[tokio::test]
async fn in_development_mode_nobody_has_to_sign_in() {
    let app = TestApp::start_with(&[("LOCAL_DEV_MODE", "1")]).await;
    let made = create(&app.anonymous(), json!({ "name": "x" })).await;
    assert_eq!(made.status, 201, "{made}");
    assert_eq!(app.get("/auth/me").await.ok()["auth"]["type"], "dev");
    let foreign = app.get_with("/auth/me", &[("host", "evil.example.com")]).await;
    assert_eq!(foreign.status, 403, "{foreign}");
}

#[tokio::test]
async fn one_person_has_a_limited_number_of_tokens() {
    let app = TestApp::start().await;
    let ann = app.user("ann@example.com", &[]).await;
    for n in 0..200 {
        assert_eq!(create(&ann, json!({ "name": format!("token {n}") })).await.status, 201);
    }
    assert_snapshot!(create(&ann, json!({ "name": "one more" })).await, @r#"
    409 Conflict
    {"detail":"You have 200 tokens; revoke some that you do not need"}
    "#);
    let all = ann.get("/auth/tokens").await.ok();
    assert_eq!(ann.delete(&format!("/auth/tokens/{}", text(&list(&all)[0]["id"]))).await.status, 204);
    assert_eq!(create(&ann, json!({ "name": "one more" })).await.status, 201);
    let bob = app.user("bob@example.com", &[]).await;
    assert_eq!(create(&bob, json!({ "name": "first" })).await.status, 201);
}
