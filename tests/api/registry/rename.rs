//! Renames and moves between sources: what is published stays until its successor is there, and grants follow the id.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{Client, TestApp};

/// What the manifest offers, each with the rows that its download and a query agree on.
async fn offered(caller: &Client) -> Vec<String> {
    let manifest = caller.get("/api/sync/manifest").await.ok();
    let tables: Vec<String> = manifest["tables"].as_object().unwrap().keys().cloned().collect();
    for table in &tables {
        let download = caller.get(&format!("/api/data/{table}/download")).await;
        assert_eq!(download.header("etag").trim_matches('"'), manifest["tables"][table]["hash"], "{table}");
        caller.value(&format!("SELECT count(*) FROM {table}")).await;
    }
    tables
}

#[tokio::test]
async fn a_rename_is_complete_with_the_next_sync_and_grants_follow_the_id() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    app.group("readers").await;
    let ann = app.user("ann@example.com", &["readers"]).await;
    app.grant("readers", "orders").await;
    assert_eq!(offered(&ann).await, ["orders"]);

    let admin = app.admin().await;
    admin.put_json("/api/admin/registry/orders", json!({ "name": "sales" })).await.ok();
    // The old name is nobody's now: only admins see it until the sync.
    assert!(offered(&ann).await.is_empty());
    assert_eq!(offered(admin).await, ["orders"]);
    app.sync().await;
    assert_eq!((offered(&ann).await, offered(admin).await), (vec!["sales".to_owned()], vec!["sales".to_owned()]));
    assert_eq!(ann.value("SELECT id FROM sales").await, 1);
    assert_eq!(super::row(&app, "orders").await.unwrap()["source_table"], "orders");
}

#[tokio::test]
async fn a_rename_whose_sync_fails_takes_nothing_away() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let admin = app.admin().await;
    let gone = json!({ "name": "sales", "source_table": "nowhere" });
    admin.put_json("/api/admin/registry/orders", gone).await.ok();
    app.sync().await;
    assert!(app.sync_error("sales").await.contains("nowhere.csv"));
    assert_eq!(offered(admin).await, ["orders"]);
}

/// A grant on an id is no grant on whatever another source publishes under that name later.
#[tokio::test]
async fn a_freed_name_is_not_covered_by_the_old_grant() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    app.group("readers").await;
    let ann = app.user("ann@example.com", &["readers"]).await;
    app.grant("readers", "orders").await;
    app.admin().await.put_json("/api/admin/registry/orders", json!({ "name": "sales" })).await.ok();
    app.sync().await;

    let folder = app.data_dir().join("hr");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("orders.csv"), "secret\n7\n").unwrap();
    let mut extract = std::process::Command::new(env!("CARGO_BIN_EXE_agnes"));
    extract.args(["extract", "files"]).arg(&folder).args(["--source", "hr"]).env("DATA_DIR", app.data_dir());
    assert!(extract.output().unwrap().status.success());
    app.sync().await;
    assert_eq!(offered(app.admin().await).await, ["orders", "sales"]);
    assert_eq!(offered(&ann).await, ["sales"]);
    assert_eq!(ann.get("/api/data/orders/download").await.status, StatusCode::FORBIDDEN);
    let query = ann.post_json("/api/query", json!({ "sql": "SELECT * FROM hr.orders" })).await;
    assert_eq!(query.status, StatusCode::FORBIDDEN, "{query}");
}

#[tokio::test]
async fn swapped_names_swap_the_data() {
    let app = TestApp::start().await;
    app.publish("a", "id\n1\n").await;
    app.publish("b", "id\n2\n").await;
    let admin = app.admin().await;
    for (id, name) in [("a", "x"), ("b", "a"), ("a", "b")] {
        admin.put_json(&format!("/api/admin/registry/{id}"), json!({ "name": name })).await.ok();
    }
    app.sync().await;
    assert_eq!(offered(admin).await, ["a", "b"]);
    assert_eq!((admin.value("SELECT id FROM a").await, admin.value("SELECT id FROM b").await), (json!(2), json!(1)));
}

#[tokio::test]
async fn a_table_that_leaves_its_source_is_dropped_there_with_the_next_sync() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let admin = app.admin().await;
    let moved = json!({ "source_type": "keboola", "bucket": "in.c-x" });
    admin.put_json("/api/admin/registry/orders", moved).await.ok();
    admin.post_json("/api/sync/trigger", json!([])).await.ok();
    app.until("the local table is gone", || app.state.orchestrator.publication().get("orders").is_none()).await;
    assert!(!app.data_dir().join("extracts/local/data/orders.parquet").exists());
}
