use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::people::list;
use crate::support::{Answer, TestApp};

async fn register(app: &TestApp, body: Value) -> Answer {
    app.admin().await.post_json("/api/admin/register-table", body).await
}

#[tokio::test]
async fn with_every_field() {
    let app = TestApp::start().await;
    let body = json!({ "name": "Orders_2", "source_type": "keboola", "bucket": "in.c-x", "source_table": "o",
        "sync_schedule": "every 15m", "primary_key": ["id"], "folder": "f", "description": "d", "query_mode": "local",
        "unknown": "ignored" });
    assert_snapshot!(register(&app, body).await, @r#"
        201 Created
        {"id":"orders_2","name":"Orders_2","status":"registered"}
        "#);
    assert_snapshot!(app.admin().await.get("/api/admin/registry").await, @r#"
        200 OK
        {"tables":[{"id":"orders_2","name":"Orders_2","source_type":"keboola","bucket":"in.c-x","source_table":"o","source_query":null,"sync_strategy":"full_refresh","query_mode":"local","sync_schedule":"every 15m","profile_after_sync":true,"primary_key":["id"],"folder":"f","description":"d","registered_by":"admin@example.com","registered_at":"[time]","last_sync_error":null}],"count":1}
        "#);
}

#[tokio::test]
async fn with_a_name_only() {
    let app = TestApp::start().await;
    register(&app, json!({ "name": "orders" })).await.ok();
    assert_snapshot!(app.admin().await.get("/api/admin/registry").await, @r#"
        200 OK
        {"tables":[{"id":"orders","name":"orders","source_type":null,"bucket":null,"source_table":null,"source_query":null,"sync_strategy":"full_refresh","query_mode":"local","sync_schedule":null,"profile_after_sync":true,"primary_key":[],"folder":null,"description":null,"registered_by":"admin@example.com","registered_at":"[time]","last_sync_error":null}],"count":1}
        "#);
    assert_eq!(app.admin().await.get("/api/admin/grants").await.ok(), json!([]), "nobody is granted anything");
}

#[tokio::test]
async fn a_single_key_column_and_an_empty_schedule() {
    let app = TestApp::start().await;
    register(&app, json!({ "name": "orders", "primary_key": "id", "sync_schedule": "" })).await.ok();
    let row = super::row(&app, "orders").await.unwrap();
    assert_eq!((&row["primary_key"], &row["sync_schedule"]), (&json!(["id"]), &json!("")));
}

#[tokio::test]
async fn ids_and_names_are_taken_in_any_case() {
    let app = TestApp::start().await;
    register(&app, json!({ "name": "Orders" })).await.ok();
    assert_snapshot!(register(&app, json!({ "name": "orders" })).await, @r#"
        409 Conflict
        {"detail":"Table 'orders' already registered"}
        "#);
    assert_snapshot!(register(&app, json!({ "name": "Orders" })).await, @r#"
        409 Conflict
        {"detail":"Table 'orders' already registered"}
        "#);
    let rename = json!({ "name": "Sales" });
    app.admin().await.put_json("/api/admin/registry/orders", rename).await.ok();
    assert_snapshot!(register(&app, json!({ "name": "sales" })).await, @r#"
        409 Conflict
        {"detail":"View name 'sales' is already in use by table id 'orders'"}
        "#);
    let registry = app.admin().await.get("/api/admin/registry").await.ok();
    assert_eq!(list(&registry["tables"]).len(), 1);
}

#[tokio::test]
async fn names_that_cannot_be_files_and_views() {
    let app = TestApp::start().await;
    assert_snapshot!(register(&app, json!({ "name": "  " })).await, @r#"
        422 Unprocessable Entity
        {"detail":"Table name cannot be empty"}
        "#);
    assert_snapshot!(register(&app, json!({ "name": "a b" })).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"value_error","loc":["body","name"],"msg":"Value error, name 'a b' is unsafe — must match ^[a-zA-Z_][a-zA-Z0-9_]{0,63}$: letters, digits and _, not beginning with a digit","input":"a b","ctx":{"error":{}}}]}
        "#);
    let long = "a".repeat(65);
    for name in ["1a", "a-b", "a.b", "../a", "a\"b", "a;b", "a\n", " a", "ä", &long] {
        let answer = register(&app, json!({ "name": name })).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["detail"][0]["loc"][1].clone()),
            (422, json!("name")),
            "{name}"
        );
    }
    assert_eq!(app.admin().await.get("/api/admin/registry").await.ok()["count"], 0);
}

#[tokio::test]
async fn schedules() {
    let app = TestApp::start().await;
    assert_snapshot!(register(&app, json!({ "name": "orders", "sync_schedule": "hourly" })).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"value_error","loc":["body","sync_schedule"],"msg":"Value error, sync_schedule must be 'every <N>m', 'every <N>h', 'daily HH:MM[,HH:MM…]' or five cron fields like '*/15 6-18 * * 1-5' (UTC)","input":"hourly","ctx":{"error":{}}}]}
        "#);
    for schedule in ["every 0m", "every 15s", "daily 5:00", "daily 24:00", "Daily 05:00", "every 5m ", "daily 05:00,"] {
        let answer = register(&app, json!({ "name": "orders", "sync_schedule": schedule })).await;
        assert_eq!(answer.status, 422, "{schedule}");
    }
    for (name, schedule) in [("a", "every 1m"), ("b", "every 24h"), ("c", "daily 05:00,23:59")] {
        register(&app, json!({ "name": name, "sync_schedule": schedule })).await.ok();
    }
}

#[tokio::test]
async fn sources_and_modes_that_are_unknown() {
    let app = TestApp::start().await;
    assert_snapshot!(register(&app, json!({ "name": "a", "source_type": "oracle" })).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"value_error","loc":["body","source_type"],"msg":"Value error, source_type must be one of ['keboola', 'local'], got 'oracle'","input":"oracle","ctx":{"error":{}}}]}
        "#);
    assert_snapshot!(register(&app, json!({ "name": "a", "query_mode": "it's" })).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"value_error","loc":["body","query_mode"],"msg":"Value error, query_mode must be one of ['local', 'remote', 'materialized'], got \"it's\"","input":"it's","ctx":{"error":{}}}]}
        "#);
    assert_snapshot!(register(&app, json!({ "name": "a", "source_query": " SELECT 1 " })).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"value_error","loc":["body","source_query"],"msg":"Value error, source_query is only valid when query_mode='materialized'","input":"SELECT 1","ctx":{"error":{}}}]}
        "#);
    register(&app, json!({ "name": "a", "source_type": "", "source_query": " " })).await.ok();
}

#[tokio::test]
async fn a_source_that_is_not_configured() {
    let app = TestApp::start_with(&[("DATA_SOURCE", "bigquery")]).await;
    assert_snapshot!(register(&app, json!({ "name": "a", "source_type": "keboola" })).await, @r#"
        422 Unprocessable Entity
        {"detail":"source_type='keboola' is not configured on this instance. The configured data source is 'bigquery'. To enable a secondary source, set data_source.keboola.* fields in instance.yaml or via /admin/server-config."}
        "#);
    register(&app, json!({ "name": "a", "source_type": "local" })).await.ok();
}

#[tokio::test]
async fn increments_need_a_key_unless_the_source_has_it() {
    let app = TestApp::start().await;
    let of = |source: &str| json!({ "name": "a", "source_type": source, "bucket": "in.c-x", "sync_strategy": "incremental" });
    assert_snapshot!(register(&app, of("local")).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"value_error","loc":["body","primary_key"],"msg":"Value error, sync_strategy='incremental' needs a primary_key, by which changed rows are found","input":[],"ctx":{"error":{}}}]}
        "#);
    register(&app, of("keboola")).await.ok();
}

#[tokio::test]
async fn places_at_the_source_that_are_unsafe() {
    let app = TestApp::start().await;
    let bad = json!({ "name": "a", "source_type": "keboola", "bucket": "in.c-x/../y", "source_table": "o" });
    assert_snapshot!(register(&app, bad).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"value_error","loc":["body","bucket"],"msg":"Value error, bucket 'in.c-x/../y' is unsafe: only letters, digits, _, . and - are allowed","input":"in.c-x/../y","ctx":{"error":{}}}]}
        "#);
    let bad = json!({ "name": "a", "source_type": "keboola", "bucket": "in.c-x", "source_table": "o?x=1" });
    assert_snapshot!(register(&app, bad).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"value_error","loc":["body","source_table"],"msg":"Value error, source_table 'o?x=1' is unsafe: only letters, digits, _, . and - are allowed","input":"o?x=1","ctx":{"error":{}}}]}
        "#);
}

#[tokio::test]
async fn bodies_that_do_not_fit() {
    let app = TestApp::start().await;
    assert_snapshot!(register(&app, json!({})).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"missing","loc":["body","name"],"msg":"Field required","input":{}}]}
        "#);
    assert_snapshot!(register(&app, json!({ "name": 5 })).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"string_type","loc":["body","name"],"msg":"Input should be a valid string","input":5}]}
        "#);
    assert_eq!(register(&app, json!({ "name": "a", "primary_key": [1] })).await.status, 422);
    assert_eq!(register(&app, json!({ "name": "a", "folder": {} })).await.status, 422);
}
