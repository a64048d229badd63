//! What the command line of v0.35 sends, in the form in which it sends it, and what it needs to find in the answers.

use std::io::Read;

use arrow::ipc::reader::StreamReader;
use md5::{Digest, Md5};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp};

/// A server with one table, and a person who may read it.
async fn start() -> (TestApp, Analyst) {
    let app = TestApp::start().await;
    app.publish("orders", "id,amount\n1,2.50\n2,4.00\n").await;
    app.publish("salaries", "person\nann\n").await;
    let session = app.user("ann@example.com", &["Sales"]).await;
    app.grant("Sales", "orders").await;
    let token = session.post_json("/auth/tokens", json!({"name": "laptop", "expires_in_days": 90})).await;
    assert_eq!(token.status, 201, "{token}");
    let client = session.with_token(token.json()["token"].as_str().unwrap());
    (app, Analyst(client))
}

/// Somebody with that command line and a personal token.
struct Analyst(Client);

impl Analyst {
    async fn send(
        &self,
        method: Method,
        path: &str,
        change: impl Fn(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Answer {
        let request = self.0.request(method, path).header("user-agent", "python-httpx/0.28.1").header("accept", "*/*");
        let request = request.header("accept-encoding", "gzip, deflate").header("connection", "keep-alive");
        let mut answer = self.0.send(change(request)).await;
        if answer.header("content-encoding") == "gzip" {
            let mut text = Vec::new();
            flate2::read::GzDecoder::new(&*answer.body).read_to_end(&mut text).unwrap();
            answer.body = text.into();
        }
        answer
    }

    async fn get(&self, path: &str) -> Answer {
        let answer = self.send(Method::GET, path, |request| request).await;
        assert_eq!(answer.status, 200, "{path}: {answer}");
        answer
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        let answer = self.send(Method::POST, path, |request| request.json(&body)).await;
        assert_eq!(answer.status, 200, "{path}: {answer}");
        answer
    }
}

/// The keys of an object, in order.
fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn init() {
    let (_app, ann) = start().await;
    let tables = ann.get("/api/catalog/tables").await.json();
    assert_eq!((&tables["count"], &tables["tables"][0]["id"]), (&json!(1), &json!("orders")));
    let address = "http%3A%2F%2Fagnes.example.com";
    let welcome = ann.get(&format!("/api/welcome?server_url={address}")).await.json();
    let content = welcome["content"].as_str().unwrap();
    assert!(content.contains("AI Data Analyst"), "by that it knows a workspace: {content}");
    assert!(content.contains("http://agnes.example.com"), "{content}");
    let unknown = ann.0.with_token("a.b.c").get("/api/catalog/tables").await;
    assert_eq!(unknown.status, 401, "it tells auth_failed from server_unreachable by that");
}

#[tokio::test]
async fn pull() {
    let (_app, ann) = start().await;
    let manifest = ann.get("/api/sync/manifest").await.json();
    assert_eq!(keys(&manifest["tables"]), ["orders"]);
    let entry = &manifest["tables"]["orders"];
    for key in ["hash", "updated", "size_bytes", "rows", "query_mode", "source_type"] {
        assert!(!entry[key].is_null(), "{key}: {entry}");
    }
    assert!(manifest["assets"].is_object() && manifest["server_time"].is_string(), "{manifest}");
    let file = ann.get("/api/data/orders/download").await;
    assert_eq!((&file.body[..4], &file.body[file.body.len() - 4..]), (&b"PAR1"[..], &b"PAR1"[..]));
    assert_eq!(entry["hash"], data_encoding::HEXLOWER.encode(&Md5::digest(&file.body)), "it compares them");
    assert_eq!(entry["size_bytes"], file.body.len());
}

#[tokio::test]
async fn push() {
    let (_app, ann) = start().await;
    // It sends a transcript that has grown again, under the same name.
    for (content, replaced) in [("{\"n\":1}\n", false), ("{\"n\":1}\n{\"n\":2}\n", true)] {
        let form = || {
            let file = Part::bytes(content.as_bytes()).file_name("one.jsonl");
            Form::new().part("file", file.mime_str("application/octet-stream").unwrap())
        };
        let sent = ann.send(Method::POST, "/api/upload/sessions", |request| request.multipart(form())).await;
        assert_eq!(sent.status, 200, "{sent}");
        let stored = json!({"status": "ok", "filename": "one.jsonl", "size": content.len(), "replaced": replaced});
        assert_eq!(sent.json(), stored);
    }
    let notes = ann.post("/api/upload/local-md", json!({"content": "Žluťoučký"})).await.json();
    assert_eq!(notes, json!({"status": "ok", "user": "ann@example.com", "size": 9}));
}

#[tokio::test]
async fn catalog_schema_and_describe() {
    let (_app, ann) = start().await;
    for path in ["/api/v2/catalog?refresh=0", "/api/v2/catalog?refresh=1"] {
        let catalog = ann.get(path).await.json();
        let table = &catalog["tables"][0];
        // It formats these.
        for key in ["id", "name", "source_type", "query_mode", "sql_flavor"] {
            assert!(table[key].is_string(), "{key}: {table}");
        }
        assert_eq!((catalog["tables"].as_array().unwrap().len(), &table["id"]), (1, &json!("orders")));
    }
    let schema = ann.get("/api/v2/schema/orders").await.json();
    assert_eq!(schema["columns"][0]["name"], "id");
    let sample = ann.get("/api/v2/sample/orders?n=5").await.json();
    assert_eq!(sample["rows"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn query_remote() {
    let (_app, ann) = start().await;
    let sql = "SELECT id, amount FROM orders ORDER BY id";
    let rows = ann.post("/api/query", json!({"sql": sql, "limit": 1})).await.json();
    assert_eq!(rows["columns"], json!(["id", "amount"]));
    assert_eq!((&rows["rows"], &rows["truncated"]), (&json!([[1, "2.50"]]), &json!(true)));
    let sql = json!({"sql": "SELECT * FROM salaries", "limit": 1000});
    let refused = ann.send(Method::POST, "/api/query", |request| request.json(&sql)).await;
    assert_eq!(refused.status, 403, "{refused}");
}

#[tokio::test]
async fn snapshot_create() {
    let (_app, ann) = start().await;
    let body = json!({"table_id": "orders", "select": ["id", "amount"], "where": "amount > 3", "limit": 10,
        "order_by": ["id"]});
    let estimate = ann.post("/api/v2/scan/estimate", body.clone()).await.json();
    for key in ["estimated_scan_bytes", "estimated_result_rows", "estimated_result_bytes", "bq_cost_estimate_usd"] {
        assert!(estimate[key].is_number() || estimate[key].is_null(), "{key}: {estimate}");
    }
    // A refresh sends all fields.
    let whole = json!({"table_id": "orders", "select": null, "where": null, "limit": null, "order_by": null});
    for (body, rows) in [(body, 1), (whole, 2)] {
        let stream = ann.post("/api/v2/scan", body).await;
        assert_eq!(stream.header("content-type"), "application/vnd.apache.arrow.stream");
        let found: usize = StreamReader::try_new(&*stream.body, None).unwrap().map(|it| it.unwrap().num_rows()).sum();
        assert_eq!(found, rows);
    }
}

/// With a URL it would tell people to install that with uv.
#[tokio::test]
async fn update_check() {
    let (_app, ann) = start().await;
    let latest = ann.send(Method::GET, "/cli/latest", |request| request).await.ok();
    assert!(latest["version"].is_string(), "{latest}");
    assert_eq!((&latest["wheel_filename"], &latest["download_url_path"]), (&Value::Null, &Value::Null));
}
