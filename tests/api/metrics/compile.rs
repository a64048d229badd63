use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

async fn scene() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let rows = "day,region,status,amount\n2026-01-02,north,paid,1\n2026-01-30,south,paid,2\n2026-02-01,north,paid,4\n";
    app.publish("orders", &format!("{rows}2026-02-02,north,canceled,8\n")).await;
    let bob = app.user("bob@example.com", &["Eng"]).await;
    app.grant("Eng", "orders").await;
    let metric = |name: &str, rest: Value| {
        let mut body = json!({"id": name, "name": name, "display_name": name, "category": "c", "sql": ""});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        body
    };
    let admin = app.admin().await;
    for body in [
        metric(
            "c/revenue",
            json!({
                "table_name": "orders", "expression": "sum(orders.amount) -- in EUR", "time_column": "day",
                "dimensions": ["region", "Status"], "filters": ["status <> 'canceled' -- or refunded"],
            }),
        ),
        metric("amount", json!({"table_name": "orders", "expression": "sum(amount)", "time_column": "day"})),
        metric("later", json!({"table_name": "later", "expression": "count(*)"})),
        metric("count", json!({"tables": ["orders"], "expression": "count(*)"})),
        metric("whole", json!({"sql": "SELECT max(amount) AS most FROM orders;"})),
        metric("several", json!({"tables": ["orders", "orders2"], "expression": "count(*)"})),
    ] {
        assert_eq!(admin.post_json("/api/admin/metrics", body).await.status, 201);
    }
    (app, bob)
}

#[tokio::test]
async fn a_metric_is_computed_by_its_definition() {
    let (_app, bob) = scene().await;
    let rows = async |id: &str, breakdown: Value| {
        let sql = bob.post_json(&format!("/api/metrics/{id}"), breakdown).await.ok()["sql"].clone();
        bob.post_json("/api/query", json!({ "sql": sql })).await.ok()
    };
    let answer = rows("c/revenue", json!({})).await;
    assert_eq!((&answer["columns"], &answer["rows"]), (&json!(["c/revenue"]), &json!([[7]])));
    assert_eq!(rows("c/revenue", json!({"by": ["REGION"]})).await["rows"], json!([["north", 5], ["south", 2]]));
    let answer = rows("c/revenue", json!({"by": ["region", "Status"], "grain": "month"})).await;
    assert_eq!(answer["columns"], json!(["month", "region", "Status", "c/revenue"]));
    assert_eq!(answer["rows"].as_array().unwrap().len(), 3);
    assert_eq!(answer["rows"][2], json!(["2026-02-01", "north", "paid", 4]));
    assert_eq!(rows("count", json!({})).await["rows"], json!([[4]]));
    assert_eq!(rows("whole", json!({})).await["columns"], json!(["most"]));
    let sql = bob.post_json("/api/metrics/c/revenue", json!({"by": ["region"], "grain": "week"})).await.ok();
    assert_snapshot!(sql["sql"].as_str().unwrap(), @r#"
    SELECT CAST(date_trunc('week', "orders"."day") AS DATE) AS "week", "orders"."region" AS "region", (
    sum(orders.amount) -- in EUR
    ) AS "c/revenue"
    FROM "orders"
    WHERE (
    status <> 'canceled' -- or refunded
    )
    GROUP BY 1, 2
    ORDER BY 1, 2
    "#);
}

#[tokio::test]
async fn what_a_definition_does_not_offer_is_refused() {
    let (app, bob) = scene().await;
    for (id, breakdown, reason) in [
        (
            "c/revenue",
            json!({"by": ["regoin"]}),
            "Metric 'c/revenue' has no dimension 'regoin'. Did you mean 'region'? It has: region, Status",
        ),
        (
            "c/revenue",
            json!({"by": ["amount\" FROM secret --"]}),
            "Metric 'c/revenue' has no dimension 'amount\" FROM secret --'. It has: region, Status",
        ),
        ("count", json!({"by": ["region"]}), "Metric 'count' has no dimension 'region'. It has none"),
        ("count", json!({"grain": "day"}), "Metric 'count' has no time column"),
        (
            "whole",
            json!({"grain": "day"}),
            "Metric 'whole' is a complete statement, which cannot be broken down or filtered; for that its definition needs an expression and a table",
        ),
    ] {
        let answer = bob.post_json(&format!("/api/metrics/{id}"), breakdown).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["detail"]), (400, &json!(reason)));
    }
    assert_eq!(bob.post_json("/api/metrics/c/revenue", json!({"grain": "decade"})).await.status, 422);
    assert_eq!(app.admin().await.post_json("/api/metrics/several", json!({})).await.status, 400);
    // Bob may not read its second table.
    assert_eq!(bob.post_json("/api/metrics/several", json!({})).await.status, 404);
    let eve = app.user("eve@example.com", &[]).await;
    assert_eq!(eve.post_json("/api/metrics/count", json!({})).await.status, 404);
}

#[tokio::test]
async fn a_metric_counts_the_rows_of_a_predicate() {
    let (_app, bob) = scene().await;
    let rows = async |id: &str, breakdown: Value| {
        let sql = bob.post_json(&format!("/api/metrics/{id}"), breakdown).await.ok()["sql"].clone();
        bob.post_json("/api/query", json!({ "sql": sql })).await.ok()["rows"].clone()
    };
    for (predicate, sum) in [
        ("region = 'south'", 2),
        ("orders.amount > 1 -- not the small ones", 6),
        // The filter of the metric holds, too.
        ("status = 'canceled' OR true", 7),
        ("region <> ') OR (true'", 7),
    ] {
        assert_eq!(rows("c/revenue", json!({"where": predicate})).await, json!([[sum]]), "{predicate}");
    }
    let broken_down = json!({"where": "amount < 4", "by": ["region"], "grain": "month"});
    assert_eq!(rows("c/revenue", broken_down).await, json!([["2026-01-01", "north", 1], ["2026-01-01", "south", 2]]));
    // The column, rather than the figure of that name.
    assert_eq!(rows("amount", json!({"where": "amount > 1"})).await, json!([[14]]));
}

#[tokio::test]
async fn a_predicate_is_checked_like_that_of_a_scan() {
    let (app, bob) = scene().await;
    for (predicate, kind) in [
        ("", "parse_error"),
        ("amount >", "parse_error"),
        ("amount > 1) OR (true", "parse_error"),
        ("amount > 1 /*", "parse_error"),
        ("true; DROP TABLE orders", "multi_statement"),
        ("true GROUP BY region", "disallowed_node"),
        ("amount IN (SELECT 1)", "nested_select"),
        ("customers.amount > 1", "cross_table_reference"),
        ("sum(amount) > 1", "unknown_function"),
        ("amuont > 1", "unknown_column"),
        // What the statement adds is not a column.
        ("month = DATE '2026-01-01'", "unknown_column"),
    ] {
        let asked = json!({"where": predicate, "grain": "month"});
        let of_metric = bob.post_json("/api/metrics/c/revenue", asked).await;
        let detail = &of_metric.json()["detail"];
        assert_eq!((of_metric.status.as_u16(), &detail["kind"]), (400, &json!(kind)), "{predicate}: {of_metric}");
        if !predicate.is_empty() {
            let of_scan = bob.post_json("/api/v2/scan", json!({"table_id": "orders", "where": predicate})).await;
            assert_eq!(detail, &of_scan.json()["detail"]);
        }
    }
    let admin = app.admin().await;
    for (id, status, reason) in [
        ("whole", 400, "Metric 'whole' is a complete statement, which cannot be broken down or filtered"),
        ("several", 400, "Metric 'several' has neither an expression over one table nor a statement"),
        ("later", 404, "Table 'later', from which metric 'later' is computed, has no data"),
    ] {
        let answer = admin.post_json(&format!("/api/metrics/{id}"), json!({"where": "true"})).await;
        assert_eq!(answer.status, status);
        let said = answer.json()["detail"].clone();
        assert!(said.as_str().unwrap().starts_with(reason), "{said}");
    }
}

#[tokio::test]
async fn profiles_name_the_metrics_of_their_table() {
    let (_app, bob) = scene().await;
    bob.post_json("/api/catalog/profile/orders/refresh", Value::Null).await.ok();
    let profile = bob.get("/api/catalog/profile/orders").await.ok();
    let names = profile["used_by_metrics"].as_array().unwrap().iter().map(|metric| metric["name"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["amount", "c/revenue", "count", "whole"]);
}
