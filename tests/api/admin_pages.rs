//! Pages with which admins manage data, where a browser does not see the point.

use std::time::Duration;

use serde_json::json;

use crate::google::Browser;
use crate::support::people::{ADMIN, PASSWORD};
use crate::support::{Answer, TestApp};

async fn admin(app: &TestApp) -> Browser {
    app.admin().await;
    let browser = Browser::new(app, "");
    browser.submit("/auth/password/login/web", &[("email", ADMIN), ("password", PASSWORD)]).await;
    browser
}

fn text(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer}");
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// A stream of events with the cookies of a browser.
async fn follow(app: &TestApp, browser: &Browser) -> reqwest::Response {
    let cookies: Vec<_> = browser.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.get(format!("{}/admin/sync/events", app.url)).header("cookie", cookies.join("; "));
    request.send().await.unwrap()
}

/// The next piece; `None` at the end of the stream.
async fn piece(response: &mut reqwest::Response) -> Option<String> {
    let chunk = tokio::time::timeout(Duration::from_secs(30), response.chunk()).await.expect("an event in time");
    chunk.unwrap().map(|chunk| String::from_utf8_lossy(&chunk).into_owned())
}

#[tokio::test]
async fn a_page_follows_a_sync_until_its_session_ends() {
    let app = TestApp::start().await;
    let browser = admin(&app).await;
    let mut events = follow(&app, &browser).await;
    assert_eq!(
        (events.status().as_u16(), &events.headers()["content-type"]),
        (200, &"text/event-stream".parse().unwrap())
    );
    assert!(piece(&mut events).await.unwrap().starts_with("event: run"), "what happened before");
    app.drop_file("orders.csv", "id\n1\n");
    app.register("orders").await.ok();
    app.sync().await;
    assert!(piece(&mut events).await.unwrap().starts_with("event: run"));
    browser.submit("/auth/logout", &[]).await;
    while piece(&mut events).await.is_some() {}
    // Somebody has at most so many of them.
    let browser = admin(&app).await;
    let mut open = Vec::new();
    for _ in 0..6 {
        open.push(follow(&app, &browser).await);
    }
    assert!(open.iter().all(|events| events.status() == 200));
    assert_eq!(follow(&app, &browser).await.status(), 429);
    // They do not keep the server from stopping.
    let started = std::time::Instant::now();
    drop(app);
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[tokio::test]
async fn hostile_names_and_errors_are_text() {
    let app = TestApp::start().await;
    let browser = admin(&app).await;
    app.drop_file("orders.csv", "id\n1\n");
    let body = json!({ "name": "orders", "source_type": "local", "description": "<script>alert(1)</script>" });
    app.admin().await.post_json("/api/admin/register-table", body).await.ok();
    // The error quotes the file.
    app.drop_file("broken.csv", "a,a\n\"<img src=x onerror=alert(1)>\n");
    app.register("broken").await.ok();
    app.sync().await;
    let group = json!({ "name": "<b>Group</b>" });
    app.admin().await.post_json("/api/admin/groups", group).await.ok();
    app.grant("<b>Group</b>", "orders").await;
    let run = app.admin().await.get("/api/sync/runs").await.ok()["runs"][0]["id"].as_str().unwrap().to_owned();
    let run = format!("/admin/sync/runs/{run}");
    for path in [
        "/admin",
        "/admin/tables",
        "/admin/tables/orders",
        "/admin/tables/broken",
        "/admin/sync",
        &run,
        "/admin/sources",
        "/admin/audit",
        "/admin/audit?resource=%3Cscript%3Ealert(1)%3C/script%3E&since=%3Cb%3E",
        "/admin/register-table?source=%3Cscript%3E&mode=%3Cb%3E&name=%22%3E%3Cscript%3E",
        "/admin/upload-table?name=%22%3E%3Cscript%3E",
        "/admin/tables?q=%22%3E%3Cscript%3E&source=%3Cscript%3E&sort=%3Cscript%3E&page=%3Cb%3E",
    ] {
        let page = text(&browser.open(path).await);
        for markup in ["<script>", "<img src=x", "<b>"] {
            assert!(!page.contains(markup), "{path} has {markup}");
        }
    }
    assert!(text(&browser.open("/admin/tables").await).contains("&lt;script&gt;alert(1)"));
    assert!(text(&browser.open("/admin/tables/orders").await).contains("&lt;b&gt;Group"));
}

#[tokio::test]
async fn tables_that_nobody_registered_are_listed_and_can_be() {
    let app = TestApp::start().await;
    let browser = admin(&app).await;
    app.publish("orders", "id\n1\n").await;
    let page = text(&browser.open("/admin/tables/orders").await);
    assert!(page.contains("nobody but admins"), "{page}");
    let missing = browser.open("/admin/tables/none").await;
    assert_eq!(missing.status, 404);
    // A table of another name is one part of the path, whatever it is.
    let odd = browser.submit("/admin/tables/%2E%2E%2Forders/delete", &[]).await;
    assert_eq!((odd.status.as_u16(), odd.header("location")), (302, "/admin/tables"));
    assert_eq!(browser.open("/admin/tables/orders").await.status, 200);
    let nothing = browser.submit("/admin/sync", &[("source", "jira")]).await;
    assert_eq!(nothing.header("location"), "/admin/sync");
    assert!(text(&browser.open("/admin/sync").await).contains("No table of jira is registered."));
}

#[tokio::test]
async fn the_audit_log_leaves_page_by_page() {
    let app = TestApp::start().await;
    let browser = admin(&app).await;
    for number in 0..520 {
        let body = json!({ "name": format!("=t{number}"), "description": "x" });
        app.admin().await.post_json("/api/admin/groups", body).await.ok();
    }
    let export = async |query: &str| browser.open(&format!("/admin/audit/export?{query}")).await;
    let lines = export("format=jsonl&action=user_group.created").await;
    assert_eq!(lines.header("content-disposition"), "attachment; filename=\"audit.jsonl\"");
    let lines = text(&lines);
    let sequence: Vec<i64> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["seq"].as_i64().unwrap())
        .collect();
    assert_eq!(sequence.len(), 520);
    assert!(sequence.is_sorted_by(|one, other| one > other));
    let table = text(&export("format=csv&action=user_group.created").await);
    assert_eq!(csv::Reader::from_reader(table.as_bytes()).records().map(Result::unwrap).count(), 520);
    assert_eq!(export("format=csv&since=nonsense").await.status, 422);
    assert_eq!(export("format=xml").await.status, 422);
    let page = text(&browser.open("/admin/audit?action=user_group.created").await);
    assert_eq!(page.matches("<td><code>user_group.created").count(), 50, "{page}");
    assert!(page.contains("Older") && !page.contains("Newest"));
}
