use insta::assert_snapshot;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn to_one_person_through_a_group_of_their_own() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let bob = app.user("bob@example.com", &[]).await;
    app.user("eve@example.com", &[]).await;
    let admin = app.admin().await;
    let id = app.user_id("bob@example.com").await;
    let wanted = json!({ "dataset": "orders", "user_id": id });
    let made = admin.post_json("/api/permissions", wanted.clone()).await;
    assert_snapshot!(made, @r#"
        201 Created
        {"id":"[id]","group_id":"[hex]","group_name":"user:[id]","user_id":"[id]","dataset":"orders","access":"read","assigned_at":"[time]","assigned_by":"admin@example.com"}
        "#);
    assert_eq!(bob.value("SELECT id FROM orders").await, 1);
    let listed = json!({ "permissions": [made.json()], "count": 1 });
    for path in [format!("/api/permissions?user_id={id}"), format!("/api/permissions/{id}")] {
        assert_eq!(admin.get(&path).await.ok(), listed);
    }
    assert_eq!(admin.post_json("/api/permissions", wanted.clone()).await.status, 409);

    let members = format!("/api/admin/groups/{}/members", made.json()["group_id"].as_str().unwrap());
    assert_eq!(admin.post_json(&members, json!({ "email": "eve@example.com" })).await.status, 409);
    assert_eq!(admin.post_json("/api/admin/groups", json!({ "name": "User:eve" })).await.status, 409);

    let revoke = || admin.send(admin.request(reqwest::Method::DELETE, "/api/permissions").json(&wanted));
    assert_snapshot!(revoke().await, @r#"
        200 OK
        {"status":"revoked"}
        "#);
    assert_snapshot!(revoke().await, @r#"
        404 Not Found
        {"detail":"Permission not found"}
        "#);
    assert_eq!(bob.get("/api/sync/manifest").await.ok()["tables"], json!({}));
}

#[tokio::test]
async fn to_groups_and_what_is_refused() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let (admin, group) = (app.admin().await, app.group("Eng").await);
    let post = |body| admin.post_json("/api/permissions", body);
    let made = post(json!({ "dataset": "orders", "group_id": group })).await.ok();
    assert_eq!(made["user_id"], json!(null));
    assert_eq!(admin.get("/api/admin/grants").await.ok()[0]["id"], made["id"]);
    for (body, status) in [
        (json!({ "dataset": "orders", "group_id": group }), 409),
        (json!({ "dataset": "orders" }), 400),
        (json!({ "dataset": "orders", "group_id": group, "user_id": "x" }), 400),
        (json!({ "dataset": "orders", "group_id": group, "access": "write" }), 400),
        (json!({ "dataset": "nothing", "group_id": group }), 404),
        (json!({ "dataset": "orders", "group_id": "none" }), 404),
        (json!({ "dataset": "orders", "user_id": "none" }), 404),
    ] {
        let answer = post(body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {answer}");
    }
    let path = format!("/api/permissions/{}", made["id"].as_str().unwrap());
    assert_eq!(admin.delete(&path).await.ok(), json!({ "status": "revoked" }));
    assert_eq!(admin.delete(&path).await.status, 404);
}
