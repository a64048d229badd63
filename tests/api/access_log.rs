//! Who read what, over the wire and in the file.

use agnes::base::hash::sha256_hex;
use serde_json::{Value, json};

use crate::support::people::{list, text};
use crate::support::{Client, TestApp};

/// The entries that match, newest first, once there are as many as expected.
pub async fn entries(app: &TestApp, query: &str, count: usize) -> Vec<Value> {
    // A line is written when the last byte has been sent, beside the answer.
    for _ in 0..10_000 {
        let page = app.admin().await.get(&format!("/api/admin/access-log?{query}")).await.ok();
        let entries = list(&page["entries"]).to_vec();
        if entries.len() >= count {
            assert_eq!(entries.len(), count, "{entries:?}");
            return entries;
        }
    }
    panic!("{count} entries did not come");
}

async fn start() -> (TestApp, Client) {
    let app = TestApp::start().await;
    app.publish("Orders", "id,customer\n1,Ann\n2,Bob\n").await;
    let ann = app.user("ann@example.com", &["analysts"]).await;
    app.grant("analysts", "orders").await;
    (app, ann)
}

#[tokio::test]
async fn downloads_say_who_what_and_how_much() {
    let (app, ann) = start().await;
    let whole = ann.get("/api/data/orders/download").await;
    let made = ann.post_json("/auth/tokens", json!({ "name": "ci" })).await.ok();
    let token = ann.with_token(&text(&made["token"]));
    token.get_with("/api/data/Orders/download", &[("range", "bytes=0-3"), ("x-request-id", "the-part")]).await;
    let [part, all] = &entries(&app, "user=ann@example.com", 2).await[..] else { panic!("two entries") };
    let expected = json!({
        "user_id": app.user_id("ann@example.com").await, "user_email": "ann@example.com", "by": "session",
        "token_id": null, "ip": "127.0.0.1", "action": "download", "tables": ["Orders"], "rows": 2,
        "bytes": whole.body.len(), "status": 200, "complete": true, "query_sha256": null,
    });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&all[field], value, "{field}");
    }
    assert_eq!(
        (&part["by"], &part["token_id"], &part["request_id"]),
        (&json!("token"), &made["id"], &json!("the-part"))
    );
    assert_eq!((&part["bytes"], &part["status"]), (&json!(4), &json!(206)));
    assert!(part["duration_ms"].as_f64().unwrap() > 0.0);
    let id = text(&made["id"]);
    for query in [&format!("token={id}"), "limit=1", "table_name=ORDERS&action=download&limit=1"] {
        assert_eq!(&entries(&app, query, 1).await[0], part, "{query}");
    }
    assert_eq!(app.admin().await.get("/api/admin/access-log?limit=1").await.ok()["truncated"], true);
    for query in ["limit=0", "limit=1001", "since=yesterday"] {
        assert_eq!(app.admin().await.get(&format!("/api/admin/access-log?{query}")).await.status, 422, "{query}");
    }
    let files: Vec<_> =
        std::fs::read_dir(app.data_dir().join("logs")).unwrap().map(|file| file.unwrap().path()).collect();
    let text = std::fs::read_to_string(&files[0]).unwrap();
    assert_eq!((files.len(), text.lines().count()), (1, 2), "{text}");
}

#[tokio::test]
async fn queries_and_profiles_are_reads_too() {
    let (app, ann) = start().await;
    app.publish("secret", "id\n1\n").await;
    let sql = "SELECT customer FROM \"orders\" WHERE customer = 'Ann'";
    ann.post_json("/api/query", json!({ "sql": sql })).await.ok();
    assert_eq!(ann.post_json("/api/query", json!({ "sql": "SELECT nothing FROM orders" })).await.status, 400);
    ann.get("/api/catalog/profile/orders").await.ok();
    ann.get("/api/catalog/tables").await.ok();
    let [profile, failed, query] = &entries(&app, "table_name=orders", 3).await[..] else { panic!("three entries") };
    assert_eq!((&profile["action"], &profile["tables"]), (&json!("profile"), &json!(["Orders"])));
    assert_eq!((&query["action"], &query["tables"], &query["rows"]), (&json!("query"), &json!(["Orders"]), &json!(1)));
    assert_eq!(query["query_sha256"], sha256_hex(sql));
    assert_eq!((&failed["status"], &failed["rows"]), (&json!(400), &json!(null)));
    let file = std::fs::read_dir(app.data_dir().join("logs")).unwrap().next().unwrap().unwrap();
    assert!(!std::fs::read_to_string(file.path()).unwrap().contains("WHERE"), "no text of a query is stored");
    assert_eq!(entries(&app, "table_name=secret", 0).await, [] as [Value; 0]);
}

#[tokio::test]
async fn the_dashboard_has_the_visitors_last_pulls_and_queries() {
    let (app, ann) = start().await;
    let dashboard = async |client: &Client| client.get("/dashboard").await.text().to_owned();
    assert!(dashboard(&ann).await.contains("No pulls or queries of late"));
    app.publish("flights", "id\n1\n2\n3\n").await;
    app.grant("analysts", "flights").await;
    let token = ann.post_json("/auth/tokens", json!({ "name": "laptop" })).await.ok();
    let laptop = ann.with_token(&text(&token["token"]));
    for table in ["orders", "flights"] {
        laptop.get(&format!("/api/data/{table}/download")).await;
        entries(&app, &format!("table_name={table}"), 1).await;
    }
    laptop.post_json("/api/query", json!({ "sql": "SELECT nothing FROM orders" })).await;
    entries(&app, "table_name=orders", 2).await;
    let admin = app.admin().await;
    admin.post_json("/api/query", json!({ "sql": "SELECT id FROM orders" })).await.ok();
    entries(&app, "table_name=orders", 3).await;

    let page = dashboard(&ann).await;
    let cells: Vec<&str> = page.split("My last pulls").last().unwrap().split("<td").skip(1).collect();
    let cells: Vec<&str> =
        cells.iter().map(|cell| cell.split_once('>').unwrap().1.split("</td>").next().unwrap()).collect();
    assert_eq!(cells.len(), 8, "{page}");
    assert_eq!(cells[..3], ["Query <span class=\"badge badge-bad\">failed</span>", "Orders", "–"]);
    assert_eq!(cells[4..7], ["Pull", "flights, Orders", "5"]);
    assert!(dashboard(admin).await.contains("<td>Query</td>"));
    let bob = app.user("bob@example.com", &[]).await;
    assert!(dashboard(&bob).await.contains("No pulls or queries of late"));
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let app = TestApp::start_with(&[("AGNES_ACCESS_LOG_DAYS", "0")]).await;
    app.publish("orders", "id\n1\n").await;
    let admin = app.admin().await;
    assert_eq!(admin.get("/api/data/orders/download").await.status, 200);
    assert_eq!(admin.get("/api/health/detailed").await.ok()["services"]["access_log"]["on"], false);
    assert!(!app.data_dir().join("logs").exists());
    assert!(admin.get("/dashboard").await.text().contains("This server does not record reads"));
}
