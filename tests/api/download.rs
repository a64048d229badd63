//! `/api/data/{table}/download`

use insta::assert_snapshot;
use md5::{Digest, Md5};
use reqwest::Method;
use serde_json::json;

use crate::support::{Client, TestApp};

const PATH: &str = "/api/data/orders/download";

/// A server with one table, `Orders` under the id `orders`, and somebody who may read it.
async fn start() -> (TestApp, Client) {
    let app = TestApp::start().await;
    app.publish("Orders", "id,customer\n1,Ann\n2,Bob\n").await;
    let bob = app.user("bob@example.com", &["Eng"]).await;
    app.grant("Eng", "orders").await;
    (app, bob)
}

fn md5(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Md5::digest(bytes))
}

async fn hash(caller: &Client, table: &str) -> String {
    caller.get("/api/sync/manifest").await.ok()["tables"][table]["hash"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn whole_by_id_and_by_name() {
    let (_app, bob) = start().await;
    let by_id = bob.get_with(PATH, &[("accept-encoding", "gzip")]).await;
    assert_eq!(by_id.status, 200);
    assert_eq!(&by_id.body[..4], b"PAR1");
    assert_eq!(md5(&by_id.body), hash(&bob, "Orders").await);
    assert_eq!(by_id.header("etag"), format!("\"{}\"", md5(&by_id.body)));
    assert_eq!(by_id.header("content-length"), by_id.body.len().to_string());
    assert_eq!(by_id.header("content-type"), "application/octet-stream");
    assert_eq!(by_id.header("content-disposition"), "attachment; filename=\"Orders.parquet\"");
    assert_eq!(by_id.header("accept-ranges"), "bytes");
    assert_eq!(by_id.header("content-encoding"), "", "parquet is compressed already");
    assert_eq!(by_id.header("cache-control"), "private, no-cache");
    assert!(by_id.header("last-modified").ends_with(" GMT"));
    assert_eq!(bob.get("/api/data/Orders/download").await.body, by_id.body);
}

#[tokio::test]
async fn forbidden_and_not_found() {
    let (app, bob) = start().await;
    app.register("empty").await.ok();
    let carol = app.user("carol@example.com", &[]).await;
    for path in [PATH, "/api/data/Orders/download", "/api/data/none/download", "/api/data/empty/download"] {
        let answer = carol.get(path).await;
        assert_eq!(answer.to_string(), "403 Forbidden\n{\"detail\":\"Access denied to this table\"}");
    }
    app.grant("Eng", "empty").await;
    assert_snapshot!(bob.get("/api/data/empty/download").await, @r#"
        404 Not Found
        {"detail":"Table 'empty' not found"}
        "#);
    assert_snapshot!(app.admin().await.get("/api/data/none/download").await, @r#"
        404 Not Found
        {"detail":"Table 'none' not found"}
        "#);
    for odd in ["-a", "a%20b", ".a", "a%00"] {
        let answer = bob.get(&format!("/api/data/{odd}/download")).await;
        assert_eq!(answer.to_string(), "404 Not Found\n{\"detail\":\"Table not found\"}");
    }
    let slash = bob.get("/api/data/..%2F..%2Fstate/download").await;
    assert_eq!(slash.status, 404);
}

#[tokio::test]
async fn parts() {
    let (_app, bob) = start().await;
    let whole = bob.get(PATH).await;
    let (size, etag) = (whole.body.len(), whole.header("etag"));
    let last = size - 1;
    for (range, first, end) in [
        ("bytes=0-3".to_owned(), 0, 3),
        ("bytes=10-".to_owned(), 10, last),
        ("bytes=-4".to_owned(), size - 4, last),
        (format!("bytes=10-{}", size + 100), 10, last),
    ] {
        let part = bob.get_with(PATH, &[("range", &range)]).await;
        assert_eq!((part.status.as_u16(), part.header("etag")), (206, etag), "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {first}-{end}/{size}"));
        assert_eq!(part.body, whole.body[first..=end], "{range}");
    }
    let outside = bob.get_with(PATH, &[("range", &format!("bytes={size}-"))]).await;
    assert_eq!((outside.status.as_u16(), outside.header("content-range")), (416, format!("bytes */{size}").as_str()));
    assert_eq!(outside.json()["detail"], "The range begins after the end of the file");
    for odd in ["bytes=5-1", "lines=1-2", "bytes=x"] {
        let answer = bob.get_with(PATH, &[("range", odd)]).await;
        assert!(answer.status == 416 || answer.body == whole.body, "{odd}: {}", answer.status);
    }
}

#[tokio::test]
async fn conditions() {
    let (_app, bob) = start().await;
    let whole = bob.get(PATH).await;
    let etag = whole.header("etag");
    let known = bob.get_with(PATH, &[("if-none-match", etag)]).await;
    assert_eq!((known.status.as_u16(), known.body.len(), known.header("etag")), (304, 0, etag));
    for (name, value, status) in [
        ("if-none-match", "*".to_owned(), 304),
        ("if-none-match", format!("\"old\", W/{etag}"), 304),
        ("if-none-match", "\"old\"".to_owned(), 200),
        ("if-match", etag.to_owned(), 200),
        ("if-match", "*".to_owned(), 200),
        ("if-match", "\"old\"".to_owned(), 412),
    ] {
        assert_eq!(bob.get_with(PATH, &[(name, &value)]).await.status, status, "{name}: {value}");
    }
    let resume = async |validator: &str| bob.get_with(PATH, &[("range", "bytes=4-"), ("if-range", validator)]).await;
    assert_eq!(resume(etag).await.body, whole.body[4..]);
    let changed = resume("\"old\"").await;
    assert_eq!((changed.status.as_u16(), changed.body), (200, whole.body.clone()));
}

#[tokio::test]
async fn head_tells_the_same_without_the_bytes() {
    let (_app, bob) = start().await;
    let whole = bob.get(PATH).await;
    let head = bob.send(bob.request(Method::HEAD, PATH)).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    for name in ["etag", "content-length", "last-modified", "content-type", "accept-ranges"] {
        assert_eq!(head.header(name), whole.header(name), "{name}");
    }
}

#[tokio::test]
async fn a_change_makes_another_file() {
    let (app, bob) = start().await;
    let before = bob.get(PATH).await;
    app.drop_file("Orders.csv", "id,customer\n3,Cyd\n");
    app.sync().await;
    let stale = [("if-match", before.header("etag"))];
    assert_snapshot!(bob.get_with(PATH, &stale).await, @r#"
        412 Precondition Failed
        {"detail":"The table has changed since the manifest; fetch the manifest again"}
        "#);
    let after = bob.get(PATH).await;
    assert_ne!(after.header("etag"), before.header("etag"));
    assert_eq!(md5(&after.body), hash(&bob, "Orders").await);
}

#[tokio::test]
async fn a_running_download_ends_with_what_it_began() {
    let app = TestApp::start().await;
    // More than socket buffers hold, so that the server still reads the file while it is replaced.
    app.drop_file("big.parquet", numbers(&app, 1_000_000));
    app.register("big").await.ok();
    app.sync().await;
    let admin = app.admin().await;
    let (path, hash_before) = ("/api/data/big/download", hash(admin, "big").await);
    let mut response = admin.request(Method::GET, path).send().await.unwrap();
    let mut bytes = response.chunk().await.unwrap().unwrap().to_vec();

    app.drop_file("big.parquet", numbers(&app, 10));
    app.sync().await;
    assert_ne!(hash(admin, "big").await, hash_before);
    assert_eq!(admin.value("SELECT count(*) FROM big").await, json!(10));
    while let Some(chunk) = response.chunk().await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    assert!(bytes.len() > 16_000_000, "{} bytes are too few for this test", bytes.len());
    assert_eq!(md5(&bytes), hash_before);
}

/// A parquet file with so many rows that do not compress.
fn numbers(app: &TestApp, rows: usize) -> Vec<u8> {
    use agnes::engine::{Limits, in_memory};
    let path = app.data_dir().join("numbers.parquet");
    let sql = format!("SELECT md5(i::VARCHAR) AS text FROM range({rows}) t(i)");
    let copy = format!("COPY ({sql}) TO '{}' (FORMAT parquet, COMPRESSION uncompressed)", path.display());
    in_memory(&Limits::small()).unwrap().execute_batch(&copy).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    bytes
}
