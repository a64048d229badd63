//! Tables in parts, as the manifest offers them and downloads hand them out.

use agnes::base::hash::ContentHasher;
use agnes::base::ident::quote_path;
use agnes::engine::{self, Limits};
use agnes::extract::{self, TableMeta, parts_folder};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp};

fn md5(bytes: &[u8]) -> String {
    let mut hasher = ContentHasher::default();
    hasher.update(bytes);
    hasher.finish()
}

/// Publishes `sales` of a source named `shop`, with these parts.
async fn offer(app: &TestApp, parts: &[(&str, &str)]) {
    let source = app.state.config.data_dir.extract("shop");
    let folder = parts_folder(&source, "sales");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let connection = engine::in_memory(&Limits::small()).unwrap();
    for (part, sql) in parts {
        let file = quote_path(&folder.join(format!("{part}.parquet")));
        connection.execute_batch(&format!("COPY ({sql}) TO {file} (FORMAT parquet)")).unwrap();
    }
    let meta = TableMeta {
        table_name: "sales".into(),
        description: None,
        rows: 0,
        size_bytes: 0,
        extracted_at: None,
        query_mode: "local".into(),
    };
    std::fs::write(source.join(agnes::connectors::LOCK), "").unwrap();
    extract::write(&source, &[meta]).unwrap();
    app.sync().await;
}

async fn entry(client: &Client) -> Value {
    client.get("/api/sync/manifest").await.ok()["tables"]["sales"].clone()
}

async fn answer(client: &Client, path: &str, header: &str, value: &str) -> Answer {
    client.get_with(path, &[(header, value)]).await
}

#[tokio::test]
async fn the_manifest_lists_parts_and_each_is_what_it_says() {
    let app = TestApp::start().await;
    offer(&app, &[("2026-01", "SELECT 1 AS id"), ("2026-02", "SELECT 2 AS id FROM range(3)")]).await;
    let admin = app.admin().await;
    let offered = entry(admin).await;
    assert_eq!((&offered["hash"], &offered["rows"]), (&json!(""), &json!(4)));
    let parts = offered["parts"].as_array().unwrap();
    assert_eq!(parts.iter().map(|part| &part["rows"]).collect::<Vec<_>>(), [&json!(1), &json!(3)]);
    for part in parts {
        let path = format!("/api/data/sales/parts/{}", part["name"].as_str().unwrap());
        let file = admin.get(&path).await;
        assert_eq!((file.status.as_u16(), md5(&file.body)), (200, part["hash"].as_str().unwrap().to_owned()));
        let tag = format!("\"{}\"", part["hash"].as_str().unwrap());
        assert_eq!(answer(admin, &path, "if-none-match", &tag).await.status, 304);
        assert_eq!(answer(admin, &path, "if-match", "\"other\"").await.status, 412);
        let range = answer(admin, &path, "range", "bytes=0-3").await;
        assert_eq!((range.status.as_u16(), &range.body[..]), (206, b"PAR1".as_slice()));
    }
    assert_snapshot!(admin.get("/api/data/sales/parts/2026-03").await, @r#"
    404 Not Found
    {"detail":"Table 'sales' has no part '2026-03'; the manifest lists its parts"}
    "#);
    app.publish("orders", "id\n1\n").await;
    assert_eq!(admin.get("/api/data/orders/parts/x").await.status, 404);
    assert!(admin.get("/api/sync/manifest").await.ok()["tables"]["orders"].get("parts").is_none());
}

#[tokio::test]
async fn the_whole_is_put_together_once_for_each_version() {
    let app = TestApp::start().await;
    offer(&app, &[("a", "SELECT 1 AS id"), ("b", "SELECT 2 AS id, 'x' AS note FROM range(3)")]).await;
    let admin = app.admin().await;
    let all = futures_util::future::join_all((0..6).map(|_| admin.get("/api/data/sales/download"))).await;
    for file in &all {
        assert_eq!((file.status.as_u16(), &file.body), (200, &all[0].body));
    }
    assert_eq!(all[0].headers["etag"].to_str().unwrap(), format!("\"{}\"", md5(&all[0].body)));
    let path = app.data_dir().join("whole.parquet");
    std::fs::write(&path, &all[0].body).unwrap();
    let rows =
        format!("SELECT count(*) || '-' || sum(id) || '-' || count(note) FROM read_parquet({})", quote_path(&path));
    let connection = engine::in_memory(&Limits::small()).unwrap();
    assert_eq!(connection.query_row(&rows, [], |row| row.get::<_, String>(0)).unwrap(), "4-7-3");
    let merged = || std::fs::read_dir(app.state.config.data_dir.merged()).unwrap().count();
    assert_eq!(merged(), 1);
    assert_eq!(admin.value("SELECT sum(id) FROM sales").await, 7);

    offer(&app, &[("a", "SELECT 5 AS id")]).await;
    app.sync().await;
    assert_eq!(merged(), 0, "the whole of an old version goes");
    assert_ne!(admin.get("/api/data/sales/download").await.body, all[0].body);
}

#[tokio::test]
async fn parts_need_a_grant_as_the_table_does() {
    let app = TestApp::start().await;
    offer(&app, &[("a", "SELECT 1 AS id")]).await;
    let ann = app.user("ann@example.com", &[]).await;
    for path in ["/api/data/sales/parts/a", "/api/data/sales/parts/none", "/api/data/sales/download"] {
        assert_eq!(ann.get(path).await.status, 403, "{path}");
    }
    assert_eq!(entry(&ann).await, Value::Null);
}
