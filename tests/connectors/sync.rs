//! Custom connectors within the server's syncs.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::http::Http;
use crate::{COPY, House};

const SCHEDULER: &str = "the-schedulers-secret-of-32-chars-or-more";

#[test]
fn every_sync_runs_them_and_one_that_fails_stops_nobody() {
    let house = House::new(&[("SCHEDULER_API_TOKEN", SCHEDULER)]);
    house.make("good", "SELECT i AS id FROM range(1, 3) t(i)");
    house.script("alpha", "echo broken >&2; exit 1");
    house.script("beta", COPY);
    let server = house.place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    assert_eq!(http.post("/api/sync/trigger", &Value::Null).status, 200);
    server.wait_for("\"msg\":\"sync finished\"", 1);
    let run = http.get("/api/sync/runs").json()["runs"][0].clone();
    assert_eq!((&run["status"], &run["tables"][0]["source"]), (&json!("partial"), &json!("beta")), "{run}");
    assert!(
        run["errors"][0].as_str().unwrap().contains("alpha: ") && run["errors"][0].as_str().unwrap().contains("broken")
    );
    assert_eq!(http.get("/api/sync/manifest").json()["tables"]["orders"]["rows"], 2);

    // It fails later on: its table stays, and its failure is told.
    house.script("beta", "exit 7");
    assert_eq!(http.post("/api/sync/trigger", &Value::Null).status, 200);
    server.wait_for("\"msg\":\"sync finished\"", 2);
    assert_eq!(http.get("/api/sync/manifest").json()["tables"]["orders"]["rows"], 2);
    assert_eq!(http.get("/api/data/orders/download").status, 200);
    assert_eq!(server.end(Signal::TERM).0, Some(0));
}
