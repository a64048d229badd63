//! Saving, listing, changing, deleting and running.

use reqwest::Method;
use reqwest::header::ACCEPT;
use serde_json::json;

use super::{House, PATH, names, query, save};

#[tokio::test]
async fn a_statement_under_a_name() {
    let house = House::open().await;
    let ann = &house.ann;
    let sql = "SELECT sum(amount) AS total FROM orders";
    let body = json!({ "name": " Total ", "sql": sql, "description": "What we sold" });
    let saved = ann.post_json(PATH, body).await;
    insta::assert_snapshot!(saved, @r#"
    201 Created
    {"id":"[id]","name":"Total","description":"What we sold","sql":"SELECT sum(amount) AS total FROM orders","owner_id":"[id]","owner":"ann@example.com","is_own":true,"can_manage":true,"groups":[],"schedule":null,"table":null,"lineage":[],"created_at":"[time]","updated_at":"[time]","last_run":null}
    "#);
    let path = format!("{PATH}/{}", saved.json()["id"].as_str().unwrap());
    assert_eq!(ann.get(&path).await.ok(), saved.json());
    assert_eq!(ann.get(PATH).await.ok(), json!({ "count": 1, "queries": [saved.json()] }));
    let run = ann.post_json(&format!("{path}/run"), json!({})).await;
    assert_eq!(run.json(), query(ann, sql).await.json());
    assert_eq!(run.json()["rows"], json!([[8.0]]));

    let changed = ann.patch_json(&path, json!({ "name": "Sum", "description": "" })).await.ok();
    assert_eq!(
        (&changed["name"], &changed["description"], &changed["sql"]),
        (&json!("Sum"), &json!(null), &json!(sql))
    );
    assert!(changed["updated_at"].as_str() > changed["created_at"].as_str());
    assert_eq!(ann.delete(&path).await.status, 204);
    assert_eq!(ann.get(&path).await.status, 404);
    let audit = house.admin().await.get("/api/admin/audit?action=saved_query.delete").await.ok();
    assert_eq!(audit["entries"].as_array().unwrap().len(), 1, "{audit}");
}

#[tokio::test]
async fn what_cannot_be_run_cannot_be_saved() {
    let house = House::open().await;
    for (sql, status) in [
        ("SELECT * FROM salaries", 403),
        ("SELECT * FROM nowhere", 403),
        ("DELETE FROM orders", 400),
        ("SELECT 1; SELECT 2", 400),
        ("SELECT * FROM read_csv('/etc/passwd')", 400),
        ("SELEC 1", 400),
        ("", 400),
    ] {
        let answer = house.ann.post_json(PATH, json!({ "name": "a", "sql": sql })).await;
        assert_eq!(answer.status, status, "{sql}: {answer}");
        assert_eq!(answer.json(), query(&house.ann, sql).await.json(), "{sql}: the same text as a query");
    }
    let long = format!("SELECT '{}'", "x".repeat(100_000));
    assert_eq!(house.ann.post_json(PATH, json!({ "name": "a", "sql": long })).await.status, 422);
    assert_eq!(names(&house.ann).await, [""; 0]);
    let id = save(&house.ann, json!({ "name": "a", "sql": "SELECT 1" })).await;
    let answer = house.ann.patch_json(&format!("{PATH}/{id}"), json!({ "sql": "SELECT * FROM salaries" })).await;
    assert_eq!(answer.status, 403, "{answer}");
    assert_eq!(house.ann.get(&format!("{PATH}/{id}")).await.ok()["sql"], "SELECT 1");
}

#[tokio::test]
async fn names_are_unique_for_each_owner() {
    let house = House::open().await;
    let sales = save(&house.ann, json!({ "name": "Sales", "sql": "SELECT 1" })).await;
    save(&house.bob, json!({ "name": "sales", "sql": "SELECT 1" })).await;
    let again = house.ann.post_json(PATH, json!({ "name": "SALES", "sql": "SELECT 1" })).await;
    insta::assert_snapshot!(again, @r#"
    409 Conflict
    {"detail":"There is already a saved query named 'SALES'"}
    "#);
    let other = save(&house.ann, json!({ "name": "Other", "sql": "SELECT 1" })).await;
    assert_eq!(house.ann.patch_json(&format!("{PATH}/{other}"), json!({ "name": "sales" })).await.status, 409);
    assert_eq!(
        house.ann.patch_json(&format!("{PATH}/{sales}"), json!({ "name": "sales" })).await.ok()["name"],
        "sales"
    );
    for name in ["", " ", "two\nlines", &"x".repeat(201)] {
        let answer = house.ann.post_json(PATH, json!({ "name": name, "sql": "SELECT 1" })).await;
        assert_eq!(answer.status, 422, "{name}: {answer}");
    }
}

#[tokio::test]
async fn results_come_in_the_forms_of_queries() {
    let house = House::open().await;
    let id = save(&house.ann, json!({ "name": "a", "sql": "SELECT id FROM orders ORDER BY id" })).await;
    let run = async |form: &str, limit: &str| {
        let request = house.ann.request(Method::POST, &format!("{PATH}/{id}/run{limit}"));
        house.ann.send(request.header(ACCEPT, form)).await
    };
    let csv = run("text/csv", "?limit=2").await;
    assert_eq!(String::from_utf8_lossy(&csv.body), "id\n1\n2\n");
    assert_eq!((csv.header("x-agnes-rows"), csv.header("x-agnes-truncated")), ("2", "true"));
    assert!(run("application/vnd.apache.parquet", "").await.body.starts_with(b"PAR1"));
    assert_eq!(run("application/json", "?limit=1").await.ok()["truncated"], true);
    assert_eq!(run("application/json", "?limit=-1").await.status, 422);
    // It is read in the access log.
    let log = async || house.admin().await.get("/api/admin/access-log?action=query").await.ok();
    let lines = loop {
        let log = log().await;
        if log["entries"].as_array().unwrap().len() >= 3 {
            break log;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(lines["entries"][0]["tables"], json!(["orders"]));
}

#[tokio::test]
async fn nobody_saves_more_than_the_quota() {
    let house = House::open_with(&[("AGNES_SAVED_QUERIES", "2"), ("AGNES_SAVED_TABLES", "1")]).await;
    let first = save(&house.ann, json!({ "name": "a", "sql": "SELECT 1", "table": "kept" })).await;
    let body = json!({ "name": "b", "sql": "SELECT 1", "table": "kept_too" });
    insta::assert_snapshot!(house.ann.post_json(PATH, body).await, @r#"
    409 Conflict
    {"detail":"You keep 1 tables of saved queries, which is the most; drop one first"}
    "#);
    let second = save(&house.ann, json!({ "name": "b", "sql": "SELECT 1" })).await;
    let path = format!("{PATH}/{second}");
    assert_eq!(house.ann.patch_json(&path, json!({ "table": "kept_too" })).await.status, 409);
    let third = json!({ "name": "c", "sql": "SELECT 1" });
    insta::assert_snapshot!(house.ann.post_json(PATH, third.clone()).await, @r#"
    409 Conflict
    {"detail":"You have 2 saved queries, which is the most; delete one first"}
    "#);
    save(&house.bob, third.clone()).await;
    // Another name for the same table takes no more.
    house.ann.patch_json(&format!("{PATH}/{first}"), json!({ "table": "renamed" })).await.ok();
    house.ann.delete(&format!("{PATH}/{first}")).await.ok();
    house.ann.patch_json(&path, json!({ "table": "kept_too" })).await.ok();
    save(&house.ann, third).await;
}
