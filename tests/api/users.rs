use insta::assert_snapshot;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn create_and_list() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let create = |email: &str, name: &str| admin.post_json("/api/users", json!({ "email": email, "name": name }));
    assert_snapshot!(create("  zoe@example.com ", "Zoé").await, @r#"
        201 Created
        {"id":"[id]","email":"zoe@example.com","name":"Zoé","role":"user","is_admin":false,"is_sso_user":false,"groups":[],"active":true,"created_at":"[time]","deactivated_at":null,"invite_url":null,"invite_email_sent":null}
        "#);
    assert_snapshot!(create("Bob@example.com", "").await, @r#"
        201 Created
        {"id":"[id]","email":"Bob@example.com","name":"","role":"user","is_admin":false,"is_sso_user":false,"groups":[],"active":true,"created_at":"[time]","deactivated_at":null,"invite_url":null,"invite_email_sent":null}
        "#);
    assert_snapshot!(admin.get("/api/users").await, @r#"
        200 OK
        [{"id":"[id]","email":"Bob@example.com","name":"","role":"user","is_admin":false,"is_sso_user":false,"groups":[],"active":true,"created_at":"[time]","deactivated_at":null,"invite_url":null,"invite_email_sent":null},{"id":"[id]","email":"admin@example.com","name":"Ada","role":"admin","is_admin":true,"is_sso_user":false,"groups":[{"id":"[id]","name":"Admin","is_system":true,"origin":"system"}],"active":true,"created_at":"[time]","deactivated_at":null,"invite_url":null,"invite_email_sent":null},{"id":"[id]","email":"zoe@example.com","name":"Zoé","role":"user","is_admin":false,"is_sso_user":false,"groups":[],"active":true,"created_at":"[time]","deactivated_at":null,"invite_url":null,"invite_email_sent":null}]
        "#);
}

#[tokio::test]
async fn addresses_are_taken_in_any_case() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.post_json("/api/users", json!({ "email": "bob@example.com", "name": "Bob" })).await.ok();
    let again = admin.post_json("/api/users", json!({ "email": "BOB@example.com", "name": "Bob" })).await;
    assert_snapshot!(again, @r#"
        409 Conflict
        {"detail":"User with this email already exists"}
        "#);
}

#[tokio::test]
async fn bodies_that_do_not_fit() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    assert_snapshot!(admin.post_json("/api/users", json!({ "email": "not an address", "name": "x" })).await, @r#"
        400 Bad Request
        {"detail":"email must be an address like name@example.com"}
        "#);
    assert_snapshot!(admin.post_json("/api/users", json!({ "email": "bob@example.com" })).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"missing","loc":["body","name"],"msg":"Field required","input":{"email":"bob@example.com"}}]}
        "#);
    assert_snapshot!(admin.post_json("/api/users", json!({ "email": 1, "name": 2 })).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"string_type","loc":["body","email"],"msg":"Input should be a valid string","input":1}]}
        "#);
}

#[tokio::test]
async fn set_password() {
    let app = TestApp::start().await;
    app.user("bob@example.com", &[]).await;
    let path = format!("/api/users/{}/set-password", app.user_id("bob@example.com").await);
    let admin = app.admin().await;
    assert_snapshot!(admin.post_json(&path, json!({ "password": "another one" })).await, @"204 No Content");
    app.sign_in("bob@example.com", "another one").await;

    assert_snapshot!(admin.post_json(&path, json!({ "password": "7 chars" })).await, @r#"
        400 Bad Request
        {"detail":"Password must be at least 8 characters"}
        "#);
    assert_snapshot!(admin.post_json(&path, json!({})).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"missing","loc":["body","password"],"msg":"Field required","input":{}}]}
        "#);
    let nobody = "/api/users/nobody/set-password";
    assert_snapshot!(admin.post_json(nobody, json!({ "password": "short" })).await, @r#"
        400 Bad Request
        {"detail":"Password must be at least 8 characters"}
        "#);
    assert_snapshot!(admin.post_json(nobody, json!({ "password": "long enough" })).await, @r#"
        404 Not Found
        {"detail":"User not found"}
        "#);
    app.sign_in("bob@example.com", "another one").await;
}

#[tokio::test]
async fn people_of_google_workspace_get_no_password() {
    let app =
        TestApp::start_v0_35("UPDATE user_groups SET created_by = 'system:google-sync' WHERE name = 'analysts'").await;
    let (email, password) = crate::support::v0_35::ADMIN;
    let admin = app.sign_in(email, password).await;
    let users = admin.get("/api/users").await.ok();
    let ann = crate::support::people::list(&users).iter().find(|user| user["email"] == "ann@example.com").unwrap();
    assert_eq!(ann["is_sso_user"], true);
    let path = format!("/api/users/{}/set-password", ann["id"].as_str().unwrap());
    assert_snapshot!(admin.post_json(&path, json!({ "password": "long enough" })).await, @r#"
        409 Conflict
        {"detail":"User is managed by an external SSO provider; this operation must be performed in the upstream system"}
        "#);
}

#[tokio::test]
async fn nobody_becomes_the_scheduler() {
    let app = TestApp::start_with(&[("SCHEDULER_API_TOKEN", "a secret of 32 characters or more")]).await;
    let body = json!({ "email": "Scheduler@system.local", "name": "x", "password": "long enough" });
    let bootstrap = app.post_json("/auth/bootstrap", body.clone()).await;
    assert_snapshot!(bootstrap, @r#"
        400 Bad Request
        {"detail":"scheduler@system.local is the scheduler's own account; use another address"}
        "#);
    let admin = app.admin().await;
    assert_eq!(admin.post_json("/api/users", body.clone()).await.status, 400);
    let path = format!("/api/users/{}/set-password", app.user_id("scheduler@system.local").await);
    assert_snapshot!(admin.post_json(&path, body).await, @r#"
        409 Conflict
        {"detail":"The scheduler signs in with SCHEDULER_API_TOKEN and has no password"}
        "#);
}
