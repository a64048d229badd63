//! What people want synced.

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Map, Value, json};

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

/// A body that names `count` datasets.
fn many(count: usize) -> Value {
    let datasets: Map<_, _> = (0..count).map(|n| (format!("table_{n}"), json!(n % 2 == 0))).collect();
    json!({ "datasets": datasets })
}

#[tokio::test]
async fn a_dataset_is_the_same_in_any_case() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    app.publish("items", "id\n1\n").await;
    let ann = app.user("ann@example.com", &["Sales"]).await;
    app.grant("Sales", "orders").await;
    app.grant("Sales", "items").await;
    assert_snapshot!(ann.post_json("/api/sync/settings", json!({"datasets": {"ORDERS": true, "orders": false}})).await, @r#"
    422 Unprocessable Entity
    {"detail":[{"type":"value_error","loc":["body","datasets"],"msg":"Value error, datasets names 'orders' more than once, in different spellings","input":"orders","ctx":{"error":{}}}]}
    "#);
    let twice = json!({"tables": {"Orders": true, "orders": true}});
    assert_eq!(ann.post_json("/api/sync/table-subscriptions", twice).await.status, 422);
    for (spelling, enabled) in [("orders", true), ("Orders", true), ("ORDERS", false)] {
        ann.put_json("/api/settings/dataset", json!({"dataset": spelling, "enabled": enabled})).await.ok();
        ann.post_json("/api/sync/settings", json!({"datasets": {spelling: enabled, "items": enabled}})).await.ok();
    }
    let stored = ann.get("/api/sync/settings").await.ok();
    let stored: Vec<_> = stored["settings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["dataset"].clone(), one["enabled"].clone()))
        .collect();
    assert_eq!(stored, [(json!("items"), json!(false)), (json!("orders"), json!(false))]);
}

#[tokio::test]
async fn long_lists_are_refused_and_allowed_ones_hold_up_nobody() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for body in [many(5_001), many(50_000), json!({"datasets": {"x".repeat(501): true}})] {
        assert_eq!(admin.post_json("/api/sync/settings", body).await.status, 422);
    }
    assert_eq!(admin.get("/api/sync/settings").await.ok()["settings"], json!([]));
    let (begun, stored) = (std::time::Instant::now(), admin.post_json("/api/sync/settings", many(5_000)).await);
    assert_eq!(stored.ok()["updated"].as_object().unwrap().len(), 5_000);
    admin.post_json("/api/sync/settings", many(5_000)).await.ok();
    // One by one they took 42 s.
    assert!(begun.elapsed() < std::time::Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(admin.get("/api/sync/settings").await.ok()["settings"].as_array().unwrap().len(), 5_000);
    let more = |start: usize| {
        let datasets: Map<_, _> = (0..5_000).map(|n| (format!("more_{}", start + n), json!(true))).collect();
        admin.post_json("/api/sync/settings", json!({ "datasets": datasets }))
    };
    more(0).await.ok();
    assert_snapshot!(more(5_000).await, @r#"
    409 Conflict
    {"detail":"You have preferences for 10000 tables, which is the limit"}
    "#);
    assert_eq!(admin.get("/api/sync/settings").await.ok()["settings"].as_array().unwrap().len(), 10_000);
}

#[tokio::test]
async fn what_changes_nothing_leaves_no_row() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let ann = app.user("ann@example.com", &["Sales"]).await;
    app.grant("Sales", "orders").await;
    let rows = async || {
        let page = app.admin().await.get("/api/admin/audit?action=sync_settings.update").await.ok();
        page["count"].as_u64().unwrap()
    };
    let put = async |enabled: bool| {
        ann.put_json("/api/settings/dataset", json!({"dataset": "Orders", "enabled": enabled})).await.ok();
        ann.post_json("/api/sync/settings", json!({"datasets": {"orders": enabled, "secret": true}})).await.ok();
    };
    let subscribe = async |table_mode: &str| {
        let body = json!({"table_mode": table_mode, "tables": {"orders": true}});
        ann.post_json("/api/sync/table-subscriptions", body).await.ok();
    };
    for (enabled, expected) in [(true, 1), (true, 1), (false, 2), (false, 2), (true, 3)] {
        put(enabled).await;
        assert_eq!(rows().await, expected);
    }
    for (table_mode, expected) in [("all", 3), ("selected", 4), ("selected", 4)] {
        subscribe(table_mode).await;
        assert_eq!(rows().await, expected);
    }
}
