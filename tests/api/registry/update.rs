use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

/// A server with one registered table, `orders`.
async fn start() -> TestApp {
    let app = TestApp::start().await;
    let body = json!({ "name": "orders", "source_type": "keboola", "bucket": "in.c-x", "source_table": "o",
        "sync_schedule": "every 15m", "primary_key": ["id"], "folder": "f", "description": "d" });
    app.admin().await.post_json("/api/admin/register-table", body).await.ok();
    app
}

async fn update(app: &TestApp, body: Value) -> Answer {
    app.admin().await.put_json("/api/admin/registry/orders", body).await
}

#[tokio::test]
async fn null_leaves_and_empty_clears() {
    let app = start().await;
    let before = super::row(&app, "orders").await.unwrap();
    assert_snapshot!(update(&app, json!({})).await, @r#"
        200 OK
        {"id":"orders","updated":[]}
        "#);
    let nulls = json!({ "name": null, "description": null, "primary_key": null, "sync_schedule": null });
    assert_snapshot!(update(&app, nulls).await, @r#"
        200 OK
        {"id":"orders","updated":[]}
        "#);
    assert_eq!(super::row(&app, "orders").await.unwrap(), before);

    let body = json!({ "sync_schedule": "", "primary_key": [], "description": "", "bucket": "" });
    assert_snapshot!(update(&app, body).await, @r#"
        200 OK
        {"id":"orders","updated":["primary_key","description","bucket","sync_schedule"]}
        "#);
    let row = super::row(&app, "orders").await.unwrap();
    assert_json_snapshot!(row, { ".registered_at" => "[time]" }, @r#"
        {
          "id": "orders",
          "name": "orders",
          "source_type": "keboola",
          "bucket": "",
          "source_table": "o",
          "source_query": null,
          "sync_strategy": "full_refresh",
          "query_mode": "local",
          "sync_schedule": "",
          "profile_after_sync": true,
          "primary_key": [],
          "folder": "f",
          "description": "",
          "registered_by": "admin@example.com",
          "registered_at": "[time]",
          "last_sync_error": null
        }
        "#);
    assert_eq!((&row["registered_at"], &row["registered_by"]), (&before["registered_at"], &before["registered_by"]));
}

#[tokio::test]
async fn what_is_sent_is_stored() {
    let app = start().await;
    let body = json!({ "profile_after_sync": "no", "sync_strategy": "incremental", "source_type": "local",
        "primary_key": "a", "sync_schedule": "daily 05:00", "name": "Sales" });
    assert_snapshot!(update(&app, body).await, @r#"
        200 OK
        {"id":"orders","updated":["name","sync_strategy","primary_key","source_type","sync_schedule","profile_after_sync"]}
        "#);
    let row = super::row(&app, "orders").await.unwrap();
    assert_json_snapshot!(row, { ".registered_at" => "[time]" }, @r#"
        {
          "id": "orders",
          "name": "Sales",
          "source_type": "local",
          "bucket": "in.c-x",
          "source_table": "o",
          "source_query": null,
          "sync_strategy": "incremental",
          "query_mode": "local",
          "sync_schedule": "daily 05:00",
          "profile_after_sync": false,
          "primary_key": [
            "a"
          ],
          "folder": "f",
          "description": "d",
          "registered_by": "admin@example.com",
          "registered_at": "[time]",
          "last_sync_error": null
        }
        "#);
}

#[tokio::test]
async fn each_reason_to_refuse() {
    let app = start().await;
    app.register("other").await.ok();
    let before = super::row(&app, "orders").await;
    assert_snapshot!(app.admin().await.put_json("/api/admin/registry/none", json!({})).await, @r#"
        404 Not Found
        {"detail":"Table not found"}
        "#);
    assert_snapshot!(update(&app, json!({ "name": "OTHER" })).await, @r#"
        409 Conflict
        {"detail":"View name 'OTHER' is already in use by table id 'other'"}
        "#);
    for bad in [
        json!({ "name": "a b" }),
        json!({ "name": "" }),
        json!({ "sync_schedule": "weekly" }),
        json!({ "query_mode": "magic" }),
        json!({ "source_type": "oracle" }),
        json!({ "source_query": "SELECT 1" }),
        json!({ "bucket": "a b" }),
        json!({ "profile_after_sync": "maybe" }),
        json!({ "description": 5 }),
    ] {
        assert_eq!(update(&app, bad.clone()).await.status, 422, "{bad}");
    }
    assert_eq!(super::row(&app, "orders").await, before);
    // The same name in another case is its own.
    update(&app, json!({ "name": "ORDERS" })).await.ok();
}

#[tokio::test]
async fn a_rename_moves_the_table_and_keeps_its_grants() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let bob = app.user("bob@example.com", &["Eng"]).await;
    app.grant("Eng", "orders").await;
    update(&app, json!({ "name": "sales", "source_table": "orders" })).await.ok();
    app.sync().await;

    assert_eq!(bob.value("SELECT id FROM sales").await, 1);
    let manifest = bob.get("/api/sync/manifest").await.ok();
    assert_eq!(manifest["tables"].as_object().unwrap().keys().collect::<Vec<_>>(), ["sales"]);
    for path in ["/api/data/sales/download", "/api/data/orders/download"] {
        assert_eq!(bob.get(path).await.status, 200, "{path}");
    }
    let old = bob.post_json("/api/query", json!({ "sql": "SELECT id FROM orders" })).await;
    assert_eq!(old.status, 400, "{old}");
}
