use insta::assert_snapshot;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn columns_are_described_by_admins_and_shown_to_readers() {
    let app = TestApp::start().await;
    app.register("orders").await.ok();
    let admin = app.admin().await;
    let bob = app.user("bob@example.com", &["Eng"]).await;
    let columns = json!([{"column_name": "b", "description": "Second"}, {"column_name": "a", "basetype": "INTEGER"}]);
    assert_snapshot!(admin.post_json("/api/admin/metadata/ORDERS", json!({ "columns": columns })).await, @r#"
    200 OK
    {"status":"ok","count":2}
    "#);
    let columns = json!([{"column_name": "b", "basetype": "TEXT", "confidence": "high"}]);
    admin.post_json("/api/admin/metadata/orders", json!({ "columns": columns })).await.ok();
    assert_snapshot!(bob.get("/api/admin/metadata/orders").await, @r#"
    403 Forbidden
    {"detail":"Access denied to table 'orders'"}
    "#);
    assert_eq!(bob.get("/api/admin/metadata/nothing").await.status, 403);
    app.grant("Eng", "orders").await;
    assert_snapshot!(bob.get("/api/admin/metadata/orders").await, @r#"
    200 OK
    {"table_id":"orders","columns":[{"table_id":"orders","column_name":"a","basetype":"INTEGER","description":null,"confidence":"manual","source":"manual","updated_at":"[time]"},{"table_id":"orders","column_name":"b","basetype":"TEXT","description":null,"confidence":"high","source":"manual","updated_at":"[time]"}]}
    "#);
    let audit = admin.get("/api/admin/audit?action=metadata.update").await.ok();
    assert_eq!(audit["count"], 2);
}

#[tokio::test]
async fn a_table_need_not_exist() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    assert_snapshot!(admin.get("/api/admin/metadata/later").await, @r#"
    200 OK
    {"table_id":"later","columns":[]}
    "#);
    admin.post_json("/api/admin/metadata/later", json!({"columns": [{"column_name": "a"}]})).await.ok();
    assert_eq!(admin.get("/api/admin/metadata/later").await.ok()["columns"][0]["column_name"], "a");
    for body in [json!({}), json!({"columns": [{}]}), json!({"columns": [{"column_name": ""}]})] {
        assert_eq!(admin.post_json("/api/admin/metadata/later", body).await.status, 422);
    }
}
