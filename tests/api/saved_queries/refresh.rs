//! Keeping results as tables: on request and on schedule.

use std::pin::pin;

use futures_util::future::select;
use serde_json::{Value, json};

use super::{House, PATH, keep, refresh, save, share};
use crate::support::people::list;

const DUE: &str = "/api/admin/saved-queries/run-due";

#[tokio::test]
async fn a_result_becomes_a_table() {
    let house = House::open().await;
    let (ann, admin) = (&house.ann, house.admin().await);
    let body = json!({ "name": "by customer", "description": "Turnover", "table": "Turnover",
        "sql": "SELECT customer, sum(amount)::DECIMAL(9,2) AS total, sum(id) AS ids, INTERVAL 1 DAY AS span,
                    [id] AS list FROM orders GROUP BY ALL ORDER BY ALL" });
    let id = save(ann, body).await;
    let catalog = ann.get("/api/catalog/tables").await.ok();
    let listed = list(&catalog["tables"]).iter().find(|table| table["name"] == "Turnover").unwrap();
    let expected = json!({ "id": "turnover", "name": "Turnover", "description": "Turnover", "query_mode": "local",
        "source_type": "saved_queries", "sync_strategy": "full_refresh" });
    assert_eq!(*listed, expected);
    assert_eq!(ann.get("/api/data/Turnover/download").await.status, 404, "nothing is there yet");

    let refreshed = refresh(ann, &id).await.ok();
    assert_eq!(refreshed["last_run"]["status"], "ok", "{refreshed}");
    assert_eq!((&refreshed["last_run"]["rows"], &refreshed["last_run"]["error"]), (&json!(3), &json!(null)));
    assert_eq!(refreshed["lineage"], json!([{ "id": "orders", "name": "orders" }]));
    let rows = super::query(ann, "SELECT *, typeof(total), typeof(ids) FROM turnover ORDER BY customer LIMIT 1").await;
    insta::assert_snapshot!(rows, @r#"
    200 OK
    {"columns":["customer","total","ids","span","list","typeof(total)","typeof(ids)"],"rows":[["Ann","1.50","1","1 day, 0:00:00",[1],"DECIMAL(9,2)","DECIMAL(38,0)"]],"row_count":1,"truncated":false}
    "#);
    let manifest = ann.get("/api/sync/manifest").await.ok();
    assert_eq!(manifest["tables"]["Turnover"]["rows"], 3);
    assert!(ann.get("/api/data/turnover/download").await.body.starts_with(b"PAR1"));

    // It follows its sources when it is refreshed, and survives what others do.
    house.app.drop_file("orders.csv", "id,customer,amount\n9,Zoe,7\n");
    house.app.sync().await;
    assert_eq!(ann.value("SELECT count(*) FROM turnover").await, 3);
    refresh(ann, &id).await.ok();
    assert_eq!(ann.value("SELECT customer FROM turnover").await, "Zoe");
    let audit = admin.get("/api/admin/audit?action=saved_query.refresh").await.ok();
    assert_eq!(list(&audit["entries"]).len(), 2);
    let log = admin.get("/api/admin/access-log?action=refresh").await.ok();
    assert_eq!(log["entries"][0]["user_email"], "ann@example.com", "{log}");
    assert_eq!(log["entries"][0]["tables"], json!(["orders"]));

    ann.delete(&format!("{PATH}/{id}")).await.ok();
    assert!(house.app.state.orchestrator.publication().get("turnover").is_none());
    let registry = admin.get("/api/admin/registry").await.ok();
    assert!(!registry.to_string().contains("turnover"), "{registry}");
    let data = house.app.data_dir().join("extracts/saved_queries/data");
    let left: Vec<_> = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn names_of_tables_are_nobody_elses() {
    let house = House::open().await;
    for (table, status) in
        [("orders", 409), ("SALARIES", 409), ("2fast", 422), ("a b", 422), ("_meta", 422), ("../x", 422)]
    {
        let body = json!({ "name": "a", "sql": "SELECT 1", "table": table });
        let answer = house.ann.post_json(PATH, body).await;
        assert_eq!(answer.status, status, "{table}: {answer}");
    }
    keep(&house.ann, "kept", "SELECT 1 AS one").await;
    let again = house.bob.post_json(PATH, json!({ "name": "a", "sql": "SELECT 1", "table": "Kept" })).await;
    insta::assert_snapshot!(again, @r#"
    409 Conflict
    {"detail":"The table name 'Kept' is taken; choose another"}
    "#);
    let body = json!({ "name": "kept", "source_type": "local" });
    assert_eq!(house.admin().await.post_json("/api/admin/register-table", body).await.status, 409);
    let body = json!({ "name": "other", "source_type": "saved_queries" });
    assert_eq!(house.admin().await.post_json("/api/admin/register-table", body).await.status, 422);
}

#[tokio::test]
async fn what_cannot_be_kept_is_a_failed_run() {
    let house = House::open_with(&[("AGNES_SAVED_TABLES_MB", "1"), ("AGNES_QUERY_TIMEOUT", "20")]).await;
    let ann = &house.ann;
    let id = keep(ann, "kept", "SELECT 1 AS one").await;
    let path = format!("{PATH}/{id}");
    for (sql, reason) in [
        ("SELECT CAST(customer AS INTEGER) FROM orders", "Conversion Error"),
        ("SELECT nothing FROM orders", "nothing"),
        ("SELECT random() AS r FROM range(1000000)", "does not fit"),
        ("SELECT 1 FROM range(20000000)", "10000000 rows"),
    ] {
        ann.patch_json(&path, json!({ "sql": sql })).await.ok();
        let run = refresh(ann, &id).await.ok()["last_run"].clone();
        assert_eq!(run["status"], "failed", "{sql}");
        assert!(run["error"].as_str().unwrap().contains(reason), "{sql}: {run}");
        assert_eq!(ann.value("SELECT one FROM kept").await, 1, "{sql}: the last rows stay");
    }
    let show = ann.patch_json(&path, json!({ "sql": "SHOW TABLES" })).await;
    assert_eq!(show.status, 422, "{show}");
    let id = save(ann, json!({ "name": "tables", "sql": "SHOW TABLES" })).await;
    assert_eq!(ann.patch_json(&format!("{PATH}/{id}"), json!({ "table": "tables" })).await.status, 422);
    assert_eq!(refresh(ann, &id).await.status, 409, "it has no table");
}

#[tokio::test]
async fn due_queries_run_as_their_owners() {
    let house = House::open().await;
    let (ann, admin) = (&house.ann, house.admin().await);
    let due = async || admin.post_json(DUE, json!({})).await.ok();
    assert_eq!(due().await, json!({ "status": "finished", "runs": [] }));
    let body = json!({ "name": "hourly", "sql": "SELECT id FROM orders", "table": "hourly", "schedule": "every 1h" });
    let id = save(ann, body).await;
    save(ann, json!({ "name": "on request", "sql": "SELECT 1", "table": "on_request" })).await;
    share(ann, &id, "Sales").await.ok();
    let run = json!({ "id": id, "name": "hourly", "status": "ok" });
    assert_eq!(due().await, json!({ "status": "finished", "runs": [run] }));
    assert_eq!(house.bob.value("SELECT count(*) FROM hourly").await, 3);
    assert_eq!(due().await, json!({ "status": "finished", "runs": [] }), "not yet again");

    // Without the grant it fails, and says so; the last rows stay, closed to those who lack the grant.
    let path = format!("{PATH}/{id}");
    // Another table has not been refreshed yet.
    ann.patch_json(&path, json!({ "table": "again" })).await.ok();
    assert_eq!(due().await["runs"][0]["status"], "ok");
    ann.patch_json(&path, json!({ "table": "third" })).await.ok();
    let grants = admin.get("/api/admin/grants?resource_type=table").await.ok();
    admin.delete(&format!("/api/admin/grants/{}", grants[0]["id"].as_str().unwrap())).await.ok();
    assert_eq!(due().await["runs"][0]["status"], "failed");
    let error = ann.get(&path).await.ok()["last_run"]["error"].clone();
    assert_eq!(error, "Access denied to table 'orders'");
    assert_eq!(due().await["runs"], json!([]), "it is not tried again before its time");
    house.app.grant("Sales", "orders").await;

    // Nor does it run for somebody who is locked out.
    ann.patch_json(&path, json!({ "table": "last", "schedule": "every 1h" })).await.ok();
    let ann_id = house.app.user_id("ann@example.com").await;
    admin.post_json(&format!("/api/users/{ann_id}/deactivate"), json!({})).await.ok();
    assert_eq!(due().await["runs"][0]["status"], "failed");
    let error = admin.get(&path).await.ok()["last_run"]["error"].clone();
    assert_eq!(error, "its owner has no access any more: Account deactivated");
}

#[tokio::test]
async fn schedules_are_of_the_grammar_and_need_a_table() {
    let house = House::open().await;
    let with =
        |schedule: &str, table: Value| json!({ "name": "a", "sql": "SELECT 1", "schedule": schedule, "table": table });
    insta::assert_snapshot!(house.ann.post_json(PATH, with("every 1h", Value::Null)).await, @r#"
    422 Unprocessable Entity
    {"detail":[{"type":"value_error","loc":["body","table"],"msg":"Value error, a scheduled query keeps its result as a table: give the name of one, too","input":null,"ctx":{"error":{}}}]}
    "#);
    let unknown = house.ann.post_json(PATH, with("sometimes", json!("a"))).await;
    assert!(unknown.status == 422 && unknown.to_string().contains("schedule must be 'every <N>m'"), "{unknown}");
    let id = save(&house.ann, with("daily 05:00", json!("a"))).await;
    let path = format!("{PATH}/{id}");
    assert_eq!(house.ann.patch_json(&path, json!({ "schedule": "never" })).await.status, 422);
    // A schedule goes with the table.
    let changed = house.ann.patch_json(&path, json!({ "table": "" })).await.ok();
    assert_eq!((&changed["schedule"], &changed["table"]), (&json!(null), &json!(null)));
}

/// Two calls are one run, and other owners do not wait for it.
#[tokio::test]
async fn a_second_start_is_answered_and_not_run() {
    let house = House::open_with(&[("AGNES_QUERY_TIMEOUT", "10")]).await;
    let slow = "SELECT sum(a.range * b.range % 7) AS n FROM range(200000) a, range(100000000) b";
    let body = json!({ "name": "slow", "sql": slow, "table": "slow", "schedule": "every 1h" });
    let id = save(&house.ann, body).await;
    let other = save(&house.ann, json!({ "name": "quick", "sql": "SELECT 1", "table": "quick" })).await;
    let admin = house.admin().await;
    let (first, second) = (pin!(admin.post_json(DUE, json!({}))), pin!(admin.post_json(DUE, json!({}))));
    let (answered, running) = select(first, second).await.factor_first();
    assert_eq!(answered.ok(), json!({ "status": "running", "runs": [] }));
    keep(&house.bob, "quick_too", "SELECT 1 AS one").await;
    insta::assert_snapshot!(refresh(&house.ann, &id).await, @r#"
    409 Conflict
    {"detail":"The table is being refreshed already"}
    "#);
    insta::assert_snapshot!(refresh(&house.ann, &other).await, @r#"
    409 Conflict
    {"detail":"Another table of the same owner is being refreshed; try again when it is done"}
    "#);
    let finished = running.await.ok();
    assert_eq!((&finished["status"], &finished["runs"][0]["status"]), (&json!("finished"), &json!("failed")));
    let error = house.ann.get(&format!("{PATH}/{id}")).await.ok()["last_run"]["error"].clone();
    assert_eq!(error, "the query was stopped after 10 s; narrow it down");
}
