//! How sessions and tokens end.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::people::{ADMIN, PASSWORD, text};
use crate::support::tokens::{now, signed};
use crate::support::{TestApp, v0_35};

#[tokio::test]
async fn ends_this_session_and_no_other() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let made = admin.post_json("/auth/tokens", json!({ "name": "x" })).await.ok();
    let bearer = app.with_token(&text(&made["token"]));
    let other = app.sign_in(ADMIN, PASSWORD).await;
    let answer = other.post_json("/auth/logout", json!({})).await;
    assert_snapshot!(answer, @r#"
        200 OK
        {"message":"Logged out"}
        "#);
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(cookies.len(), 2);
    for (cookie, name) in cookies.iter().zip(["access_token=;", "session=;"]) {
        assert!(cookie.starts_with(name) && cookie.contains("Max-Age=0"), "{cookie}");
    }
    assert_eq!(other.get("/auth/me").await.to_string(), "401 Unauthorized\n{\"detail\":\"Invalid or expired token\"}");
    // Again, as a stranger, and with a token: all fine, and nothing else ends.
    for who in [&other, &app.anonymous(), &bearer] {
        assert_eq!(who.post_json("/auth/logout", json!({})).await.status, 200);
    }
    assert_eq!(
        (admin.get("/auth/me").await.status, bearer.get("/auth/me").await.status),
        (200.try_into().unwrap(), 200.try_into().unwrap())
    );
}

#[tokio::test]
async fn changing_the_password_ends_sessions_and_tokens() {
    let app = TestApp::start().await;
    let ann = app.user("ann@example.com", &[]).await;
    let made = ann.post_json("/auth/tokens", json!({ "name": "x" })).await.ok();
    let bearer = app.with_token(&text(&made["token"]));
    let path = format!("/api/users/{}/set-password", app.user_id("ann@example.com").await);
    app.admin().await.post_json(&path, json!({ "password": "another horse" })).await.ok();
    for (who, why) in [(&ann, "Invalid or expired token"), (&bearer, "Token revoked")] {
        let answer = who.get("/auth/me").await;
        assert_eq!(answer.to_string(), format!("401 Unauthorized\n{{\"detail\":\"{why}\"}}"));
    }
    let again = app.sign_in("ann@example.com", "another horse").await;
    assert_eq!(again.get("/auth/me").await.status, 200);
}

#[tokio::test]
async fn sessions_of_v0_35_go_on_until_the_password_changes() {
    let app = TestApp::start_v0_35("").await;
    let id = app.state.store.snapshot().users.by_email(v0_35::ANN.0).unwrap().id.clone();
    let old = app.with_token(&signed(&json!({ "sub": id, "typ": "session", "exp": now() + 60, "jti": "1" })));
    assert_eq!(old.get("/auth/me").await.status, 200);
    let admin = app.sign_in(v0_35::ADMIN.0, v0_35::ADMIN.1).await;
    let path = format!("/api/users/{id}/set-password");
    admin.post_json(&path, json!({ "password": "another horse" })).await.ok();
    assert_eq!(old.get("/auth/me").await.status, 401);
    assert_eq!(app.with_token(v0_35::ANNS_TOKEN).get("/auth/me").await.status, 401);
}

#[tokio::test]
async fn hashes_of_v0_35_are_renewed_by_signing_in() {
    let app = TestApp::start_v0_35("").await;
    let hash = || app.state.store.snapshot().users.by_email(v0_35::ANN.0).unwrap().password_hash.clone().unwrap();
    assert!(hash().expose().contains("m=65536"));
    let first = app.sign_in(v0_35::ANN.0, v0_35::ANN.1).await;
    assert!(hash().expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    app.sign_in(v0_35::ANN.0, v0_35::ANN.1).await;
    assert_eq!(first.get("/auth/me").await.status, 200, "nobody was signed out");
}
