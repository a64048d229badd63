//! Rights that change between the check of a request and its effect.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::people::{list, text};
use crate::support::{Client, TestApp};

const ROUNDS: usize = 100;

#[tokio::test]
async fn no_sign_in_with_an_old_password_survives_its_change() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.user("ann@example.com", &[]).await;
    let path = format!("/api/users/{}/set-password", app.user_id("ann@example.com").await);
    let set = async |password: &str| admin.post_json(&path, json!({ "password": password })).await.ok();
    set("a changing secret 0").await;
    let (mut begun, mut survivors) = (0, 0);
    for round in 0..ROUNDS {
        let (old, new) = (format!("a changing secret {round}"), format!("a changing secret {}", round + 1));
        let sign_in = || app.post_json("/auth/token", json!({ "email": "ann@example.com", "password": old }));
        let (sessions, _) = tokio::join!(join_all([sign_in(), sign_in()]), set(&new));
        for session in sessions.into_iter().filter(|session| session.status == 200) {
            begun += 1;
            let bearer = app.with_token(&text(&session.json()["access_token"]));
            survivors += usize::from(bearer.get("/auth/me").await.status == 200);
        }
    }
    assert_eq!(survivors, 0, "of {begun} sessions");
    let refused = 2 * ROUNDS - begun;
    assert!(begun > 0 && refused > 0, "{begun} sessions before a change, {refused} refused");
}

#[tokio::test]
async fn nobody_changes_anything_after_their_deactivation() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.user("bob@example.com", &["Admin"]).await;
    let id = app.user_id("bob@example.com").await;
    let (mut made, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        let bob = app.sign_in("bob@example.com", crate::support::people::PASSWORD).await;
        let create = |n: usize| {
            let (bob, body) = (bob.clone(), json!({ "name": format!("group {round} {n}") }));
            async move { bob.post_json("/api/admin/groups", body).await }
        };
        let path = format!("/api/users/{id}/deactivate");
        let (groups, ended) = tokio::join!(join_all((0..6).map(create)), admin.post_json(&path, json!({})));
        ended.ok();
        for answer in groups {
            assert!([201, 401].contains(&answer.status.as_u16()), "{answer}");
            made += usize::from(answer.status == 201);
            refused += usize::from(answer.status == 401);
        }
        assert_eq!(after_deactivation(admin, &id).await, Vec::<Value>::new(), "round {round}");
        admin.post_json(&format!("/api/users/{id}/activate"), json!({})).await.ok();
    }
    assert!(made > 0 && refused > 0, "{made} made, {refused} refused");
}

/// What the audit log says that somebody did after their last deactivation.
async fn after_deactivation(admin: &Client, id: &str) -> Vec<Value> {
    let page = admin.get("/api/admin/audit?limit=20").await.ok();
    let is_end =
        |entry: &Value| entry["resource"] == format!("user:{id}").as_str() && entry["params"]["active"] == json!(false);
    let entries = list(&page["entries"]);
    assert!(entries.iter().any(is_end), "{page}");
    let later = entries.iter().take_while(|entry| !is_end(entry));
    later.filter(|entry| entry["user_id"] == id).cloned().collect()
}

/// The body of an upload takes its time, and the rights of its sender may end meanwhile.
#[tokio::test]
async fn an_upload_of_somebody_who_is_no_longer_an_admin_changes_nothing() {
    let app = TestApp::start().await;
    let bob = app.user("bob@example.com", &["Admin"]).await;
    let address = app.url.strip_prefix("http://").unwrap();
    let mut upload = TcpStream::connect(address).await.unwrap();
    let body =
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"orders.csv\"\r\n\r\nid\n1\n\r\n--x--\r\n";
    let head = format!(
        "POST /api/upload/tables/orders HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        bob.token(),
        body.len()
    );
    let (first, rest) = body.split_at(body.len() - 12);
    upload.write_all(format!("{head}{first}").as_bytes()).await.unwrap();
    // The file has begun to arrive, so the sender was let in.
    let folder = app.data_dir().join("uploads/tables");
    while std::fs::read_dir(&folder).map_or(0, Iterator::count) == 0 {
        tokio::task::yield_now().await;
    }
    let members = format!("/api/admin/groups/{}/members", app.group("Admin").await);
    let removed = app.admin().await.delete(&format!("{members}/{}", app.user_id("bob@example.com").await)).await;
    assert_eq!(removed.status, 204);
    upload.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    upload.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    assert_eq!(app.admin().await.get("/api/admin/registry").await.ok()["count"], 0);
}
