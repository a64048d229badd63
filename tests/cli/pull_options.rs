//! What a pull is asked to do, and what it leaves beside the tables.

use std::time::{Duration, Instant};

use agnes::base::lock::FileLock;
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, numbers, parquet};
use crate::server_stand_in::{Fault, StandIn, md5};

#[test]
fn only_some_tables() {
    let server = StandIn::start();
    for table in ["a", "b", "gone"] {
        server.offer(table, &parquet("SELECT 1 AS id"));
    }
    server.offer_remote("huge");
    let sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    for table in ["a", "b", "c"] {
        server.offer(table, &parquet("SELECT 2 AS id"));
    }
    server.withdraw("gone");
    let report = sandbox.run(&["pull", "--only", "a", "--only", "c", "--dry-run", "--json"]).json();
    let chosen: Vec<_> = report["would_download"].as_array().unwrap().iter().map(|file| &file["table"]).collect();
    assert_eq!(chosen, ["a", "c"]);
    assert_eq!(report["would_remove"], json!(["gone"]));
    insta::assert_snapshot!(sandbox.run(&["pull", "--only", "a", "--only=c"]).text, @r"
    exit 0
    --- stdout
    Updated 2 tables (3 total).
    Removed gone: no longer offered.
    --- stderr
    ");
    assert_eq!(sandbox.value("SELECT a.id * 100 + b.id * 10 + c.id FROM a, b, c"), "212");
    insta::assert_snapshot!(sandbox.run(&["pull", "--only", "huge", "--only", "nothing", "--only", "b"]).text, @r"
    exit 4
    --- stdout
    Updated 1 tables (3 total).
    --- stderr
    warn: huge: it is not downloaded; query it with agnes query --remote
    warn: nothing: the server does not offer you a table of this name
    ");
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 0);
}

#[test]
fn the_report_for_programs() {
    let server = StandIn::start();
    server.offer("orders", &numbers(1));
    let sandbox = Sandbox::signed_in(&server);
    let mut planned = sandbox.run(&["pull", "--dry-run", "--json"]).json();
    planned["duration_s"] = json!(0);
    let size = numbers(1).len();
    assert_eq!(
        planned,
        json!({"tables_updated": 0, "parquets_total": 1, "rules_count": 0, "duration_s": 0, "errors": [], "ok": true,
            "tables_removed": [], "would_download": [{"table": "orders", "size_bytes": size}],
            "would_download_bytes": size, "would_remove": []})
    );
    let ran = sandbox.run(&["pull", "--json"]);
    assert_eq!(ran.stdout.lines().count(), 1);
    let keys: Vec<String> = ran.json().as_object().unwrap().keys().cloned().collect();
    let expected = ["tables_updated", "parquets_total", "rules_count", "duration_s", "errors", "ok", "tables_removed"];
    assert!(expected.iter().all(|key| keys.contains(&(*key).to_owned())) && keys.len() == expected.len(), "{keys:?}");
}

#[test]
fn a_hook_prints_at_most_one_line_and_never_fails() {
    let server = StandIn::start();
    server.offer("orders", &numbers(1));
    let sandbox = Sandbox::signed_in(&server);
    let silent = "exit 0\n--- stdout\n--- stderr\n";
    // Outside of a workspace it does nothing.
    assert_eq!(sandbox.run(&["pull", "--hook"]).text, silent);
    assert!(server.seen("").is_empty() && sandbox.files().is_empty());
    sandbox.run(&["pull"]);
    server.offer("orders", &numbers(2));
    assert_eq!(sandbox.run(&["pull", "--hook"]).text, silent);
    assert_eq!(sandbox.pulled("orders").unwrap(), numbers(2));

    server.offer("orders", &numbers(3));
    server.offer("other", &numbers(4));
    (0..8).for_each(|_| server.fault("orders", Fault::Status(403)));
    (0..8).for_each(|_| server.fault("other", Fault::Status(403)));
    insta::assert_snapshot!(sandbox.run(&["pull", "--hook"]).text, @r"
    exit 0
    --- stdout
    --- stderr
    agnes pull: orders: HTTP 403: HTTP 403 (and 1 more; run agnes pull)
    ");
    insta::assert_snapshot!(sandbox.run(&["pull", "--hook", "--token", "expired"]).text, @r"
    exit 0
    --- stdout
    --- stderr
    agnes pull: HTTP 401: Invalid token
    ");
    // Another pull is at work: there is nothing to wait for.
    let _lock = FileLock::acquire(&sandbox.workspace.join("user/duckdb/.lock")).unwrap();
    let started = Instant::now();
    assert_eq!(sandbox.run(&["pull", "--hook"]).text, silent);
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[test]
fn a_hook_does_not_wait_for_a_server_that_does_not_answer() {
    // Connections are accepted by the kernel, and nobody reads them.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let sandbox = Sandbox::behind(&format!("http://{}", listener.local_addr().unwrap()));
    let workspace = sandbox.workspace.to_string_lossy().into_owned();
    let started = Instant::now();
    let ran = sandbox.run(&["pull", "--hook", "--workspace", &workspace]);
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!(ran.text, "exit 0\n--- stdout\n--- stderr\nagnes pull: cannot reach [SERVER]: timed out\n");
}

#[test]
fn rules_are_those_of_the_server() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    let bundle = |mandatory: Value, approved: Value| {
        let bundle = json!({"mandatory": mandatory, "approved": approved, "token_estimate": 9, "token_budget": 6000});
        server.answer("GET /api/memory/bundle", 200, bundle);
    };
    // A server that does not have them.
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["rules_count"], 0);
    bundle(json!([]), json!([]));
    assert!(sandbox.run(&["pull"]).stdout.ends_with("Rules: 0.\n"));
    assert!(!sandbox.workspace.join(".claude").exists());

    let rules = sandbox.workspace.join(".claude/rules");
    let names = || -> Vec<String> {
        let names =
            sandbox.files().into_iter().filter_map(|name| Some(name.strip_prefix(".claude/rules/")?.to_owned()));
        names.collect()
    };
    bundle(
        json!([{"id": "eur", "title": "Use EUR", "domain": "finance", "category": null, "content": "Always."},
            {"id": "../../evil", "title": "x", "content": "x"}, {"id": "old", "title": null, "content": "y"}]),
        json!([{"id": "a", "title": "Weeks", "content": "start on Monday"}]),
    );
    let ran = sandbox.run(&["pull"]);
    assert!(ran.stdout.ends_with("Rules: 3.\n"), "{}", ran.text);
    assert_eq!(names(), ["km_approved.md", "km_eur.md", "km_old.md"]);
    let text = |name: &str| std::fs::read_to_string(rules.join(name)).unwrap();
    assert_eq!(text("km_eur.md"), "# Use EUR\n_Domain: finance_\n\nAlways.");
    assert_eq!(text("km_approved.md"), "# Approved Corporate Knowledge\n\n## Weeks\n\nstart on Monday\n");

    // Somebody's own rule stays, and one of the server's that they have changed is as on the server again.
    std::fs::write(rules.join("mine.md"), "mine").unwrap();
    std::fs::write(rules.join("km_eur.md"), "changed").unwrap();
    bundle(json!([{"id": "eur", "title": "Use EUR", "domain": "finance", "content": "Always."}]), json!([]));
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["rules_count"], 1);
    assert_eq!((names(), text("km_eur.md").ends_with("Always.")), (vec!["km_eur.md".into(), "mine.md".into()], true));

    server.answer("GET /api/memory/bundle", 500, json!({"detail": "no"}));
    let ran = sandbox.run(&["pull", "--json"]);
    assert_eq!((ran.code, &ran.json()["errors"][0]["stage"]), (4, &json!("memory_bundle")));
    assert_eq!(names().len(), 2, "they stay");
    bundle(json!([]), json!([]));
    sandbox.run(&["pull"]);
    assert_eq!(names(), ["mine.md"]);
    std::fs::remove_file(rules.join("mine.md")).unwrap();
    bundle(json!([{"id": "x", "title": "t", "content": "c"}]), json!([]));
    sandbox.run(&["pull"]);
    bundle(json!([]), json!([]));
    sandbox.run(&["pull"]);
    assert!(!rules.exists());
}

#[test]
fn a_workspace_of_v0_35_is_taken_over() {
    let server = StandIn::start();
    let (same, changed) = (parquet("SELECT 1 AS id"), parquet("SELECT 2 AS id"));
    server.offer("same", &same);
    server.offer("changed", &changed);
    let sandbox = Sandbox::signed_in(&server);
    // Files, views with absolute paths, and one state for all workspaces, which says that both are current.
    std::fs::create_dir_all(sandbox.workspace.join("server/parquet")).unwrap();
    std::fs::create_dir_all(sandbox.workspace.join("user/duckdb")).unwrap();
    for table in ["same", "changed", "revoked"] {
        std::fs::write(sandbox.table_file(table), &same).unwrap();
    }
    let views = ["same", "changed", "revoked"].map(|table| {
        format!("CREATE VIEW {table} AS SELECT * FROM read_parquet('{}');", sandbox.table_file(table).display())
    });
    let database = sandbox.workspace.join("user/duckdb/analytics.duckdb");
    let open = || agnes::engine::open(&database, &agnes::engine::Limits::small()).unwrap();
    open().execute_batch(&views.concat()).unwrap();
    let state = json!({"tables": {"same": {"hash": md5(&same), "rows": 1, "size_bytes": same.len()},
        "changed": {"hash": md5(&changed), "rows": 1, "size_bytes": changed.len()}}, "last_sync": "2026-11-23T02:09:49"});
    let global = sandbox.home().join(".config/agnes/sync_state.json");
    std::fs::create_dir_all(global.parent().unwrap()).unwrap();
    std::fs::write(&global, state.to_string()).unwrap();
    assert_eq!(sandbox.value("SELECT id FROM revoked"), "1", "it can be queried before it is pulled");

    let report = sandbox.run(&["pull", "--json"]).json();
    assert_eq!((&report["tables_updated"], &report["tables_removed"]), (&json!(1), &json!(["revoked"])));
    assert!(server.seen("/api/data/same/").is_empty());
    assert_eq!(sandbox.value("SELECT same.id * 10 + changed.id FROM same, changed"), "12");
    let count = "SELECT string_agg(view_name, ',' ORDER BY view_name) FROM duckdb_views() WHERE NOT internal";
    let views: String = open().query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(views, "changed,same");
    assert_eq!(std::fs::read_to_string(&global).unwrap(), state.to_string());
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 0);
}

#[test]
fn workspaces_do_not_share_what_they_know() {
    let server = StandIn::start();
    server.offer("orders", &numbers(1));
    let sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    let second = sandbox.home().join("second").to_string_lossy().into_owned();
    assert_eq!(sandbox.run(&["pull", "--json", "--workspace", &second]).json()["tables_updated"], 1);
    server.offer("orders", &numbers(2));
    assert_eq!(sandbox.run(&["pull", "--json", "--workspace", &second]).json()["tables_updated"], 1);
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 1);
    assert_eq!(sandbox.pulled("orders").unwrap(), numbers(2));

    // Another server has other tables, and none of the first one's is left.
    let other = StandIn::start();
    other.offer("customers", &numbers(3));
    let report = sandbox.run(&["pull", "--json", "--server", &other.url]).json();
    assert_eq!((&report["tables_updated"], &report["tables_removed"]), (&json!(1), &json!(["orders"])));
}

#[test]
fn files_in_the_workspace_are_restored() {
    let server = StandIn::start();
    server.offer("orders", &numbers(1));
    let sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    std::fs::remove_file(sandbox.table_file("orders")).unwrap();
    assert_eq!(sandbox.value("SELECT count(*) FROM orders"), "3000");
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 0);
    assert_eq!(sandbox.pulled("orders").unwrap(), numbers(1));
    std::fs::remove_dir_all(sandbox.workspace.join("server")).unwrap();
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 1);
    assert_eq!(sandbox.value("SELECT count(*) FROM orders"), "3000");
}

#[test]
fn a_file_that_is_being_read_outlives_its_version() {
    let server = StandIn::start();
    server.offer("orders", &numbers(1));
    let sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    let version = |seed| sandbox.workspace.join(format!("server/files/orders.{}.parquet", md5(&numbers(seed))));
    let reader = FileLock::share_within(&sandbox.workspace.join("user/duckdb/.readers"), Duration::ZERO).unwrap();
    server.offer("orders", &numbers(2));
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert!(version(1).exists() && version(2).exists());
    drop(reader);
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert!(!version(1).exists() && version(2).exists());
}
