//! Adding a source: it is defined in one file, and added to the list by one line.

mod shared_drive;

use std::process::{Command, Output};

use insta::assert_snapshot;
use serde_json::{Value, json};

use self::shared_drive::SharedDrive;
use crate::support::{Client, TestApp};

async fn start() -> TestApp {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("drive");
    std::fs::create_dir_all(folder.join("reports")).unwrap();
    std::fs::write(folder.join("reports/budget.csv"), "year,euros\n2025,10\n2026,20\n").unwrap();
    std::fs::write(folder.join("reports/budget-2024.csv"), "year,euros\n2024,5\n").unwrap();
    TestApp::start_configured(dir, &[("DATA_SOURCE", "shared_drive")], |config| {
        config.sources.add(SharedDrive { folder });
    })
    .await
}

#[tokio::test]
async fn from_registration_to_a_query() {
    let app = start().await;
    let admin = app.admin().await;
    let register = async |body: Value| admin.post_json("/api/admin/register-table", body).await;
    let drive =
        json!({ "name": "budget", "source_type": "shared_drive", "bucket": "reports", "source_table": "budget" });
    assert_snapshot!(register(json!({ "name": "budget", "source_type": "oracle" })).await, @r#"
    422 Unprocessable Entity
    {"detail":[{"type":"value_error","loc":["body","source_type"],"msg":"Value error, source_type must be one of ['keboola', 'local', 'shared_drive'], got 'oracle'","input":"oracle","ctx":{"error":{}}}]}
    "#);
    assert_snapshot!(register(json!({ "name": "budget", "source_type": "shared_drive", "bucket": "x" })).await, @r#"
    422 Unprocessable Entity
    {"detail":[{"type":"value_error","loc":["body","bucket"],"msg":"Value error, the shared drive has one bucket, 'reports'","input":"x","ctx":{"error":{}}}]}
    "#);
    let sql = json!({ "name": "budget", "source_type": "shared_drive", "bucket": "reports",
        "query_mode": "materialized", "source_query": "SELECT 1" });
    assert_eq!(register(sql).await.status, 422);
    assert_eq!(register(drive).await.status, 201);
    assert_snapshot!(admin.post_json("/api/admin/metadata/budget/push", Value::Null).await, @r#"
    400 Bad Request
    {"detail":"Push is only supported for keboola tables (table source_type='shared_drive')"}
    "#);

    // The other table is found.
    let offered = admin.get("/api/admin/discover-tables").await.ok();
    assert_eq!((&offered["count"], &offered["source"]), (&json!(2), &json!("shared_drive")));
    assert_snapshot!(admin.post_json("/api/admin/discover-and-register", Value::Null).await, @r#"
    200 OK
    {"registered":1,"skipped":1,"errors":0,"tables":["reports_budget-2024"],"source":"shared_drive","renamed":[{"id":"reports.budget-2024","name":"budget_2024"}]}
    "#);
    let row = crate::registry::row(&app, "reports_budget-2024").await.unwrap();
    assert_eq!(row["description"], "Auto-discovered from the shared drive: reports.budget-2024");

    app.sync().await;
    let run = admin.get("/api/sync/runs").await.ok()["runs"][0].clone();
    let extracted = |table: &Value| (table["table"].clone(), table["source"].clone(), table["rows"].clone());
    let tables: Vec<_> = run["tables"].as_array().unwrap().iter().map(extracted).collect();
    let drive = json!("shared_drive");
    assert_eq!(tables, [(json!("budget"), drive.clone(), json!(2)), (json!("budget_2024"), drive, json!(1))], "{run}");

    // Nothing is open before it is granted.
    let bob = app.user("bob@example.com", &["finance"]).await;
    assert_eq!(bob.get("/api/data/budget/download").await.status, 403);
    app.grant("finance", "budget").await;
    let manifest = bob.get("/api/sync/manifest").await.ok();
    let names: Vec<&str> = manifest["tables"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((names, &manifest["tables"]["budget"]["source_type"]), (vec!["budget"], &json!("shared_drive")));
    assert_eq!(bob.value("SELECT sum(euros) FROM budget").await, 30);
    assert_eq!(bob.get("/api/data/budget_2024/download").await.status, 403);

    let home = tempfile::tempdir().unwrap();
    let agnes = |args: &[&str]| command(&bob, home.path(), args);
    let pulled = agnes(&["pull"]);
    assert!(pulled.status.success() && home.path().join("server/parquet/budget.parquet").is_file(), "{pulled:?}");
    let queried = agnes(&["query", "SELECT max(year) AS latest FROM budget", "--json"]);
    assert!(String::from_utf8_lossy(&queried.stdout).contains("2026"), "{queried:?}");

    // A row without a source never stands for a table of a source that is on the list.
    admin.put_json("/api/admin/registry/budget", json!({ "source_type": "local" })).await.ok();
    assert_eq!(bob.get("/api/data/budget/download").await.status, 403);
}

fn command(caller: &Client, home: &std::path::Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agnes"));
    let env = [("AGNES_SERVER", caller.url.as_str()), ("AGNES_TOKEN", caller.token()), ("NO_PROXY", "*")];
    command.args(args).env_clear().env("HOME", home).envs(env).current_dir(home).output().unwrap()
}
