//! Metric definitions.

mod compile;
mod import;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::TestApp;

fn revenue() -> Value {
    json!({
        "id": "finance/revenue", "name": "revenue", "display_name": "Revenue", "category": "finance",
        "table_name": "orders", "tables": ["orders"], "expression": "sum(amount)", "dimensions": ["region", "it's"],
        "sql": "SELECT sum(amount) FROM orders", "sql_variants": {"by_x": "SELECT 2"}, "validation": {"min": 0},
    })
}

#[tokio::test]
async fn a_metric_is_stored_replaced_and_deleted() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let stored = admin.post_json("/api/admin/metrics", revenue()).await;
    assert_snapshot!(stored, @r#"
    201 Created
    {"id":"finance/revenue","name":"revenue","display_name":"Revenue","category":"finance","description":null,"type":"sum","unit":null,"grain":"monthly","table_name":"orders","tables":["orders"],"expression":"sum(amount)","time_column":null,"dimensions":["region","it's"],"filters":null,"synonyms":null,"notes":null,"sql":"SELECT sum(amount) FROM orders","sql_variants":"{\"by_x\":\"SELECT 2\"}","validation":"{\"min\":0}","source":"manual","created_at":"[time]","updated_at":"[time]"}
    "#);
    for path in ["/api/metrics/finance/revenue", "/api/metrics/finance%2Frevenue"] {
        assert_eq!(admin.get(path).await.ok(), stored.json());
    }
    let short =
        json!({"id": "finance/revenue", "name": "r", "display_name": "R", "category": "c", "sql": "", "type": null});
    let replaced = admin.post_json("/api/admin/metrics", short).await.json();
    assert_eq!(replaced["created_at"], stored.json()["created_at"]);
    assert_ne!(replaced["updated_at"], stored.json()["updated_at"]);
    assert_eq!(
        (&replaced["expression"], &replaced["type"], &replaced["tables"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let listed = admin.get("/api/metrics?category=finance").await.ok();
    assert_eq!(listed, json!({"metrics": [], "count": 0}));
    assert_eq!(admin.get("/api/metrics?category=c").await.ok()["count"], 1);
    assert_snapshot!(admin.delete("/api/admin/metrics/finance/revenue").await, @r#"
    200 OK
    {"status":"deleted","id":"finance/revenue"}
    "#);
    assert_snapshot!(admin.delete("/api/admin/metrics/finance/revenue").await, @r#"
    404 Not Found
    {"detail":"Metric 'finance/revenue' not found"}
    "#);
    assert_eq!(admin.get("/api/admin/audit?action=metric.put").await.ok()["count"], 2);
    assert_eq!(admin.get("/api/admin/audit?action=metric.delete").await.ok()["count"], 1);
}

#[tokio::test]
async fn ids_and_names_are_checked() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (field, value) in [("id", ""), ("id", "import"), ("name", " "), ("category", "a\nb"), ("id", &"x".repeat(501))]
    {
        let mut body = revenue();
        body[field] = value.into();
        let answer = admin.post_json("/api/admin/metrics", body).await;
        assert_eq!(answer.status, 422, "{answer}");
        assert_eq!(answer.json()["detail"][0]["loc"], json!(["body", field]));
    }
    let mut body = revenue();
    body["tables"] = "orders".into();
    assert_eq!(admin.post_json("/api/admin/metrics", body).await.status, 422);
    assert_eq!(admin.get("/api/metrics").await.ok()["count"], 0);
}

/// Their statements tell what a table holds.
#[tokio::test]
async fn callers_see_metrics_of_tables_that_they_may_read() {
    let app = TestApp::start().await;
    for table in ["orders", "secret"] {
        app.register(table).await.ok();
    }
    let admin = app.admin().await;
    let bob = app.user("bob@example.com", &["Eng"]).await;
    let metrics = [
        ("declared", json!({"table_name": "orders", "sql": ""})),
        ("capitals", json!({"sql": "WITH secret AS (SELECT 1) FROM secret, Orders"})),
        ("none", json!({"sql": "SELECT 1"})),
        ("other table", json!({"table_name": "secret", "sql": ""})),
        ("second table", json!({"table_name": "orders", "tables": ["secret"], "sql": ""})),
        (
            "in its statement",
            json!({"table_name": "orders", "sql": "SELECT (SELECT max(pay) FROM secret) FROM orders"}),
        ),
        ("in a variant", json!({"sql": "SELECT 1", "sql_variants": {"by_x": "FROM secret"}})),
        ("not understood", json!({"sql": "SELECT `a` FROM `p.d.secret`"})),
        ("other schema", json!({"sql": "FROM elsewhere.orders"})),
    ];
    for (name, fields) in metrics {
        let mut body = json!({"id": format!("c/{name}"), "name": name, "display_name": name, "category": "c"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        assert_eq!(admin.post_json("/api/admin/metrics", body).await.status, 201);
    }
    let seen = async || {
        let listed = bob.get("/api/metrics").await.ok();
        let names =
            listed["metrics"].as_array().unwrap().iter().map(|metric| metric["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(seen().await, ["none"]);
    app.grant("Eng", "orders").await;
    assert_eq!(seen().await, ["capitals", "declared", "none"]);
    assert_eq!(bob.get("/api/metrics/c/declared").await.status, 200);
    assert_snapshot!(bob.get("/api/metrics/c/other%20table").await, @r#"
    404 Not Found
    {"detail":"Metric 'c/other table' not found"}
    "#);
    assert_eq!(admin.get("/api/metrics").await.ok()["count"], 9);
}

#[tokio::test]
async fn old_addresses_lead_to_metrics() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.post_json("/api/admin/metrics", revenue()).await;
    // The client follows redirects.
    for path in ["/api/catalog/metrics/finance/revenue.yml", "/api/catalog/metrics/finance/revenue"] {
        assert_eq!(admin.get(path).await.ok()["name"], "revenue");
    }
    assert_eq!(app.get("/api/catalog/metrics/finance/revenue.yml").await.status, 401);
}
