use insta::{assert_json_snapshot, assert_snapshot};

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
          "deployed_at": "[time]"
        }
        "#);
}

#[tokio::test]
async fn openapi_lists_every_route() {
    let app = TestApp::start_with(&[("AGNES_VERSION", "1.2.3")]).await;
    let document = app.get("/openapi.json").await.json();
    assert_eq!(document["info"]["title"], "AI Data Analyst");
    assert_eq!(document["info"]["version"], "1.2.3");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.contains_key("/api/health") && paths.contains_key("/api/version"), "{:?}", paths.keys());
}
