use insta::assert_snapshot;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn takes_everything_along() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    app.publish("items", "id\n2\n").await;
    let bob = app.user("bob@example.com", &["Eng"]).await;
    app.grant("Eng", "orders").await;
    app.grant("Eng", "items").await;
    let published = || {
        walkdir::WalkDir::new(app.data_dir()).into_iter().filter_map(Result::ok).any(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("orders") && name.ends_with(".parquet")
        })
    };
    assert!(published());

    let admin = app.admin().await;
    assert_snapshot!(admin.delete("/api/admin/registry/orders").await, @"204 No Content");
    assert!(super::row(&app, "orders").await.is_none());
    assert!(!published(), "its files are gone");
    let grants = admin.get("/api/admin/grants").await.ok();
    assert_eq!((grants.as_array().unwrap().len(), &grants[0]["resource_id"]), (1, &json!("items")));
    for caller in [&bob, admin] {
        let manifest = caller.get("/api/sync/manifest").await.ok();
        assert_eq!(manifest["tables"].as_object().unwrap().keys().collect::<Vec<_>>(), ["items"]);
        let query = caller.post_json("/api/query", json!({ "sql": "SELECT * FROM orders" })).await;
        // Only an admin learns that it is gone.
        assert_eq!(query.status, if caller.token() == admin.token() { 400 } else { 403 }, "{query}");
        assert_eq!(caller.value("SELECT id FROM items").await, 2);
    }
    assert_eq!(bob.get("/api/data/orders/download").await.status, 403);
    assert_eq!(admin.get("/api/data/orders/download").await.status, 404);
    assert_snapshot!(admin.delete("/api/admin/registry/orders").await, @r#"
        404 Not Found
        {"detail":"Table not found"}
        "#);
}

#[tokio::test]
async fn grants_do_not_come_back_to_life() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let bob = app.user("bob@example.com", &["Eng"]).await;
    app.grant("Eng", "orders").await;
    app.admin().await.delete("/api/admin/registry/orders").await.ok();
    app.publish("orders", "salary\n1\n").await;
    assert_eq!(bob.get("/api/data/orders/download").await.status, 403);
    assert_eq!(app.admin().await.value("SELECT salary FROM orders").await, 1);
}

#[tokio::test]
async fn what_was_never_synced() {
    let app = TestApp::start().await;
    app.register("orders").await.ok();
    assert_eq!(app.admin().await.delete("/api/admin/registry/orders").await.status, 204);
    assert_eq!(app.admin().await.get("/api/admin/registry").await.ok(), json!({ "tables": [], "count": 0 }));
}

#[tokio::test]
async fn rebuilds_that_are_wanted_at_once_are_shared() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let before = app.generation().await;
    let table = agnes::store::registry::Table::default();
    let all = futures_util::future::join_all((0..12).map(|_| app.state.runner.retire(&table))).await;
    assert!(all.iter().all(Result::is_ok));
    let rebuilds = app.generation().await - before;
    assert!((1..12).contains(&rebuilds), "{rebuilds} rebuilds for 12 requests");
}
