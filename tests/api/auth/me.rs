use insta::assert_snapshot;

use crate::support::{TestApp, v0_35};

const SCHEDULER: &str = "a secret of 32 characters or more";

#[tokio::test]
async fn with_a_session() {
    let app = TestApp::start().await;
    assert_snapshot!(app.admin().await.get("/auth/me").await, @r#"
        200 OK
        {"id":"[id]","user_id":"[id]","email":"admin@example.com","name":"Ada","role":"admin","is_admin":true,"is_sso_user":false,"active":true,"created_at":"[time]","groups":[{"id":"[id]","name":"Admin","is_system":true,"origin":"system"}],"auth":{"type":"session","expires_at":"[time]","token_id":null}}
        "#);
    let ann = app.user("ann@example.com", &["zebras", "analysts"]).await;
    assert_snapshot!(ann.get("/auth/me").await, @r#"
        200 OK
        {"id":"[id]","user_id":"[id]","email":"ann@example.com","name":"Test","role":"user","is_admin":false,"is_sso_user":false,"active":true,"created_at":"[time]","groups":[{"id":"[hex]","name":"analysts","is_system":false,"origin":"custom"},{"id":"[hex]","name":"zebras","is_system":false,"origin":"custom"}],"auth":{"type":"session","expires_at":"[time]","token_id":null}}
        "#);
}

#[tokio::test]
async fn with_a_personal_token() {
    let app = TestApp::start_v0_35("").await;
    assert_snapshot!(app.with_token(v0_35::ANNS_TOKEN).get("/auth/me").await, @r#"
        200 OK
        {"id":"[id]","user_id":"[id]","email":"ann@example.com","name":"Ann B","role":"user","is_admin":false,"is_sso_user":false,"active":true,"created_at":"[time]","groups":[{"id":"[hex]","name":"analysts","is_system":false,"origin":"custom"}],"auth":{"type":"pat","expires_at":"[time]","token_id":"[id]"}}
        "#);
}

#[tokio::test]
async fn with_the_schedulers_secret() {
    let app = TestApp::start_with(&[("SCHEDULER_API_TOKEN", SCHEDULER)]).await;
    assert_snapshot!(app.with_token(SCHEDULER).get("/auth/me").await, @r#"
        200 OK
        {"id":"[id]","user_id":"[id]","email":"scheduler@system.local","name":"Scheduler","role":"admin","is_admin":true,"is_sso_user":false,"active":true,"created_at":"[time]","groups":[{"id":"[id]","name":"Admin","is_system":true,"origin":"system"}],"auth":{"type":"scheduler","expires_at":null,"token_id":null}}
        "#);
    // The account behind it has no password, so it does not close the bootstrap.
    app.bootstrap().await;
}

#[tokio::test]
async fn a_secret_that_is_too_short_opens_nothing() {
    let app = TestApp::start_with(&[("SCHEDULER_API_TOKEN", "short")]).await;
    assert_snapshot!(app.with_token("short").get("/auth/me").await, @r#"
        401 Unauthorized
        {"detail":"Invalid or expired token"}
        "#);
}

#[tokio::test]
async fn the_cookie_counts_only_without_a_bearer_token() {
    let app = TestApp::start().await;
    let admin = app.bootstrap().await;
    let cookie = format!("theme=dark; access_token={}; lang=cs", admin.token());
    let ask = async |authorization: Option<&str>| {
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend(authorization.map(|value| ("authorization", value)));
        app.get_with("/auth/me", &headers).await
    };
    for authorization in [None, Some("Bearer "), Some("Basic YTpi"), Some("bearer x")] {
        assert_eq!(ask(authorization).await.status, 200, "{authorization:?}");
    }
    assert_snapshot!(ask(Some("Bearer x")).await, @r#"
        401 Unauthorized
        {"detail":"Invalid or expired token"}
        "#);
}

#[tokio::test]
async fn without_anything() {
    let app = TestApp::start().await;
    let answer = app.get("/auth/me").await;
    assert_snapshot!(answer, @r#"
        401 Unauthorized
        {"detail":"Missing or invalid Authorization header"}
        "#);
    assert_eq!(answer.header("www-authenticate"), "");
    assert_eq!(app.get_with("/auth/me", &[("cookie", "access_token=")]).await.status, 401);
}
