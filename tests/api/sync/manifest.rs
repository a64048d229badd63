use insta::{assert_json_snapshot, assert_snapshot};
use md5::{Digest, Md5};
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn before_anything_is_there() {
    let app = TestApp::start().await;
    assert_snapshot!(app.admin().await.get("/api/sync/manifest").await, @r#"
        200 OK
        {"tables":{},"assets":{},"server_time":"[time]"}
        "#);
}

#[tokio::test]
async fn entries_describe_the_files() {
    let app = TestApp::start().await;
    app.publish("Orders", "id,customer\n1,Ann\n2,Bob\n").await;
    let bob = app.user("bob@example.com", &["Eng"]).await;
    assert_eq!(bob.get("/api/sync/manifest").await.ok()["tables"], json!({}));
    app.grant("Eng", "orders").await;
    let manifest = bob.get("/api/sync/manifest").await.ok();
    let file = bob.get("/api/data/Orders/download").await.body;
    assert_json_snapshot!(manifest["tables"], { ".Orders.updated" => "[time]", ".Orders.size_bytes" => "[bytes]",
        ".Orders.hash" => "[md5]" }, @r#"
        {
          "Orders": {
            "hash": "[md5]",
            "updated": "[time]",
            "size_bytes": "[bytes]",
            "rows": 2,
            "query_mode": "local",
            "source_type": "local"
          }
        }
        "#);
    let entry = &manifest["tables"]["Orders"];
    assert_eq!(entry["size_bytes"], file.len());
    assert_eq!(entry["hash"], data_encoding::HEXLOWER.encode(&Md5::digest(&file)));
    let updated = format!("{}Z", entry["updated"].as_str().unwrap()).parse::<jiff::Timestamp>().unwrap();
    let server_time = manifest["server_time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(updated <= server_time);
}

#[tokio::test]
async fn hashes_change_with_the_rows_only() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let hash = async || app.admin().await.get("/api/sync/manifest").await.ok()["tables"]["orders"]["hash"].clone();
    let first = hash().await;
    app.sync().await;
    assert_eq!(hash().await, first);
    app.drop_file("orders.csv", "id\n1\n2\n");
    app.sync().await;
    assert_ne!(hash().await, first);
}

#[tokio::test]
async fn documents_are_an_asset() {
    let app = TestApp::start().await;
    std::fs::create_dir(app.data_dir().join("docs")).unwrap();
    let docs = async || app.admin().await.get("/api/sync/manifest").await.ok()["assets"]["docs"]["hash"].clone();
    assert_eq!(docs().await, "0");
    std::fs::write(app.data_dir().join("docs/a.md"), "# A").unwrap();
    assert!(docs().await.as_str().unwrap().parse::<u64>().unwrap() > 1_600_000_000);
}
