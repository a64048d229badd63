use agnes::store::users;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::people::list;
use crate::support::{Answer, TestApp};

async fn bootstrap(app: &TestApp, body: Value) -> Answer {
    app.post_json("/auth/bootstrap", body).await
}

#[tokio::test]
async fn makes_the_first_admin_and_closes() {
    let app = TestApp::start().await;
    let body = json!({ "email": " ada@example.com ", "password": "long enough" });
    let first = bootstrap(&app, body.clone()).await;
    assert_snapshot!(first, @r#"
        200 OK
        {"access_token":"[token]","token_type":"bearer","user_id":"[id]","email":"ada@example.com","role":"admin"}
        "#);
    let admin = app.with_token(first.json()["access_token"].as_str().unwrap());
    assert_snapshot!(admin.get("/api/users").await, @r#"
        200 OK
        [{"id":"[id]","email":"ada@example.com","name":"ada","role":"admin","is_admin":true,"is_sso_user":false,"groups":[{"id":"[id]","name":"Admin","is_system":true,"origin":"system"}],"active":true,"created_at":"[time]","deactivated_at":null,"invite_url":null,"invite_email_sent":null}]
        "#);
    assert_snapshot!(bootstrap(&app, body).await, @r#"
        403 Forbidden
        {"detail":"Bootstrap disabled — a user with a password already exists. Use /auth/password/login."}
        "#);
    app.sign_in("ada@example.com", "long enough").await;
}

#[tokio::test]
async fn refuses_bad_addresses_and_short_passwords_and_stays_open() {
    let app = TestApp::start().await;
    for password in ["short", "7 chars"] {
        let answer = bootstrap(&app, json!({ "email": "ada@example.com", "password": password })).await;
        assert_eq!(answer.to_string(), "400 Bad Request\n{\"detail\":\"Password must be at least 8 characters\"}");
    }
    for email in ["", "ada", "@example.com", "a da@example.com"] {
        let answer = bootstrap(&app, json!({ "email": email, "password": "long enough" })).await;
        assert_eq!(
            answer.to_string(),
            "400 Bad Request\n{\"detail\":\"email must be an address like name@example.com\"}"
        );
    }
    let scheduler = bootstrap(&app, json!({ "email": "Scheduler@system.local", "password": "long enough" })).await;
    assert_eq!(scheduler.status, 400);
    let users = bootstrap(&app, json!({ "email": "ada@example.com", "password": "8 chars!" })).await;
    assert_eq!(users.status, 200);
}

#[tokio::test]
async fn without_a_password_it_works_once_too() {
    let app = TestApp::start().await;
    bootstrap(&app, json!({ "email": "ada@example.com" })).await.ok();
    for email in ["ada@example.com", "eve@example.com"] {
        for password in ["", "long enough"] {
            let again = bootstrap(&app, json!({ "email": email, "password": password })).await;
            assert_eq!(again.status, 403, "{email}: {again}");
        }
    }
}

#[tokio::test]
async fn takes_over_nobodys_account() {
    let app = TestApp::start_with(&[("SEED_ADMIN_EMAIL", "seed@example.com")]).await;
    let insert = app.state.store.write(|change| users::insert(change, "bob@example.com", None)).await;
    insert.unwrap();
    let body = json!({ "email": "Bob@example.com", "password": "long enough" });
    assert_snapshot!(bootstrap(&app, body).await, @r#"
        409 Conflict
        {"detail":"A user with this address exists already; use another address"}
        "#);
    // The seeded admin can be claimed once.
    let body = json!({ "email": "seed@example.com" });
    assert_eq!(bootstrap(&app, body.clone()).await.status, 200);
    assert_eq!(bootstrap(&app, body).await.status, 403);
}

#[tokio::test]
async fn activates_a_seeded_admin() {
    let app = TestApp::start_with(&[("SEED_ADMIN_EMAIL", "seed@example.com")]).await;
    let body = json!({ "email": "seed@example.com", "name": "Other", "password": "long enough" });
    let answer = bootstrap(&app, body).await.ok();
    let admin = app.with_token(answer["access_token"].as_str().unwrap());
    let users = admin.get("/api/users").await.ok();
    assert_eq!(list(&users).len(), 1);
    assert_eq!((&users[0]["name"], &users[0]["is_admin"]), (&json!("Admin"), &json!(true)));
}

#[tokio::test]
async fn a_seeded_password_closes_it() {
    let seed = [("SEED_ADMIN_EMAIL", "seed@example.com"), ("SEED_ADMIN_PASSWORD", "from the environment")];
    let app = TestApp::start_with(&seed).await;
    let answer = bootstrap(&app, json!({ "email": "eve@example.com", "password": "long enough" })).await;
    assert_eq!(answer.status, 403);
    app.sign_in("seed@example.com", "from the environment").await;
}

#[tokio::test]
async fn of_two_at_once_exactly_one_wins() {
    let app = TestApp::start().await;
    let attempts = ["a@example.com", "b@example.com", "c@example.com"]
        .map(|email| bootstrap(&app, json!({ "email": email, "password": "long enough" })));
    let answers = futures_util::future::join_all(attempts).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len(), 1, "{answers:?}");
    assert!(lost.iter().all(|answer| answer.status == 403), "{lost:?}");
    let admin = app.with_token(won[0].json()["access_token"].as_str().unwrap());
    assert_eq!(list(&admin.get("/api/users").await.ok()).len(), 1, "the losers left nothing behind");
}
