use insta::{assert_json_snapshot, assert_snapshot};

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn health() {
    let app = TestApp::start().await;
    assert_snapshot!(app.get("/api/health").await, @r#"
        200 OK
        {"status":"ok","db_schema":"ok","current":25,"expected":25}
        "#);
}

#[tokio::test]
async fn health_in_detail() {
    let app = TestApp::start().await;
    assert_eq!(app.get("/api/health/detailed").await.status, 401);
    assert_snapshot!(app.get("/api/health/ready").await, @r#"
    200 OK
    {"status":"ready"}
    "#);
    app.publish("orders", "id\n1\n2\n").await;
    let admin = app.admin().await;
    let detailed = || admin.get("/api/health/detailed");
    let healthy = detailed().await.ok();
    assert_eq!((&healthy["status"], &healthy["schema_version"]), (&json!("healthy"), &json!(25)));
    assert_eq!(healthy["services"]["data"], json!({"status": "ok", "tables": 1, "total_rows": 2, "stale_tables": []}));
    assert!(healthy["services"]["disk"]["free_bytes"].as_u64().unwrap() > 0);
    // A source that cannot be read makes it degraded; what is wrong is for admins.
    let broken = app.state.config.data_dir.extract("shop");
    std::fs::create_dir_all(&broken).unwrap();
    std::fs::write(broken.join("extract.duckdb"), "no database").unwrap();
    app.sync().await;
    let ill = detailed().await.ok();
    assert_eq!(
        (&ill["status"], &ill["services"]["sources"]["problems"][0]["source"]),
        (&json!("degraded"), &json!("shop"))
    );
}

#[tokio::test]
async fn health_tells_others_of_their_own_tables_only() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n2\n").await;
    app.publish("salaries", "id\n1\n2\n3\n").await;
    let ann = app.user("ann@example.com", &["analysts"]).await;
    let services = async |who: &crate::support::Client| who.get("/api/health/detailed").await.ok()["services"].clone();
    let nothing = json!({"status": "ok", "tables": 0, "total_rows": 0, "stale_tables": []});
    assert_eq!(services(&ann).await["data"], nothing);
    let orders = app.admin().await.get("/api/admin/registry").await.ok()["tables"].clone();
    let orders = orders.as_array().unwrap().iter().find(|table| table["name"] == "orders").unwrap()["id"].clone();
    app.grant("analysts", orders.as_str().unwrap()).await;
    let seen = services(&ann).await;
    assert_eq!(seen["data"], json!({"status": "ok", "tables": 1, "total_rows": 2, "stale_tables": []}));
    assert_eq!(
        [&seen["users"], &seen["sources"], &seen["disk"], &seen["access_log"]],
        [&json!({"status": "ok"}), &json!({"status": "ok"}), &json!({"status": "ok"}), &json!(null)]
    );
    let all = services(app.admin().await).await;
    assert_eq!((&all["data"]["total_rows"], &all["users"]["count"]), (&json!(5), &json!(2)));
    assert_eq!(all["access_log"], json!({"status": "ok", "on": true, "dropped": 0}));
}

#[tokio::test]
async fn version() {
    let app = TestApp::start_with(&[("RELEASE_CHANNEL", "stable"), ("AGNES_VERSION", "1.2.3")]).await;
    let version = app.get("/api/version").await;
    assert_json_snapshot!(version.json(), { ".deployed_at" => "[time]" }, @r#"
        {
          "version": "1.2.3",
          "channel": "stable",
          "image_tag": "unknown",
          "commit_sha": "unknown",
          "schema_version": 25,
          "deployed_at": "[time]",
          "upload_encodings": [
            "gzip"
          ]
        }
        "#);
}

#[tokio::test]
async fn openapi_lists_every_route() {
    let app = TestApp::start_with(&[("AGNES_VERSION", "1.2.3")]).await;
    let document = app.get("/openapi.json").await.json();
    assert_eq!(document["info"]["title"], "Agnes");
    assert_eq!(document["info"]["version"], "1.2.3");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.contains_key("/api/health") && paths.contains_key("/api/version"), "{:?}", paths.keys());
}
