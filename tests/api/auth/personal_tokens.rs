//! Sessions and personal access tokens that v0.35 issued.

use insta::assert_snapshot;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use crate::support::tokens::{KEY, now, signed};
use crate::support::v0_35::{ADMIN, ANN, ANNS_TOKEN};
use crate::support::{Answer, TestApp};

/// The claims of ann's valid token.
fn claims() -> Value {
    let key = DecodingKey::from_secret(KEY.as_bytes());
    jsonwebtoken::decode(ANNS_TOKEN, &key, &Validation::new(Algorithm::HS256)).unwrap().claims
}

async fn me(app: &TestApp, token: &str) -> Answer {
    app.with_token(token).get("/auth/me").await
}

#[tokio::test]
async fn passwords_sessions_and_tokens_go_on() {
    let app = TestApp::start_v0_35("").await;
    let admin = app.sign_in(ADMIN.0, ADMIN.1).await;
    assert_eq!(admin.get("/auth/me").await.ok()["is_admin"], true);
    app.sign_in(ANN.0, ANN.1).await;
    assert_eq!(me(&app, ANNS_TOKEN).await.ok()["email"], ANN.0);
    let cookie = format!("access_token={ANNS_TOKEN}");
    assert_eq!(app.get_with("/auth/me", &[("cookie", &cookie)]).await.status, 200);
    let session = signed(&json!({ "sub": claims()["sub"], "email": ANN.0, "typ": "session",
        "iat": now() - 60, "exp": now() + 60, "jti": "00112233445566778899aabbccddeeff" }));
    assert_eq!(me(&app, &session).await.ok()["auth"]["type"], "session");
    // Somebody has a password, so nobody else becomes admin.
    let taken = app.post_json("/auth/bootstrap", json!({ "email": "e@example.com", "password": "long enough" })).await;
    assert_eq!(taken.status, 403);
}

#[tokio::test]
async fn revoked_unknown_and_changed_tokens_do_not() {
    let app = TestApp::start_v0_35("").await;
    let tokens = app.state.store.snapshot().tokens.clone();
    let (revoked, _) = tokens.iter().find(|(_, token)| token.is_revoked).unwrap();
    let with_id = |id: &str| {
        let mut claims = claims();
        claims["jti"] = json!(id);
        signed(&claims)
    };
    assert_snapshot!(me(&app, &with_id(revoked)).await, @r#"
        401 Unauthorized
        {"detail":"Token revoked"}
        "#);
    assert_snapshot!(me(&app, &with_id("ffffffff-0000-4000-8000-000000000000")).await, @r#"
        401 Unauthorized
        {"detail":"Token unknown"}
        "#);
    let mut wider = claims();
    wider["scope"] = json!("everything");
    assert_snapshot!(me(&app, &signed(&wider)).await, @r#"
        401 Unauthorized
        {"detail":"Token mismatch"}
        "#);
}

#[tokio::test]
async fn an_expiry_in_the_database_counts() {
    let app = TestApp::start_v0_35("UPDATE personal_access_tokens SET expires_at = '2026-01-01 00:00:00'").await;
    assert_snapshot!(me(&app, ANNS_TOKEN).await, @r#"
        401 Unauthorized
        {"detail":"Token expired"}
        "#);
}

#[tokio::test]
async fn a_deactivated_account_takes_its_tokens_along() {
    let app = TestApp::start_v0_35("UPDATE users SET active = false WHERE email = 'ann@example.com'").await;
    assert_snapshot!(me(&app, ANNS_TOKEN).await, @r#"
        401 Unauthorized
        {"detail":"Account deactivated"}
        "#);
    let session = signed(&json!({ "sub": claims()["sub"], "typ": "session", "exp": now() + 60 }));
    assert_eq!(me(&app, &session).await.status, 401);
}
