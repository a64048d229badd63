use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::google::Browser;
use crate::support::people::{ADMIN, PASSWORD, list, text};
use crate::support::{Client, TestApp};

const ANN: &str = "ann@example.com";

async fn sessions(client: &Client) -> Vec<Value> {
    list(&client.get("/auth/sessions").await.ok()).to_vec()
}

#[tokio::test]
async fn owners_see_and_end_their_sessions() {
    let app = TestApp::start().await;
    let laptop = app.user(ANN, &[]).await;
    let sign_in = app.request(Method::POST, "/auth/token").header("user-agent", "telephone/1.0");
    let other = app.send(sign_in.json(&json!({ "email": ANN, "password": PASSWORD }))).await.ok();
    let other = app.with_token(&text(&other["access_token"]));
    other.get("/auth/me").await.ok();

    let seen = sessions(&laptop).await;
    assert_eq!(seen.len(), 2);
    let there = seen.iter().find(|session| session["user_agent"] == "telephone/1.0").unwrap();
    assert_eq!((&there["method"], &there["last_used_ip"]), (&json!("password"), &json!("127.0.0.1")));
    assert_eq!((&there["is_current"], there["last_used_at"].is_string()), (&json!(false), true));
    let path = format!("/auth/sessions/{}", text(&there["id"]));
    // Nobody ends the sessions of others.
    let bob = app.user("bob@example.com", &[]).await;
    assert_eq!(bob.delete(&path).await.status, 404);
    assert_eq!(laptop.delete(&path).await.status, 204);
    assert_eq!(other.get("/auth/me").await.status, 401);
    assert_eq!(laptop.delete(&path).await.status, 404);

    let third = app.sign_in(ANN, PASSWORD).await;
    assert_eq!(laptop.delete("/auth/sessions").await.ok(), json!({ "ended": 1 }));
    assert_eq!(third.get("/auth/me").await.status, 401);
    assert_eq!(sessions(&laptop).await.len(), 1);
    // Signing out removes it from the list that an admin sees.
    laptop.post_json("/auth/logout", json!({})).await.ok();
    let of_ann = format!("/api/users/{}/sessions", app.user_id(ANN).await);
    assert_eq!(app.admin().await.get(&of_ann).await.ok(), json!([]));
}

#[tokio::test]
async fn admins_end_the_sessions_of_others() {
    let app = TestApp::start().await;
    let (ann, again) = (app.user(ANN, &[]).await, app.sign_in(ANN, PASSWORD).await);
    let path = format!("/api/users/{}/sessions", app.user_id(ANN).await);
    let admin = app.admin().await;
    let seen = admin.get(&path).await.ok();
    assert_eq!(list(&seen).len(), 2);
    let current = sessions(&ann).await.into_iter().find(|session| session["is_current"] == true).unwrap();
    assert_eq!(admin.delete(&format!("{path}/{}", text(&current["id"]))).await.status, 204);
    assert_eq!((ann.get("/auth/me").await.status.as_u16(), again.get("/auth/me").await.status.as_u16()), (401, 200));
    assert_eq!(admin.delete(&path).await.ok(), json!({ "ended": 1 }));
    assert_eq!(again.get("/auth/me").await.status, 401);
    let audit = admin.get("/api/admin/audit?limit=50").await;
    let recorded = String::from_utf8_lossy(&audit.body).matches("session.admin_end").count();
    assert_eq!(recorded, 2, "{audit}");
}

#[tokio::test]
async fn a_session_that_is_not_used_ends() {
    let directory = tempfile::tempdir().unwrap();
    let app = TestApp::start_configured(directory, &[], |config| config.accounts.max_idle = Duration::ZERO).await;
    let admin = app.bootstrap().await;
    assert_eq!(admin.get("/auth/me").await.status, 401);
}

#[tokio::test]
async fn the_page_lists_and_ends_sessions() {
    let app = TestApp::start().await;
    let first = app.bootstrap().await;
    let browser = Browser::new(&app, "");
    browser.submit("/auth/password/login/web", &[("email", ADMIN), ("password", PASSWORD)]).await;
    let page = |body: &[u8]| String::from_utf8_lossy(body).into_owned();
    let shown = page(&browser.open("/profile").await.body);
    assert!(shown.contains("This one") && shown.matches("name=\"id\"").count() == 1, "{shown}");
    let id = shown.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let done = browser.submit("/profile/sessions/end", &[("id", id)]).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (302, "/profile"));
    assert_eq!(first.get("/auth/me").await.status, 401);
    assert!(page(&browser.open("/profile").await.body).contains("The session has ended."));
}
