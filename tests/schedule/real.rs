//! With the real server.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::http::Http;
use crate::program::Place;
use crate::{TOKEN, place, start};

#[test]
fn tables_are_synced_on_schedule_also_when_the_server_comes_later() {
    let house = Place::new(&[("SCHEDULER_API_TOKEN", TOKEN)]);
    // Until the server is there, nobody answers.
    let silent = place("http://127.0.0.1:9", &[("SCHEDULER_API_TOKEN", TOKEN)]);
    let scheduler = start(&silent);
    scheduler.wait_for("\"msg\":\"job failed\"", 2);
    assert_eq!(scheduler.end(Signal::TERM).0, Some(0));

    let server = house.serve(&[]);
    let http = Http::new(&server.url, TOKEN);
    let folder = house.data_dir().join("uploads/tables");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("orders.csv"), "id\n1\n").unwrap();
    let body = json!({"name": "orders", "source_type": "local", "sync_schedule": "*/5 * * * *"});
    assert_eq!(http.post("/api/admin/register-table", &body).status, 201);
    let scheduler = start(&place(&server.url, &[("SCHEDULER_API_TOKEN", TOKEN)]));
    server.wait_for("\"msg\":\"sync finished\"", 2);
    let (code, log) = scheduler.end(Signal::TERM);
    assert_eq!(code, Some(0), "{log}");
    let runs: Value = http.get("/api/sync/runs").json();
    assert_eq!(runs["runs"][0]["triggered_by"], "scheduler@system.local");
    assert_eq!(http.get("/api/sync/manifest").json()["tables"]["orders"]["rows"], 1);
    assert_eq!(server.end(Signal::TERM).0, Some(0));
}

/// The table of a saved query, through the scheduler and a restart of the server.
#[test]
fn saved_queries_are_refreshed_on_schedule() {
    let house = Place::new(&[("SCHEDULER_API_TOKEN", TOKEN)]);
    let server = house.serve(&[]);
    let folder = house.data_dir().join("uploads/tables");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("orders.csv"), "id\n1\n2\n").unwrap();
    let http = Http::new(&server.url, TOKEN);
    assert_eq!(http.post("/api/admin/register-table", &json!({"name": "orders", "source_type": "local"})).status, 201);
    http.post("/api/sync/trigger", &Value::Null);
    server.wait_for("\"msg\":\"sync finished\"", 1);
    let variables = [("AGNES_SERVER", server.url.as_str()), ("AGNES_TOKEN", TOKEN)];
    let analyst = Place::new(&variables);
    let sql = "SELECT count(*) AS orders FROM orders";
    let save = ["saved", "save", "count", sql, "--table", "order_count", "--every", "1h"];
    let saved = analyst.run(&save);
    assert_eq!(saved.code, 0, "{saved:?}");
    let jobs = [("SCHEDULER_API_TOKEN", TOKEN), ("SCHEDULER_SAVED_QUERIES_INTERVAL", "1")];
    let scheduler = start(&place(&server.url, &jobs));
    server.wait_for("\"msg\":\"saved query refreshed\"", 1);
    assert_eq!(scheduler.end(Signal::TERM).0, Some(0));
    let shown = analyst.run(&["saved", "show", "count"]);
    assert!(shown.stdout.contains("made of:     orders") && shown.stdout.contains(" ok\n"), "{shown:?}");
    let run = analyst.run(&["saved", "run", "count", "--format", "csv"]);
    assert_eq!(run.stdout, "orders\n2\n", "{run:?}");
    assert_eq!(server.end(Signal::TERM).0, Some(0));

    // A run that a kill interrupted has left the beginning of a file.
    let data = house.data_dir().join("extracts/saved_queries/data");
    std::fs::write(data.join(".order_count.parquet.agnes-tmp-1"), "PAR1").unwrap();
    let server = house.serve(&[]);
    let http = Http::new(&server.url, TOKEN);
    let rows = http.post("/api/query", &json!({"sql": "FROM order_count"}));
    assert_eq!(rows.json()["rows"], json!([[2]]), "{}", rows.text());
    assert_eq!(http.get("/api/saved-queries").json()["queries"][0]["lineage"][0]["id"], "orders");
    let left: Vec<_> = std::fs::read_dir(data).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, ["order_count.parquet"]);
    assert_eq!(server.end(Signal::TERM).0, Some(0));
}
