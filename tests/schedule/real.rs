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
