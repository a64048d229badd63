use insta::assert_snapshot;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

async fn value(app: &TestApp, table: &str) -> Value {
    app.admin().await.value(&format!("SELECT max(id) FROM {table}")).await
}

#[tokio::test]
async fn bodies() {
    let app = TestApp::start().await;
    app.register("orders").await.ok();
    let admin = app.admin().await;
    let trigger = |body: Value| admin.post_json("/api/sync/trigger", body);
    assert_snapshot!(admin.send(admin.request(Method::POST, "/api/sync/trigger")).await, @r#"
        200 OK
        {"status":"triggered","tables":"all","message":"Data sync started in background. Check /api/sync/runs for progress.","run_id":"[id]"}
        "#);
    assert_snapshot!(trigger(Value::Null).await, @r#"
        200 OK
        {"status":"triggered","tables":"all","message":"Data sync started in background. Check /api/sync/runs for progress.","run_id":"[id]"}
        "#);
    assert_snapshot!(trigger(json!([])).await, @r#"
        200 OK
        {"status":"triggered","tables":"all","message":"Data sync started in background. Check /api/sync/runs for progress.","run_id":"[id]"}
        "#);
    assert_snapshot!(trigger(json!(["orders", "none", "Orders"])).await, @r#"
        200 OK
        {"status":"triggered","tables":["orders","none","Orders"],"message":"Data sync started in background. Check /api/sync/runs for progress.","run_id":"[id]","unknown":["none","Orders"]}
        "#);
    assert_snapshot!(trigger(json!({ "tables": ["orders"] })).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"list_type","loc":["body"],"msg":"Input should be a valid list","input":{"tables":["orders"]}}]}
        "#);
    assert_snapshot!(trigger(json!("orders")).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"list_type","loc":["body"],"msg":"Input should be a valid list","input":"orders"}]}
        "#);
    let undeclared = admin.request(Method::POST, "/api/sync/trigger").body("[\"orders\"]");
    assert_snapshot!(admin.send(undeclared).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"list_type","loc":["body"],"msg":"Input should be a valid list","input":"[\"orders\"]"}]}
        "#);
    assert_snapshot!(trigger(json!(["orders", 5])).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"string_type","loc":["body",1],"msg":"Input should be a valid string","input":5}]}
        "#);
}

#[tokio::test]
async fn ids_limit_the_run_and_pass_by_schedules() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    app.publish("items", "id\n1\n").await;
    let hourly = json!({ "sync_schedule": "every 1h" });
    app.admin().await.put_json("/api/admin/registry/items", hourly).await.ok();

    app.drop_file("orders.csv", "id\n1\n22\n");
    app.drop_file("items.csv", "id\n1\n22\n");
    app.sync_of(json!(["orders"])).await;
    assert_eq!((value(&app, "orders").await, value(&app, "items").await), (json!(22), json!(1)));
    app.sync().await;
    assert_eq!(value(&app, "items").await, 1, "not due yet");
    app.sync_of(json!(["items"])).await;
    assert_eq!(value(&app, "items").await, 22);
}

#[tokio::test]
async fn many_become_few_and_none_is_lost() {
    let app = TestApp::start().await;
    app.publish("first", "id\n1\n").await;
    let before = app.generation().await;
    let admin = app.admin().await;
    let all = (0..20).map(|_| admin.post_json("/api/sync/trigger", Value::Null));
    for answer in futures_util::future::join_all(all).await {
        answer.ok();
    }
    // Whatever runs now, this comes after it.
    app.drop_file("second.csv", "id\n1\n");
    app.register("second").await.ok();
    admin.post_json("/api/sync/trigger", json!(["second"])).await.ok();
    let publication = || app.state.orchestrator.publication();
    app.until("the table is published", || publication().get("second").is_some()).await;
    let runs = publication().generation - before;
    assert!((2..=10).contains(&runs), "{runs} runs for 21 requests");
}

#[tokio::test]
async fn a_failure_is_told_and_the_old_table_stays() {
    let app = TestApp::start().await;
    app.publish("orders", "id,amount\n1,10\n").await;
    app.publish("items", "id\n1\n").await;
    let admin = app.admin().await;
    let (manifest, file) =
        (admin.get("/api/sync/manifest").await.ok(), admin.get("/api/data/orders/download").await.body);

    app.drop_file("orders.csv", "id,amount\n1,10\n2,20,200\n");
    app.drop_file("items.csv", "id\n22\n");
    app.sync().await;
    let error = app.sync_error("orders").await;
    assert_snapshot!(error, @"orders.csv: line 3: a row with 3 columns, but the header has 2");
    let row = |id| crate::registry::row(&app, id);
    assert_eq!(row("orders").await.unwrap()["last_sync_error"], error);
    assert_eq!(row("items").await.unwrap()["last_sync_error"], Value::Null);
    let after = admin.get("/api/sync/manifest").await.ok();
    assert_eq!(after["tables"]["orders"]["hash"], manifest["tables"]["orders"]["hash"]);
    assert_eq!(admin.get("/api/data/orders/download").await.body, file);
    assert_eq!((value(&app, "orders").await, value(&app, "items").await), (json!(1), json!(22)));

    app.drop_file("orders.csv", "id,amount\n1,10\n2,20\n");
    app.sync().await;
    assert_eq!(row("orders").await.unwrap()["last_sync_error"], Value::Null);
    assert_eq!(value(&app, "orders").await, 2);
}

#[tokio::test]
async fn a_table_without_a_file_says_so() {
    let app = TestApp::start().await;
    app.drop_file("other.csv", "id\n1\n");
    app.register("orders").await.ok();
    app.sync().await;
    assert_snapshot!(app.sync_error("orders").await.replace(app.data_dir().to_str().unwrap(), "[DATA]"), @"no file orders.csv, .csv.gz, .tsv, .tsv.gz or .parquet in [DATA]/uploads/tables, nor a folder orders of such files");
    assert_eq!(app.admin().await.get("/api/sync/manifest").await.ok()["tables"], json!({}));
}
