use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

async fn ask(caller: &Client, table: &str) -> Value {
    caller.post_json("/api/access-requests", json!({ "table_id": table, "reason": "work" })).await.ok()
}

fn path(request: &Value, verb: &str) -> String {
    format!("/api/access-requests/{}/{verb}", request["id"].as_str().unwrap())
}

#[tokio::test]
async fn ask_and_be_granted() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let bob = app.user("bob@example.com", &[]).await;
    let admin = app.admin().await;
    let request = ask(&bob, "orders").await;
    let again = bob.post_json("/api/access-requests", json!({ "table_id": "orders" })).await;
    assert_eq!(again.status, 409);
    assert_eq!(bob.post_json("/api/access-requests", json!({ "table_id": " " })).await.status, 400);
    let unknown = ask(&bob, "nothing").await;
    let pending = admin.get("/api/access-requests/pending").await.ok();
    assert_eq!(pending, json!({ "requests": [request, unknown], "count": 2 }));
    assert_eq!(bob.get("/api/access-requests/my").await.ok()["requests"], json!([unknown, request]));

    // Without a body.
    let approve = || admin.send(admin.request(reqwest::Method::POST, &path(&request, "approve")));
    assert_snapshot!(approve().await, @r#"
        200 OK
        {"id":"[id]","user_id":"[id]","user_email":"bob@example.com","resource_type":"table","table_id":"orders","reason":"work","status":"approved","requested_at":"[time]","reviewed_by":"admin@example.com","reviewed_at":"[time]","review_note":null,"grant_id":"[id]"}
        "#);
    assert_eq!(bob.value("SELECT id FROM orders").await, 1);
    assert_eq!(approve().await.status, 409);
    assert_eq!(bob.post_json("/api/access-requests", json!({ "table_id": "orders" })).await.status, 409);

    let denied = admin.post_json(&path(&unknown, "deny"), json!({ "note": "no such table" })).await.ok();
    assert_eq!((&denied["status"], &denied["review_note"]), (&json!("denied"), &json!("no such table")));
    assert_eq!(admin.get("/api/access-requests?status=denied").await.ok()["count"], 1);
    assert_snapshot!(admin.post_json("/api/access-requests/none/deny", json!({})).await, @r#"
        404 Not Found
        {"detail":"Access request not found"}
        "#);
    ask(&bob, "nothing").await;
}

#[tokio::test]
async fn granted_to_a_group_that_the_asker_joins() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let bob = app.user("bob@example.com", &[]).await;
    let admin = app.admin().await;
    let grant = app.grant("Eng", "orders").await;
    let request = ask(&bob, "orders").await;
    // What fails leaves the request as it was.
    let refused = admin.post_json(&path(&request, "approve"), json!({ "group_id": app.group("Admin").await })).await;
    assert_eq!(refused.status, 409);
    assert_eq!(admin.post_json(&path(&request, "approve"), json!({ "group_id": "none" })).await.status, 404);
    let approved =
        admin.post_json(&path(&request, "approve"), json!({ "group_id": app.group("Eng").await })).await.ok();
    assert_eq!(approved["grant_id"], grant.as_str());
    assert_eq!(bob.get("/auth/me").await.ok()["groups"][0]["name"], "Eng");
    assert_eq!(bob.value("SELECT id FROM orders").await, 1);
}

#[tokio::test]
async fn of_many_decisions_one_counts() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let bob = app.user("bob@example.com", &[]).await;
    let admin = app.admin().await;
    let request = ask(&bob, "orders").await;
    let decisions: Vec<_> = (0..8).map(|n| path(&request, ["approve", "deny"][n % 2])).collect();
    let answers = decisions.iter().map(|path| admin.post_json(path, json!({})));
    let answers = futures_util::future::join_all(answers).await;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!((won.len(), answers.iter().filter(|answer| answer.status == 409).count()), (1, 7));
    let is_granted = bob.get("/api/sync/manifest").await.ok()["tables"]["orders"].is_object();
    assert_eq!(is_granted, won[0].json()["status"] == "approved");
}
