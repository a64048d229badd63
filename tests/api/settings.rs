//! What people want synced.

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

#[tokio::test]
async fn preferences_need_access_and_true_or_false() {
    let app = TestApp::start().await;
    for table in ["orders", "items"] {
        app.publish(table, "id\n1\n").await;
    }
    let ann = app.user("ann@example.com", &["Sales"]).await;
    app.grant("Sales", "orders").await;
    assert_snapshot!(ann.get("/api/sync/settings").await, @r#"
    200 OK
    {"user_id":"[id]","settings":[],"enabled_datasets":[]}
    "#);
    assert_snapshot!(ann.post_json("/api/sync/settings", json!({"datasets": {"orders": true, "items": true}})).await, @r#"
    200 OK
    {"updated":{"items":{"error":"no permission"},"orders":{"enabled":true}}}
    "#);
    assert_snapshot!(ann.get("/api/sync/settings").await, @r#"
    200 OK
    {"user_id":"[id]","settings":[{"user_id":"[id]","dataset":"orders","enabled":true,"table_mode":"all","tables":null,"updated_at":"[time]"}],"enabled_datasets":["orders"]}
    "#);
    for bad in [json!({}), json!({"datasets": {"orders": {}}}), json!({"datasets": []})] {
        assert_eq!(ann.post_json("/api/sync/settings", bad.clone()).await.status, 422, "{bad}");
    }
    assert_snapshot!(ann.send(ann.request(Method::PUT, "/api/settings/dataset").json(&json!({"dataset": "items", "enabled": false}))).await, @r#"
    403 Forbidden
    {"detail":"No access to dataset 'items'"}
    "#);
    assert_snapshot!(ann.put_json("/api/settings/dataset", json!({"dataset": "orders", "enabled": false})).await, @r#"
    200 OK
    {"dataset":"orders","enabled":false}
    "#);
    assert_eq!(ann.get("/api/settings").await.ok()["sync_settings"][0]["enabled"], false);
    // Preferences are no rights.
    assert_eq!(ann.get("/api/data/orders/download").await.status, 200);
}

#[tokio::test]
async fn subscriptions_keep_their_mode_and_refuse_what_is_not_readable() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let ann = app.user("ann@example.com", &["Sales"]).await;
    app.grant("Sales", "orders").await;
    let post = |body: Value| ann.post_json("/api/sync/table-subscriptions", body);
    assert_snapshot!(post(json!({"table_mode": "selected", "tables": {"orders": true, "secret": true}})).await, @r#"
    200 OK
    {"table_mode":"selected","updated":1,"refused":["secret"]}
    "#);
    assert_snapshot!(post(json!({})).await, @r#"
    200 OK
    {"table_mode":"all","updated":0}
    "#);
    assert_eq!(post(json!({"table_mode": "some"})).await.status, 422);
    let stored = ann.get("/api/sync/table-subscriptions").await.ok();
    assert_eq!(stored["subscriptions"][0]["table_mode"], "selected");
    assert_eq!(stored["subscriptions"].as_array().unwrap().len(), 1);
}
