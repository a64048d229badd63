use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::people::{ADMIN, PASSWORD};
use crate::support::{Answer, TestApp, v0_35};

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    app.post_json("/auth/token", json!({ "email": email, "password": password })).await
}

#[tokio::test]
async fn a_password_opens_a_session() {
    let app = TestApp::start().await;
    app.bootstrap().await;
    let answer = sign_in(&app, ADMIN, PASSWORD).await;
    assert_snapshot!(answer, @r#"
        200 OK
        {"access_token":"[token]","token_type":"bearer","user_id":"[id]","email":"admin@example.com","role":"admin"}
        "#);
    let cookie = answer.header("set-cookie");
    assert_snapshot!(cookie, @"access_token=[token]; HttpOnly; Max-Age=86400; Path=/; SameSite=lax");
    let token = answer.json()["access_token"].clone();
    assert!(cookie.starts_with(&format!("access_token={};", token.as_str().unwrap())));
    // Addresses are the same in any case.
    assert_eq!(sign_in(&app, "ADMIN@Example.com", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn cookies_are_secure_on_a_public_domain() {
    let app = TestApp::start_with(&[("DOMAIN", "agnes.example.com")]).await;
    app.bootstrap().await;
    assert!(sign_in(&app, ADMIN, PASSWORD).await.header("set-cookie").ends_with("; Secure"));
}

#[tokio::test]
async fn a_refusal_does_not_tell_who_has_an_account() {
    let app = TestApp::start_v0_35("UPDATE users SET active = false WHERE email = 'ann@example.com'").await;
    let admin = app.sign_in(v0_35::ADMIN.0, v0_35::ADMIN.1).await;
    admin.post_json("/api/users", json!({ "email": "bob@example.com", "name": "Bob" })).await.ok();
    // Nobody, no password, a wrong one, and a wrong one of a deactivated account.
    for email in ["nobody@example.com", "bob@example.com", v0_35::ADMIN.0, v0_35::ANN.0] {
        assert_eq!(
            sign_in(&app, email, "wrong horse").await.to_string(),
            "401 Unauthorized\n{\"detail\":\"Invalid email or password. Accounts that use external authentication \
             sign in with their provider.\"}",
            "{email}"
        );
        assert_eq!(sign_in(&app, email, "").await.to_string(), "401 Unauthorized\n{\"detail\":\"Password required\"}");
    }
    let too_long = "x".repeat(1025);
    assert_eq!(sign_in(&app, v0_35::ADMIN.0, &too_long).await.status, 401);
}

#[tokio::test]
async fn a_deactivated_account_stays_out() {
    let app = TestApp::start_v0_35("UPDATE users SET active = false WHERE email = 'ann@example.com'").await;
    assert_snapshot!(sign_in(&app, v0_35::ANN.0, v0_35::ANN.1).await, @r#"
        401 Unauthorized
        {"detail":"Account deactivated"}
        "#);
}

#[tokio::test]
async fn bodies_that_do_not_fit() {
    let app = TestApp::start().await;
    let send = |body: Value| app.post_json("/auth/token", body);
    assert_snapshot!(send(json!({})).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"missing","loc":["body","email"],"msg":"Field required","input":{}}]}
        "#);
    assert_snapshot!(send(json!({ "email": 5, "password": "x" })).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"string_type","loc":["body","email"],"msg":"Input should be a valid string","input":5}]}
        "#);
    assert_snapshot!(send(json!({ "email": "a@b", "password": null })).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"string_type","loc":["body","password"],"msg":"Input should be a valid string","input":null}]}
        "#);
    assert_snapshot!(send(json!(["a@b"])).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":["a@b"]}]}
        "#);
    let raw = |text: &'static str| app.request(reqwest::Method::POST, "/auth/token").body(text);
    let not_json = raw("{\"email\": }").header("content-type", "application/json");
    assert_snapshot!(app.send(not_json).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"json_invalid","loc":["body",10],"msg":"JSON decode error","input":{},"ctx":{"error":"expected value"}}]}
        "#);
    assert_snapshot!(app.send(raw("{}")).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":"{}"}]}
        "#);
    assert_snapshot!(app.send(raw("")).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}
        "#);
    assert_snapshot!(app.get("/auth/token").await, @r#"
        404 Not Found
        {"detail":"Page not found"}
        "#);
}
