use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::TestApp;

async fn triggered(app: &TestApp, body: Value) -> Value {
    let run = app.admin().await.post_json("/api/sync/trigger", body).await.ok()["run_id"].as_str().unwrap().to_owned();
    app.run(&run).await
}

async fn runs(app: &TestApp, query: &str) -> Value {
    app.admin().await.get(&format!("/api/sync/runs{query}")).await.ok()
}

#[tokio::test]
async fn a_run_tells_each_table_and_what_failed() {
    let app = TestApp::start().await;
    assert_eq!(runs(&app, "").await, json!({"runs": [], "count": 0, "next": null}));
    app.drop_file("orders.csv", "id\n1\n2\n");
    app.drop_file("items.csv", "id,name\n1\n");
    app.register("orders").await.ok();
    app.register("items").await.ok();
    let mut run = triggered(&app, Value::Null).await;
    assert_eq!(runs(&app, "").await["runs"], json!([run]), "the list tells the same");
    for table in run["tables"].as_array_mut().unwrap() {
        assert!(table["duration_ms"].take().is_u64());
    }
    assert!(run["duration_ms"].take().is_u64());
    assert_snapshot!(serde_json::to_string_pretty(&run).unwrap(), @r#"
    {
      "id": "[id]",
      "status": "partial",
      "step": null,
      "triggered_by": "admin@example.com",
      "requested": null,
      "requested_at": "[time]",
      "started_at": "[time]",
      "finished_at": "[time]",
      "duration_ms": null,
      "tables": [
        {
          "table": "items",
          "source": "local",
          "step": "extract",
          "rows": null,
          "duration_ms": null,
          "error": "items.csv: line 2: a row with 1 columns, but the header has 2"
        },
        {
          "table": "orders",
          "source": "local",
          "step": "extract",
          "rows": 2,
          "duration_ms": null,
          "error": null
        }
      ],
      "errors": []
    }
    "#);
    // The history of the tables has the times too.
    let sql = "SELECT table_id, status, rows FROM sync_history WHERE duration_ms IS NOT NULL ORDER BY table_id";
    let history = app.state.store.read(move |reader| {
        reader.list::<(String, String, Option<i64>), Vec<_>>(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    });
    let expected = [("items".into(), "error".into(), None), ("orders".into(), "ok".into(), Some(2))];
    assert_eq!(history.await.unwrap(), expected);
}

#[tokio::test]
async fn newest_first_in_pages() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let ids = triggered(&app, json!(["orders"])).await;
    assert_eq!((&ids["requested"], &ids["status"]), (&json!(["orders"]), &json!("ok")));
    let last = triggered(&app, Value::Null).await;
    let page = runs(&app, "?limit=2").await;
    assert_eq!(page["runs"], json!([last, ids]));
    assert_eq!(page["next"], ids["id"]);
    let rest = runs(&app, &format!("?limit=2&before={}", ids["id"].as_str().unwrap())).await;
    assert_eq!((&rest["count"], &rest["next"]), (&json!(1), &Value::Null));
    let admin = app.admin().await;
    assert_snapshot!(admin.get("/api/sync/runs?limit=0").await, @r#"
    422 Unprocessable Entity
    {"detail":[{"type":"value_error","loc":["query","limit"],"msg":"Value error, limit must be between 1 and 200","input":0,"ctx":{"error":{}}}]}
    "#);
    assert_snapshot!(admin.get("/api/sync/runs/none").await, @r#"
    404 Not Found
    {"detail":"Sync run not found; old runs are deleted after a while"}
    "#);
}

#[tokio::test]
async fn only_a_run_that_is_under_way_can_be_cancelled() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let over = runs(&app, "").await["runs"][0].clone();
    let path = |id: &Value| format!("/api/sync/runs/{}/cancel", id.as_str().unwrap());
    let admin = app.admin().await;
    assert_snapshot!(admin.post_json(&path(&over["id"]), Value::Null).await, @r#"
    409 Conflict
    {"detail":"This run is over"}
    "#);
    assert_snapshot!(admin.post_json(&path(&json!("none")), Value::Null).await, @r#"
    404 Not Found
    {"detail":"Sync run not found; old runs are deleted after a while"}
    "#);
    let ann = app.user("ann@example.com", &[]).await;
    assert_eq!(ann.post_json(&path(&over["id"]), Value::Null).await.status, 403);
    assert_eq!(runs(&app, "").await["runs"], json!([over]), "nothing has changed");
    assert_eq!(admin.get("/api/admin/audit?action=sync.cancel").await.ok()["entries"], json!([]));
}

#[tokio::test]
async fn two_requests_meanwhile_are_one_run() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    app.publish("items", "id\n1\n").await;
    let admin = app.admin().await;
    let trigger = async |ids: Value| -> String {
        admin.post_json("/api/sync/trigger", ids).await.ok()["run_id"].as_str().unwrap().to_owned()
    };
    // Each request belongs to a run that begins after it; those that wait together share one.
    let mut ids = Vec::new();
    for name in ["orders", "items"].repeat(5) {
        ids.push(trigger(json!([name])).await);
    }
    for id in &ids {
        assert_eq!(app.run(id).await["status"], "ok");
    }
    let last = app.run(&ids[9]).await;
    ids.dedup();
    assert!(ids.len() < 10, "nothing was coalesced");
    assert!(last["requested"].as_array().unwrap().contains(&json!("items")));
}

#[tokio::test]
async fn what_would_not_fit_is_not_begun() {
    // More than any disk has.
    let app = TestApp::start_with(&[("AGNES_EXTRACT_RESERVE_MB", "1000000000000")]).await;
    app.drop_file("orders.csv", "id\n1\n");
    app.register("orders").await.ok();
    let run = triggered(&app, Value::Null).await;
    assert_eq!(run["status"], "failed");
    let error = run["tables"][0]["error"].as_str().unwrap();
    assert!(error.starts_with("not enough disk space") && error.contains("AGNES_EXTRACT_RESERVE_MB"), "{error}");
    assert_eq!(app.sync_error("orders").await, error);
    assert!(!app.state.config.data_dir.extract("local").exists(), "nothing was written");
}
