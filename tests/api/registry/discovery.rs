//! Tables found at Keboola, and descriptions sent there.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::keboola_server::{Content, Keboola, TOKEN, Table};
use crate::support::TestApp;

async fn scene() -> (TestApp, Keboola) {
    let keboola = Keboola::start().await;
    let env = [("DATA_SOURCE", "keboola"), ("KEBOOLA_STACK_URL", &keboola.url), ("KEBOOLA_STORAGE_TOKEN", TOKEN)];
    let app = TestApp::start_with(&env).await;
    for id in ["in.c-crm.orders", "out.c-crm.orders", "in.c-web.page-views"] {
        keboola.put(Table::new(id, &["id"], Content::Whole(b"id\n1\n".to_vec())));
    }
    (app, keboola)
}

#[tokio::test]
async fn tables_are_listed_and_registered_with_their_whole_bucket() {
    let (app, _keboola) = scene().await;
    let admin = app.admin().await;
    let listed = admin.get("/api/admin/discover-tables").await.ok();
    assert_eq!((&listed["count"], &listed["source"]), (&json!(3), &json!("keboola")));
    assert_eq!(listed["tables"][1]["bucket_id"], "in.c-web");
    assert_eq!(listed["tables"][1]["name"], "page-views");

    assert_snapshot!(admin.post_json("/api/admin/discover-and-register", Value::Null).await, @r#"
    200 OK
    {"registered":3,"skipped":0,"errors":0,"tables":["in_c-crm_orders","in_c-web_page-views","out_c-crm_orders"],"source":"keboola","renamed":[{"id":"in.c-web.page-views","name":"page_views"},{"id":"out.c-crm.orders","name":"crm_orders"}]}
    "#);
    let row = super::row(&app, "out_c-crm_orders").await.unwrap();
    assert_eq!(
        (&row["bucket"], &row["source_table"], &row["name"]),
        (&json!("out.c-crm"), &json!("orders"), &json!("crm_orders"))
    );
    let again = admin.post_json("/api/admin/discover-and-register", Value::Null).await.ok();
    assert_eq!((&again["registered"], &again["skipped"]), (&json!(0), &json!(3)));
    let audit = admin.get("/api/admin/audit?action=discover_and_register").await.ok();
    assert_eq!(audit["count"], 2);
    // What was registered so can be fetched.
    app.sync().await;
    assert_eq!(admin.get("/api/sync/manifest").await.ok()["tables"].as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn a_source_that_fails_says_so() {
    let (app, keboola) = scene().await;
    drop(keboola);
    let admin = app.admin().await;
    let answer = admin.get("/api/admin/discover-tables").await;
    assert_eq!(answer.status, 500);
    assert!(
        answer.json()["detail"].as_str().unwrap().starts_with("Discovery failed: Keboola cannot be reached"),
        "{answer}"
    );
    let local = TestApp::start().await;
    assert_snapshot!(local.admin().await.get("/api/admin/discover-tables").await, @r#"
    200 OK
    {"tables":[],"count":0,"source":"local","error":"Discovery not implemented for source_type='local'"}
    "#);
    assert_snapshot!(local.admin().await.post_json("/api/admin/discover-and-register", Value::Null).await, @r#"
    200 OK
    {"registered":0,"skipped":0,"errors":0,"tables":[],"source":"local"}
    "#);
}

#[tokio::test]
async fn a_source_beside_the_main_one_is_named() {
    let keboola = Keboola::start().await;
    keboola.put(Table::new("in.c-crm.orders", &["id"], Content::Whole(b"id\n1\n".to_vec())));
    let env = [("KEBOOLA_STACK_URL", keboola.url.as_str()), ("KEBOOLA_STORAGE_TOKEN", TOKEN)];
    let app = TestApp::start_with(&env).await;
    let admin = app.admin().await;
    assert_snapshot!(admin.get("/api/admin/discover-tables").await, @r#"
    200 OK
    {"tables":[],"count":0,"source":"local","error":"Discovery not implemented for source_type='local'","hint":"Keboola is set up, but is not the main source of this server. Use --source keboola (API: source=keboola), or start the server with DATA_SOURCE=keboola."}
    "#);
    assert_snapshot!(admin.post_json("/api/admin/discover-and-register", Value::Null).await, @r#"
    200 OK
    {"registered":0,"skipped":0,"errors":0,"tables":[],"source":"local","hint":"Keboola is set up, but is not the main source of this server. Use --source keboola (API: source=keboola), or start the server with DATA_SOURCE=keboola."}
    "#);
    let listed = admin.get("/api/admin/discover-tables?source=keboola").await.ok();
    assert_eq!((&listed["tables"][0]["id"], &listed["source"]), (&json!("in.c-crm.orders"), &json!("keboola")));
    assert_eq!(listed.get("hint"), None);
    let done = admin.post_json("/api/admin/discover-and-register?source=keboola", Value::Null).await.ok();
    assert_eq!(done["registered"], 1);
    app.sync().await;
    assert_eq!(admin.value("SELECT count(*) FROM orders").await, 1);
    assert_snapshot!(admin.get("/api/admin/discover-tables?source=local").await, @r#"
    400 Bad Request
    {"detail":"Source 'local' cannot list tables; those that can: keboola"}
    "#);
    assert_snapshot!(admin.post_json("/api/admin/discover-and-register?source=nothing", Value::Null).await, @r#"
    400 Bad Request
    {"detail":"Source 'nothing' cannot list tables; those that can: keboola"}
    "#);
}

#[tokio::test]
async fn descriptions_are_pushed() {
    let (app, keboola) = scene().await;
    let admin = app.admin().await;
    let body = json!({"name": "orders", "source_type": "keboola", "bucket": "in.c-crm", "source_table": "orders"});
    admin.post_json("/api/admin/register-table", body).await.ok();
    let columns = json!([{"column_name": "id", "basetype": "INTEGER", "description": "The number"}]);
    admin.post_json("/api/admin/metadata/orders", json!({ "columns": columns })).await.ok();
    let other = json!({"name": "views", "source_type": "keboola", "bucket": "in.c-web", "source_table": "page-views"});
    admin.post_json("/api/admin/register-table", other).await.ok();
    assert_snapshot!(admin.post_json("/api/admin/metadata/views/push", Value::Null).await, @r#"
    200 OK
    {"status":"ok","pushed":0,"message":"No column metadata to push"}
    "#);
    assert_eq!(admin.post_json("/api/admin/metadata/nothing/push", Value::Null).await.status, 404);
    assert_snapshot!(admin.post_json("/api/admin/metadata/orders/push", Value::Null).await, @r#"
    200 OK
    {"status":"ok","pushed":1}
    "#);
    assert_eq!(
        keboola.metadata(),
        [(
            "in.c-crm.orders".to_owned(),
            json!({
                "provider": "ai-metadata-enrichment",
                "columnsMetadata": {"0": [
                    {"columnName": "id", "key": "KBC.datatype.basetype", "value": "INTEGER"},
                    {"columnName": "id", "key": "KBC.description", "value": "The number"}
                ]}
            })
        )]
    );
    app.publish("local_one", "id\n1\n").await;
    assert_eq!(admin.post_json("/api/admin/metadata/local_one/push", Value::Null).await.status, 400);
}
