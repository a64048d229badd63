//! Data sources that are set up, changed and left while the server runs.

use insta::assert_snapshot;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::keboola_server::{Content, Keboola, TOKEN, Table};
use crate::support::TestApp;

const CONFIG: &str = "/api/admin/server-config";
const CONFIGURE: &str = "/api/admin/configure";
const PRIVATE: (&str, &str) = ("AGNES_ALLOW_PRIVATE_STACK_URL", "1");

fn orders(rows: &str) -> Table {
    Table::new("in.c-crm.orders", &["id", "city"], Content::Whole(format!("id,city\n{rows}").into_bytes()))
}

async fn keboola() -> Keboola {
    let keboola = Keboola::start().await;
    keboola.put(orders("1,Brno\n"));
    keboola
}

async fn configure(app: &TestApp, keboola: &Keboola, token: &str) -> Value {
    let body = json!({ "data_source": "keboola", "keboola_url": keboola.url, "keboola_token": token });
    app.admin().await.post_json(CONFIGURE, body).await.json()
}

/// The cities that are published, after a sync.
async fn synced(app: &TestApp) -> Value {
    app.sync_of(json!(["in_c-crm_orders"])).await;
    let sql = json!({ "sql": "SELECT city FROM orders" });
    app.admin().await.post_json("/api/query", sql).await.ok()["rows"].clone()
}

#[tokio::test]
async fn from_nothing_to_a_published_table() {
    let (keboola, app) = (keboola().await, TestApp::start_with(&[PRIVATE]).await);
    let admin = app.admin().await;
    assert_eq!(admin.post_json("/api/admin/discover-and-register", Value::Null).await.ok()["source"], "local");
    let configured = configure(&app, &keboola, TOKEN).await;
    assert_eq!((&configured["connection"], &configured["restart_required"]), (&json!("verified"), &json!(false)));
    assert_eq!(admin.get(CONFIG).await.ok()["restart_pending"], json!([]));

    assert_eq!(admin.get("/api/admin/discover-tables").await.ok()["source"], "keboola");
    let registered = admin.post_json("/api/admin/discover-and-register", Value::Null).await.ok();
    assert_eq!(registered["tables"], json!(["in_c-crm_orders"]), "{registered}");
    assert_eq!(synced(&app).await, json!([["Brno"]]));
}

#[tokio::test]
async fn a_new_token_is_used_by_the_next_sync() {
    let (keboola, app) = (keboola().await, TestApp::start_with(&[PRIVATE]).await);
    let admin = app.admin().await;
    configure(&app, &keboola, TOKEN).await;
    admin.post_json("/api/admin/discover-and-register", Value::Null).await.ok();
    assert_eq!(synced(&app).await, json!([["Brno"]]));

    keboola.rotate("4321-1-TheNextOne");
    keboola.put(orders("1,Praha\n"));
    assert_eq!(synced(&app).await, json!([["Brno"]]));
    assert!(app.sync_error("orders").await.contains("Invalid access token"));
    // One that does not work replaces nothing.
    let refused = configure(&app, &keboola, TOKEN).await;
    assert_eq!(refused["detail"], "Keboola connection failed. Check your token and URL.");
    assert_eq!(configure(&app, &keboola, "4321-1-TheNextOne").await["connection"], "verified");
    assert_eq!(synced(&app).await, json!([["Praha"]]));
    assert_eq!(admin.get("/api/admin/discover-tables").await.ok()["count"], 1);
}

#[tokio::test]
async fn the_address_that_is_set_last_counts() {
    let (first, second, app) = (keboola().await, keboola().await, TestApp::start_with(&[PRIVATE]).await);
    let admin = app.admin().await;
    configure(&app, &first, TOKEN).await;
    second.put(Table::new("in.c-crm.people", &["id"], Content::Whole(b"id\n".to_vec())));
    let found = async || admin.get("/api/admin/discover-tables").await.ok()["count"].clone();
    let set = async |url: Value| {
        let body = json!({ "sections": { "data_source": { "keboola": { "stack_url": url } } } });
        admin.post_json(CONFIG, body).await
    };
    assert_eq!(found().await, 1);
    let changed = set(json!(second.url)).await.ok();
    assert_eq!((&changed["restart_required"], &changed["diff_count"]), (&json!(false), &json!(1)));
    assert_eq!(found().await, 2);
    assert_eq!(set(json!("nowhere")).await.status, 400);
    assert_eq!(found().await, 2);
    set(Value::Null).await.ok();
    let missing = admin.get("/api/admin/discover-tables").await.json();
    assert!(missing["detail"].to_string().contains("Missing KEBOOLA_STACK_URL"), "{missing}");
}

#[tokio::test]
async fn back_to_files_of_another_folder() {
    let (keboola, app) = (keboola().await, TestApp::start_with(&[PRIVATE]).await);
    let admin = app.admin().await;
    configure(&app, &keboola, TOKEN).await;
    let folder = app.data_dir().join("files");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("cities.csv"), "city\nBrno\n").unwrap();
    let local = json!({ "sections": { "data_source": { "local": { "folder": folder } } } });
    assert_eq!(admin.post_json(CONFIG, local).await.ok()["restart_required"], false);
    app.register("cities").await.ok();
    app.sync().await;
    assert_eq!(admin.value("SELECT city FROM cities").await, "Brno");
    // Uploads go there, too.
    let form = Form::new().part("file", Part::bytes(b"a\n1\n").file_name("more.csv"));
    let upload = admin.request(Method::POST, "/api/upload/tables/more").multipart(form);
    app.run(admin.send(upload).await.json()["run_id"].as_str().unwrap()).await;
    assert!(folder.join("more.csv").is_file());

    let answer = admin.post_json(CONFIGURE, json!({ "data_source": "local" })).await;
    assert_snapshot!(answer, @r#"
    200 OK
    {"status":"ok","data_source":"local","connection":"local","restart_required":false}
    "#);
    assert_eq!(admin.get("/api/admin/discover-tables").await.ok()["source"], "local");
}

/// What the operator sets wins, now as after a restart.
#[tokio::test]
async fn variables_of_the_server_still_win() {
    let (own, other) = (keboola().await, keboola().await);
    other.put(Table::new("in.c-crm.people", &["id"], Content::Whole(b"id\n".to_vec())));
    let env = [PRIVATE, ("KEBOOLA_STACK_URL", own.url.as_str()), ("DATA_SOURCE", "keboola")];
    let app = TestApp::start_with(&env).await;
    let configured = configure(&app, &other, TOKEN).await;
    assert_eq!(configured["overridden_by"], json!(["KEBOOLA_STACK_URL", "DATA_SOURCE"]));
    assert_eq!(app.admin().await.get("/api/admin/discover-tables").await.ok()["count"], 1);
}
