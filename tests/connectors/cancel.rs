//! Syncs that are cancelled while a connector runs.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::http::Http;
use crate::program::{PATIENCE, Serving};
use crate::{COPY, House};

const SCHEDULER: &str = "the-schedulers-secret-of-32-chars-or-more";

/// A server with the table `items`, and the connector `shop`, which writes half of `orders` and then waits for the file
/// `go`.
struct Shop {
    house: House,
    server: Serving,
    http: Http,
}

impl Shop {
    fn open() -> Self {
        let house = House::new(&[("SCHEDULER_API_TOKEN", SCHEDULER)]);
        house.make("good", "SELECT i AS id FROM range(1, 3) t(i)");
        house.make("other", "SELECT i AS id FROM range(1, 3) t(i)");
        house.script("alpha", "cp -r \"$MADE/items/.\" \"$AGNES_EXTRACT_DIR\"");
        crate::table(&house.connectors.path().join(".made/items"), "items", "SELECT 1 AS id", 1);
        let wait = "echo $$ > \"$MADE/started.new\"; mv \"$MADE/started.new\" \"$MADE/started\"\n\
                    until [ -e \"$MADE/go\" ]; do sleep 0.05; done";
        house.script("shop", &format!("{COPY}\nhead -c 99 \"$MADE/good/extract.duckdb\" > \"$AGNES_EXTRACT_DIR/extract.duckdb\"\n{wait}\n{COPY}"));
        let server = house.place.serve(&[]);
        let http = Http::new(&server.url, SCHEDULER);
        Self { house, server, http }
    }

    fn made(&self, name: &str) -> PathBuf {
        self.house.connectors.path().join(".made").join(name)
    }

    fn trigger(&self) -> String {
        self.http.post("/api/sync/trigger", &Value::Null).json()["run_id"].as_str().unwrap().to_owned()
    }

    fn run(&self, id: &str) -> Value {
        self.http.get(&format!("/api/sync/runs/{id}")).json()
    }

    fn cancel(&self, id: &str) -> (u16, Value) {
        let reply = self.http.post(&format!("/api/sync/runs/{id}/cancel"), &Value::Null);
        (reply.status, reply.json())
    }

    /// The id of the connector's process, once it waits.
    fn started(&self) -> String {
        let file = self.made("started");
        until("the connector waits", || file.exists());
        let pid = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        pid.trim().to_owned()
    }

    fn ended(&self, id: &str) -> Value {
        until("the run is over", || !["queued", "running"].contains(&self.run(id)["status"].as_str().unwrap()));
        self.run(id)
    }

    fn published(&self) -> Vec<String> {
        let manifest = self.http.get("/api/sync/manifest").json();
        manifest["tables"].as_object().unwrap().keys().cloned().collect()
    }

    /// A sync does what it would have done.
    fn assert_works(&self) {
        std::fs::write(self.made("go"), "").unwrap();
        let run = self.ended(&self.trigger());
        assert_eq!((&run["status"], run["cancelled_by"].is_null()), (&json!("ok"), true), "{run}");
        assert_eq!(self.published(), ["items", "orders"]);
        self.house.assert_clean("shop");
    }
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A process that nobody has waited for has no command line.
fn is_gone(pid: &str) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default().is_empty()
}

#[test]
fn a_run_ends_with_its_connector_and_the_next_one_is_as_usual() {
    let shop = Shop::open();
    let id = shop.trigger();
    let pid = shop.started();
    let running = shop.run(&id);
    assert_eq!((&running["status"], &running["step"]), (&json!("running"), &json!("running the connector shop")));
    assert!(!is_gone(&pid));

    let (status, run) = shop.cancel(&id);
    assert_eq!((status, &run["cancelled_by"]), (200, &json!("scheduler@system.local")), "{run}");
    assert_eq!(shop.cancel(&id).0, 409, "once is enough");
    let run = shop.ended(&id);
    assert_eq!((&run["status"], &run["errors"]), (&json!("cancelled"), &json!([])), "{run}");
    assert_eq!(run["tables"][0]["table"], "items", "it was fetched");
    until("the connector has ended", || is_gone(&pid));
    assert_eq!(shop.cancel(&id), (409, json!({ "detail": "This run is over" })));
    assert_eq!(shop.cancel("none").0, 404);
    assert!(!shop.house.extract("shop").exists(), "half of an extract is none");
    assert_eq!(shop.published(), [] as [&str; 0]);

    let audit = shop.http.get("/api/admin/audit?action=sync.cancel").json();
    let [entry] = &audit["entries"].as_array().unwrap()[..] else { panic!("one entry: {audit}") };
    assert_eq!((&entry["resource"], &entry["params"]["status"]), (&json!(format!("sync_run:{id}")), &json!("running")));
    shop.assert_works();
    assert_eq!(shop.server.end(Signal::TERM).0, Some(0));
}

#[test]
fn a_queued_run_leaves_the_queue() {
    let shop = Shop::open();
    let first = shop.trigger();
    shop.started();
    let queued = shop.trigger();
    assert_eq!(shop.run(&queued)["status"], "queued");
    let (status, run) = shop.cancel(&queued);
    assert_eq!((status, &run["status"]), (200, &json!("cancelled")), "{run}");
    assert_eq!((shop.run(&queued), shop.cancel(&queued).0), (run, 409));
    // What is asked for after that is another run.
    let third = shop.trigger();
    assert_ne!(third, queued);
    assert_eq!(shop.run(&first)["status"], "running");
    std::fs::write(shop.made("go"), "").unwrap();
    assert_eq!((&shop.ended(&first)["status"], &shop.ended(&third)["status"]), (&json!("ok"), &json!("ok")));
    let runs = shop.http.get("/api/sync/runs").json();
    let states: Vec<_> = runs["runs"].as_array().unwrap().iter().map(|run| run["status"].as_str().unwrap()).collect();
    assert_eq!(states.iter().filter(|status| **status == "cancelled").count(), 1, "{states:?}");
    assert_eq!(shop.published(), ["items", "orders"]);
}

#[test]
fn a_server_that_stops_meanwhile_starts_as_usual() {
    for signal in [Signal::TERM, Signal::KILL] {
        let mut shop = Shop::open();
        let id = shop.trigger();
        let pid = shop.started();
        assert_eq!(shop.cancel(&id).0, 200);
        let next = shop.house.place.command(&["serve"]);
        shop.server.end(signal);
        until("the connector has ended", || is_gone(&pid));
        let mut next = next;
        shop.server = Serving::start(&mut next);
        shop.http = Http::new(&shop.server.url, SCHEDULER);
        until("old runs are settled", || shop.run(&id)["status"] != "running");
        let status = shop.run(&id)["status"].clone();
        assert!([json!("cancelled"), json!("interrupted")].contains(&status), "{status}");
        shop.assert_works();
    }
}
