use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::people::list;
use crate::support::{TestApp, v0_35};

#[tokio::test]
async fn create_list_and_delete() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let group = app.group("Eng").await;
    let grant = |kind: &str, id: &str| {
        admin.post_json("/api/admin/grants", json!({ "group_id": group, "resource_type": kind, "resource_id": id }))
    };
    let created = grant("table", "orders").await;
    assert_snapshot!(created, @r#"
        201 Created
        {"id":"[id]","group_id":"[hex]","group_name":"Eng","resource_type":"table","resource_id":"orders","assigned_at":"[time]","assigned_by":"admin@example.com"}
        "#);
    grant("memory_domain", "finance").await.ok();
    grant("marketplace_plugin", "a/b").await.ok();
    app.grant("Analysts", "orders").await;

    let resources = async |path: &str| {
        let grants = admin.get(path).await.ok();
        list(&grants).iter().map(|it| format!("{} {}", it["group_name"], it["resource_id"])).collect::<Vec<_>>()
    };
    assert_eq!(
        resources("/api/admin/grants").await,
        [r#""Analysts" "orders""#, r#""Eng" "a/b""#, r#""Eng" "finance""#, r#""Eng" "orders""#]
    );
    assert_eq!(resources(&format!("/api/admin/grants?group_id={group}&resource_type=table")).await.len(), 1);
    assert_eq!(resources("/api/admin/grants?group_id=none").await.len(), 0);
    assert_snapshot!(admin.get("/api/admin/grants?resource_type=zzz").await, @r#"
        400 Bad Request
        {"detail":"Unknown resource_type 'zzz'. Known types: ['marketplace_plugin', 'table', 'memory_domain', 'saved_query']"}
        "#);

    assert_snapshot!(grant("table", "orders").await, @r#"
        409 Conflict
        {"detail":"Grant already exists for this group/resource_type/resource_id"}
        "#);
    let path = format!("/api/admin/grants/{}", created.json()["id"].as_str().unwrap());
    assert_snapshot!(admin.delete(&path).await, @"204 No Content");
    assert_snapshot!(admin.delete(&path).await, @r#"
        404 Not Found
        {"detail":"Grant not found"}
        "#);
    assert_eq!(grant("table", "orders").await.status, 201);
}

#[tokio::test]
async fn each_reason_to_refuse_in_its_order() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let send = |body: Value| admin.post_json("/api/admin/grants", body);
    let bad = json!({ "group_id": "none", "resource_type": "zzz", "resource_id": " " });
    assert_snapshot!(send(bad.clone()).await, @r#"
        400 Bad Request
        {"detail":"Unknown resource_type 'zzz'. Known types: ['marketplace_plugin', 'table', 'memory_domain', 'saved_query']"}
        "#);
    let bad = json!({ "group_id": "none", "resource_type": "table", "resource_id": " " });
    assert_snapshot!(send(bad).await, @r#"
        400 Bad Request
        {"detail":"resource_id is required"}
        "#);
    let bad = json!({ "group_id": "none", "resource_type": "table", "resource_id": "orders" });
    assert_snapshot!(send(bad).await, @r#"
        404 Not Found
        {"detail":"Group not found"}
        "#);
    assert_snapshot!(send(json!({})).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"missing","loc":["body","group_id"],"msg":"Field required","input":{}}]}
        "#);
}

#[tokio::test]
async fn resource_types() {
    let app = TestApp::start().await;
    assert_snapshot!(app.admin().await.get("/api/admin/resource-types").await, @r#"
        200 OK
        [{"key":"marketplace_plugin","display_name":"Marketplace plugins","description":"A plugin from a registered marketplace.","id_format":"<marketplace_slug>/<plugin_name>"},{"key":"table","display_name":"Tables","description":"A registered data table.","id_format":"<table_id>"},{"key":"memory_domain","display_name":"Memory domains","description":"A corporate-memory domain (knowledge_items.domain).","id_format":"<domain>"},{"key":"saved_query","display_name":"Saved queries","description":"A query that its owner shares.","id_format":"<query_id>"}]
        "#);
}

#[tokio::test]
async fn what_is_withdrawn_ends_with_the_next_request() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let bob = app.user("bob@example.com", &["Eng"]).await;
    let admin = app.admin().await;
    let may_read = async || {
        let manifest = bob.get("/api/sync/manifest").await.ok()["tables"].get("orders").is_some();
        let download = bob.get("/api/data/orders/download").await.status;
        let query = bob.post_json("/api/query", json!({ "sql": "SELECT * FROM orders" })).await.status;
        match (manifest, download.as_u16(), query.as_u16()) {
            (true, 200, 200) => true,
            (false, 403, 403) => false,
            other => panic!("they disagree: {other:?}"),
        }
    };
    assert!(!may_read().await);
    let grant = app.grant("Eng", "orders").await;
    assert!(may_read().await);
    admin.delete(&format!("/api/admin/grants/{grant}")).await.ok();
    assert!(!may_read().await);

    app.grant("Eng", "orders").await;
    assert!(may_read().await);
    let (group, user) = (app.group("Eng").await, app.user_id("bob@example.com").await);
    admin.delete(&format!("/api/admin/groups/{group}/members/{user}")).await.ok();
    assert!(!may_read().await);
    app.join("bob@example.com", "Eng").await;
    assert!(may_read().await);
}

#[tokio::test]
async fn everyone_means_its_members_only() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    app.grant("Everyone", "orders").await;
    let bob = app.user("bob@example.com", &[]).await;
    assert_eq!(bob.get("/api/data/orders/download").await.status, 403);
    app.join("bob@example.com", "Everyone").await;
    assert_eq!(bob.get("/api/data/orders/download").await.status, 200);
}

#[tokio::test]
async fn unknown_resource_types_are_shown_and_grant_nothing() {
    let app = TestApp::start_v0_35(
        "UPDATE resource_grants SET resource_type = 'dashboard';
         CREATE TABLE access_requests (id VARCHAR, user_id VARCHAR, user_email VARCHAR, resource_type VARCHAR,
             table_id VARCHAR, reason VARCHAR, status VARCHAR, requested_at TIMESTAMP, reviewed_by VARCHAR,
             reviewed_at TIMESTAMP, review_note VARCHAR);
         INSERT INTO access_requests (id, user_id, user_email, resource_type, table_id, status)
         SELECT 'r1', id, email, 'dashboard', 'weather', 'pending' FROM users WHERE email = 'ann@example.com'",
    )
    .await;
    let (admin, ann) =
        (app.sign_in(v0_35::ADMIN.0, v0_35::ADMIN.1).await, app.sign_in(v0_35::ANN.0, v0_35::ANN.1).await);
    let grants = admin.get("/api/admin/grants").await.ok();
    assert_eq!((&grants[0]["resource_type"], &grants[0]["resource_id"]), (&json!("dashboard"), &json!("flights")));
    let effective = ann.get("/api/me/effective-access").await.ok();
    assert_eq!(effective["items"][0]["resource_type"], "dashboard");
    assert_eq!(ann.get("/api/sync/manifest").await.ok()["tables"], json!({}));
    assert_eq!(admin.get("/api/permissions").await.ok()["count"], 0);

    assert_eq!(admin.get("/api/access-requests").await.ok()["requests"][0]["resource_type"], "dashboard");
    assert_snapshot!(admin.post_json("/api/access-requests/r1/approve", json!({})).await, @r#"
        409 Conflict
        {"detail":"Access to a resource of type 'dashboard' cannot be granted here"}
        "#);
    assert_eq!(admin.get("/api/access-requests/pending").await.ok()["count"], 1);
    let id = grants[0]["id"].as_str().unwrap();
    assert_eq!(admin.delete(&format!("/api/permissions/{id}")).await.status, 404);
    assert_eq!(admin.delete(&format!("/api/admin/grants/{id}")).await.status, 204);
}
