//! The way of a Keboola table to a person through the built program: by a server's sync and by command.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::http::Http;
use crate::keboola_server::{Content, Keboola, TOKEN, Table};
use crate::program::{PATIENCE, Place, Ran, finish};

/// Signs a caller in as an admin without a password.
const SCHEDULER: &str = "the-schedulers-secret-of-32-chars-or-more";

/// The last line of standard output.
fn report(ran: &Ran) -> Value {
    serde_json::from_str(ran.stdout.lines().last().unwrap_or_default()).unwrap_or_else(|_| panic!("{ran:?}"))
}

#[test]
fn without_credentials_or_tables() {
    let place = Place::new(&[]);
    let ran = place.run(&["extract", "keboola"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:?}");
    assert!(ran.stderr.contains("Missing KEBOOLA_STACK_URL or KEBOOLA_STORAGE_TOKEN"), "{ran:?}");
    assert!(!place.data_dir().exists());

    let place = Place::new(&[("KEBOOLA_STACK_URL", "http://127.0.0.1:9"), ("KEBOOLA_STORAGE_TOKEN", TOKEN)]);
    let ran = place.run(&["extract", "keboola"]);
    assert_eq!(ran.code, 0, "nothing is registered: {ran:?}");
    assert_eq!(report(&ran)["tables_extracted"], 0);
}

fn orders(rows: u32) -> Table {
    let lines: String = (0..rows).map(|id| format!("\"{id}\",\"note {id}\"\n")).collect();
    let content = Content::Whole(format!("\"id\",\"note\"\n{lines}").into_bytes());
    Table::new("in.c-crm.orders", &["id", "note"], content).base_types(&[("id", "INTEGER")])
}

#[test]
fn by_sync_and_by_command() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let keboola = runtime.block_on(Keboola::start());
    keboola.put(orders(40));
    let place = Place::new(&[
        ("SCHEDULER_API_TOKEN", SCHEDULER),
        ("KEBOOLA_STACK_URL", &keboola.url),
        ("KEBOOLA_STORAGE_TOKEN", TOKEN),
    ]);
    let server = place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    for name in ["orders", "missing"] {
        let ran = finish(
            place
                .command(&["admin", "register-table", name, "--source-type", "keboola", "--bucket", "in.c-crm"])
                .env("AGNES_SERVER", &server.url)
                .env("AGNES_TOKEN", SCHEDULER),
            "",
        );
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    assert_eq!(http.post("/api/sync/trigger", &Value::Null).status, 200);
    server.wait_for("\"msg\":\"sync finished\"", 1);
    let manifest = http.get("/api/sync/manifest").json()["tables"].clone();
    assert_eq!(manifest.as_object().unwrap().keys().collect::<Vec<_>>(), ["orders"]);
    assert_eq!((&manifest["orders"]["rows"], &manifest["orders"]["source_type"]), (&json!(40), &json!("keboola")));
    let answer = http.post("/api/query", &json!({"sql": "SELECT sum(id)::INT, max(note) FROM orders"})).json();
    assert_eq!(answer["rows"], json!([[780, "note 9"]]));
    let registry = http.get("/api/admin/registry").json();
    let missing = registry["tables"].as_array().unwrap().iter().find(|table| table["name"] == "missing").unwrap();
    assert!(missing["last_sync_error"].as_str().unwrap().contains("in.c-crm.missing"), "{missing}");

    // While the server runs, the registry is its own.
    let ran = place.run(&["extract", "keboola"]);
    assert!(ran.code == 1 && ran.stderr.contains("agnes admin sync"), "{ran:?}");
    let (code, log) = server.end(Signal::TERM);
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains(TOKEN), "the token is in the log");

    keboola.put(orders(50));
    let ran = place.run(&["extract", "keboola"]);
    assert_eq!(ran.code, 2, "one of two tables: {ran:?}");
    assert_eq!(report(&ran)["tables_extracted"], 1);
    assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN));
    // A new start publishes what came meanwhile.
    let server = place.serve(&[]);
    let http = Http::new(&server.url, SCHEDULER);
    let deadline = std::time::Instant::now() + PATIENCE;
    while http.get("/api/sync/manifest").json()["tables"]["orders"]["rows"] != 50 {
        assert!(std::time::Instant::now() < deadline, "not published");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(server.end(Signal::TERM).0, Some(0));
    runtime.block_on(async { drop(keboola) });
}
