use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::server_stand_in::StandIn;

fn run(id: &str, status: &str, tables: Value) -> Value {
    json!({"id": id, "status": status, "step": null, "triggered_by": "ann@example.com", "requested": null,
        "requested_at": "2026-11-26T05:00:00", "started_at": "2026-11-26T05:00:01", "finished_at": "2026-11-26T05:03:21",
        "duration_ms": 200_000, "tables": tables, "errors": []})
}

fn tables() -> Value {
    json!([
        {"table": "orders", "source": "local", "step": "extract", "rows": 12, "duration_ms": 430, "error": null},
        {"table": "items", "source": "local", "step": "extract", "rows": null, "duration_ms": 20, "error": "no file"}
    ])
}

#[test]
fn status_lists_runs_and_failures() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    server.answer("GET /api/sync/runs?limit=10", 200, json!({"runs": [], "count": 0, "next": null}));
    insta::assert_snapshot!(sandbox.run(&["sync", "status"]).text, @r"
    exit 0
    --- stdout
    No sync has run yet.
    --- stderr
    Start one with: agnes admin sync --wait
    ");
    let page = json!({"runs": [run("r2", "partial", tables()), run("r1", "ok", json!([]))], "count": 2, "next": "r1"});
    server.answer("GET /api/sync/runs?limit=2", 200, page.clone());
    server.answer("GET /api/sync/runs?limit=10", 200, page.clone());
    insta::assert_snapshot!(sandbox.run(&["sync", "status", "--limit", "2"]).text, @r"
    exit 0
    --- stdout
    RUN                                   REQUESTED                   BY                        STATUS            TOOK  TABLES  FAILED
    r2                                    2026-11-26T05:00:00         ann@example.com           partial       3 m 20 s       1       1
    r1                                    2026-11-26T05:00:00         ann@example.com           ok            3 m 20 s       0       0
      failed: local.items (extract in 0.0 s): no file
    --- stderr
    There is more; see it with --before r1
    ");
    assert_eq!(sandbox.run(&["sync", "status", "--json"]).json(), page);
    server.answer("GET /api/sync/runs/r2", 200, run("r2", "partial", tables()));
    insta::assert_snapshot!(sandbox.run(&["sync", "status", "r2"]).text, @r"
    exit 0
    --- stdout
    RUN                                   REQUESTED                   BY                        STATUS            TOOK  TABLES  FAILED
    r2                                    2026-11-26T05:00:00         ann@example.com           partial       3 m 20 s       1       1
      local.orders: 12 rows in 0.4 s
      failed: local.items (extract in 0.0 s): no file
    --- stderr
    ");
}

#[test]
fn sync_can_wait_for_the_end() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    let triggered = json!({"status": "triggered", "tables": "all", "message": "Started.", "run_id": "r2"});
    server.answer("POST /api/sync/trigger", 200, triggered);
    for (status, code) in
        [("ok", 0), ("partial", 4), ("failed", 1), ("interrupted", 1), ("cancelled", 1), ("unheard of", 1)]
    {
        server.answer("GET /api/sync/runs/r2", 200, run("r2", status, tables()));
        let ran = sandbox.run(&["admin", "sync", "--wait"]);
        assert_eq!(ran.code, code, "{}", ran.text);
        let status = if status == "unheard of" { "unknown" } else { status };
        assert_eq!(ran.stdout, format!("Sync {status} after 3 m 20 s: 1 tables done, 1 failed.\n"));
        assert!(ran.stderr.contains("local.orders: 12 rows in 0.4 s\n"), "{}", ran.text);
        assert!(ran.stderr.contains("  failed: local.items (extract in 0.0 s): no file\n"), "{}", ran.text);
        let ran = sandbox.run(&["admin", "sync", "--wait", "--json"]);
        assert_eq!((ran.code, ran.json()["status"].as_str(), ran.stderr.as_str()), (code, Some(status), ""));
    }
}

#[test]
fn sync_is_cancelled() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    let page = |runs: Value| json!({"runs": runs, "count": 1, "next": null});
    server.answer("GET /api/sync/runs?limit=2", 200, page(json!([run("r1", "ok", json!([]))])));
    let ran = sandbox.run(&["sync", "cancel"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "No sync is running.\n"), "{}", ran.text);
    let live = json!([run("r3", "queued", json!([])), run("r2", "running", tables())]);
    server.answer("GET /api/sync/runs?limit=2", 200, page(live));
    server.answer("POST /api/sync/runs/r2/cancel", 200, run("r2", "running", tables()));
    let ran = sandbox.run(&["sync", "cancel"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "The run r2 is being cancelled.\n"), "{}", ran.text);
    server.answer("POST /api/sync/runs/r3/cancel", 200, run("r3", "cancelled", json!([])));
    let ran = sandbox.run(&["sync", "cancel", "r3"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "The run r3 is cancelled.\n"), "{}", ran.text);
    assert_eq!(sandbox.run(&["sync", "cancel", "r3", "--json"]).json()["status"], "cancelled");
    server.answer("POST /api/sync/runs/r3/cancel", 409, json!({"detail": "This run is over"}));
    let ran = sandbox.run(&["sync", "cancel", "r3"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Failed: This run is over\n"), "{}", ran.text);
}

#[test]
fn a_file_can_be_uploaded_as_a_table() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    let file = sandbox.workspace.join("my orders.csv");
    std::fs::write(&file, "id\n1\n").unwrap();
    let path = file.to_str().unwrap();
    let ran = sandbox.run(&["admin", "upload-table", path]);
    assert_eq!(ran.code, 2, "{}", ran.text);
    assert!(ran.stderr.contains("cannot name a table") && ran.stderr.contains("--name"), "{}", ran.text);
    assert_eq!(sandbox.run(&["admin", "upload-table", "orders.xlsx"]).code, 2);
    assert_eq!(sandbox.run(&["admin", "upload-table", "missing.csv"]).code, 1);
    let answer = json!({"id": "orders", "name": "orders", "rows": 1, "size_bytes": 5, "columns": [], "status": "registered",
        "run_id": "r2"});
    server.answer("POST /api/upload/tables/orders", 201, answer.clone());
    server.answer("GET /api/sync/runs/r2", 200, run("r2", "ok", json!([])));
    let ran = sandbox.run(&["admin", "upload-table", path, "--name", "orders"]);
    insta::assert_snapshot!(ran.text, @r"
    exit 0
    --- stdout
    Uploaded orders: 1 rows, 0 columns.
    Sync ok after 3 m 20 s: 0 tables done, 0 failed.
    --- stderr
    Nobody but admins can read it yet; grant it with: agnes admin grant create <group> table orders
    ");
    assert_eq!(sandbox.run(&["admin", "upload-table", path, "--name", "orders", "--json"]).json(), answer);
    server.answer(
        "POST /api/upload/tables/orders",
        422,
        json!({"detail": "orders.csv: it is empty. Nothing was changed."}),
    );
    let ran = sandbox.run(&["admin", "upload-table", path, "--name", "orders"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Failed: orders.csv: it is empty. Nothing was changed.\n"));
}

#[test]
fn a_file_with_other_columns_replaces_a_table_on_demand() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    std::fs::write(sandbox.workspace.join("orders.csv"), "id\n1\n").unwrap();
    let refusal = "The file has none of the columns of table 'orders'. Upload it with --replace";
    server.answer("POST /api/upload/tables/orders", 409, json!({"detail": refusal}));
    let ran = sandbox.run(&["admin", "upload-table", "orders.csv"]);
    assert_eq!((ran.code, ran.stderr.trim_end()), (1, &*format!("Failed: {refusal}")));
    assert_eq!(sandbox.run(&["admin", "upload-table", "orders.csv", "--replace"]).code, 1);
    assert_eq!(server.seen("POST /api/upload/tables/orders?replace=true").len(), 1);
}

#[test]
fn tables_of_a_named_source_are_listed() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    let none = json!({"tables": [], "count": 0, "source": "local", "error": "Discovery not implemented",
        "hint": "Keboola is set up. Use --source keboola."});
    server.answer("GET /api/admin/discover-tables", 200, none);
    insta::assert_snapshot!(sandbox.run(&["admin", "discover-tables"]).text, @r"
    exit 0
    --- stdout
    0 tables in local.
    --- stderr
    warn: Discovery not implemented
    Keboola is set up. Use --source keboola.
    ");
    let one = json!({"registered": 1, "skipped": 0, "errors": 0, "tables": ["orders"], "source": "keboola"});
    server.answer("POST /api/admin/discover-and-register?source=keboola", 200, one);
    let ran = sandbox.run(&["admin", "table", "discover", "--register", "--source", "keboola"]);
    assert!(ran.stdout.starts_with("Registered 1 tables"), "{}", ran.text);
    assert_eq!(sandbox.run(&["admin", "discover-tables", "--source", "x"]).code, 1);
    assert_eq!(server.seen("GET /api/admin/discover-tables?source=x").len(), 1);
}
