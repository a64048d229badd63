//! Pulls without faults.

use std::time::Duration;

use agnes::base::lock::FileLock;
use agnes::engine;
use serde_json::json;

use crate::sandbox::{Sandbox, numbers, parquet};
use crate::server_stand_in::{Fault, StandIn, md5};

#[test]
fn pull_downloads_exactly_the_offered_tables_and_only_changed_ones() {
    let server = StandIn::start();
    let orders = parquet("SELECT 1 AS id, 2.5 AS amount");
    server.offer("orders", &orders);
    server.offer("in.c-crm_customers", &parquet("SELECT 7 AS id"));
    server.offer_remote("huge");
    let sandbox = Sandbox::signed_in(&server);

    let ran = sandbox.run(&["pull"]);
    insta::assert_snapshot!(ran.text, @r"
    exit 0
    --- stdout
    Updated 2 tables (2 total).
    --- stderr
    ");
    assert_eq!(sandbox.pulled("orders").unwrap(), orders);
    assert_eq!(sandbox.value("SELECT amount FROM orders"), "2.5");
    assert_eq!(sandbox.value("SELECT id FROM \"in.c-crm_customers\""), "7");
    let file = |table: &str| format!("server/files/{table}.{}.parquet", md5(&sandbox.pulled(table).unwrap()));
    assert_eq!(
        sandbox.files(),
        [
            &file("in.c-crm_customers"),
            &file("orders"),
            "server/parquet/in.c-crm_customers.parquet",
            "server/parquet/orders.parquet",
            "user/duckdb/.lock",
            "user/duckdb/.readers",
            "user/duckdb/analytics.duckdb",
            "user/duckdb/sync_state.json"
        ]
    );

    server.offer("orders", &parquet("SELECT 1 AS id, 9.5 AS amount, 'new' AS note"));
    let report = sandbox.run(&["pull", "--json"]).json();
    assert_eq!(
        (&report["ok"], &report["tables_updated"], &report["parquets_total"]),
        (&json!(true), &json!(1), &json!(2))
    );
    assert_eq!(sandbox.value("SELECT note FROM orders"), "new");
    assert_eq!(server.seen("/api/data/in.c-crm_customers/").len(), 1);

    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 0);
    assert_eq!(server.seen("/download").len(), 3);
}

#[test]
fn views_in_the_database_work_for_other_programs_and_keep_the_users_objects() {
    let server = StandIn::start();
    server.offer("orders", &parquet("SELECT 5 AS id"));
    let sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    let open =
        || engine::open(&sandbox.workspace.join("user/duckdb/analytics.duckdb"), &engine::Limits::small()).unwrap();
    let connection = open();
    let id: i32 = connection.query_row("SELECT id FROM orders", [], |row| row.get(0)).unwrap();
    assert_eq!(id, 5);
    connection
        .execute_batch("CREATE TABLE mine AS SELECT 42 AS x; CREATE VIEW mine_too AS SELECT x + 1 AS y FROM mine")
        .unwrap();
    drop(connection);

    server.withdraw("orders");
    server.offer("customers", &parquet("SELECT 6 AS id"));
    sandbox.run(&["pull"]);
    assert_eq!(sandbox.value("SELECT x + y + id FROM mine, mine_too, customers"), "91");
    let views: String = open()
        .query_row(
            "SELECT string_agg(view_name, ',' ORDER BY view_name) FROM duckdb_views() WHERE NOT internal",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(views, "customers,mine_too");
}

#[test]
fn a_database_open_elsewhere_only_delays_its_views() {
    let server = StandIn::start();
    server.offer("orders", &parquet("SELECT 5 AS id"));
    let sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    let database = sandbox.workspace.join("user/duckdb/analytics.duckdb");
    let editor = engine::open(&database, &engine::Limits::small()).unwrap();
    server.offer("customers", &parquet("SELECT 6 AS id"));
    let ran = sandbox.run(&["pull"]);
    assert_eq!(ran.code, 4);
    assert!(ran.stderr.contains("local_db_busy"), "{}", ran.text);
    assert_eq!(sandbox.value("SELECT id FROM customers"), "6");
    drop(editor);
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert_eq!(sandbox.value("SELECT id FROM analytics.main.customers"), "6");
}

#[test]
fn withdrawn_tables_are_deleted() {
    let server = StandIn::start();
    server.offer("orders", &numbers(1));
    server.offer("kept", &numbers(2));
    let sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    server.withdraw("orders");
    let report = sandbox.run(&["pull", "--json"]).json();
    assert_eq!(report["tables_removed"], json!(["orders"]));
    assert_eq!(sandbox.pulled("orders"), None);
    assert_eq!(sandbox.run(&["query", "SELECT * FROM orders"]).code, 1);
    assert_eq!(sandbox.value("SELECT count(*) FROM kept"), "3000");
}

#[test]
fn four_downloads_run_concurrently() {
    let server = StandIn::start();
    for table in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        server.offer(table, &parquet("SELECT 1 AS id"));
    }
    server.require_together(4);
    let sandbox = Sandbox::signed_in(&server);
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 8);
    assert_eq!(server.most_in_flight(), 4);
}

#[test]
fn a_dry_run_reports_and_writes_nothing() {
    let server = StandIn::start();
    server.offer_as("orders", &vec![0; 54_272], &"0".repeat(32));
    let sandbox = Sandbox::signed_in(&server);
    let ran = sandbox.run(&["pull", "--dry-run"]);
    insta::assert_snapshot!(ran.text, @r"
    exit 0
    --- stdout
    Would update 1 tables (1 total), 53.0 KB.
      orders                              53.0 KB
    --- stderr
    ");
    let report = sandbox.run(&["pull", "--dry-run", "--json"]).json();
    assert_eq!(report["would_download"], json!([{"table": "orders", "size_bytes": 54_272}]));
    assert_eq!(report["tables_updated"], 0);
    assert_eq!(std::fs::read_dir(&sandbox.workspace).unwrap().count(), 0);
    assert!(server.seen("/download").is_empty());
}

#[test]
fn a_damaged_file_is_repaired() {
    let server = StandIn::start();
    let bytes = numbers(1);
    server.offer("orders", &bytes);
    let sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    std::fs::write(sandbox.table_file("orders"), &bytes[..1000]).unwrap();
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 1);
    assert_eq!(sandbox.pulled("orders").unwrap(), bytes);
}

#[test]
fn verify_finds_damage_that_keeps_size_and_time() {
    let server = StandIn::start();
    let bytes = numbers(1);
    server.offer("orders", &bytes);
    let sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    let path = sandbox.table_file("orders");
    let time = std::fs::metadata(&path).unwrap().modified().unwrap();
    let mut damaged = bytes.clone();
    damaged[500] ^= 1;
    std::fs::write(&path, &damaged).unwrap();
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 0);
    assert_eq!(sandbox.run(&["pull", "--json", "--verify"]).json()["tables_updated"], 1);
    assert_eq!(sandbox.pulled("orders").unwrap(), bytes);
}

#[test]
fn an_unreadable_state_or_one_of_another_server_is_ignored() {
    let server = StandIn::start();
    let bytes = numbers(1);
    server.offer("orders", &bytes);
    let sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    let state = sandbox.workspace.join("user/duckdb/sync_state.json");
    std::fs::write(&state, "{\"tables\": [").unwrap();
    let ran = sandbox.run(&["pull", "--json"]);
    assert_eq!((ran.code, &ran.json()["tables_updated"]), (0, &json!(0)), "the right bytes need no download");

    // Another server claims a version tag that this workspace has a file for.
    let other = StandIn::start();
    other.offer_as("orders", &numbers(2), "abc123abc123");
    let text = std::fs::read_to_string(&state).unwrap().replace(&md5(&bytes), "abc123abc123");
    std::fs::write(&state, text).unwrap();
    let ran = sandbox.run(&["pull", "--json", "--server", &other.url]);
    assert_eq!(ran.json()["tables_updated"], 1);
    assert_eq!(sandbox.pulled("orders").unwrap(), numbers(2));
}

#[test]
fn servers_without_content_hashes_work() {
    let server = StandIn::start();
    let bytes = numbers(1);
    server.offer_as("tagged", &bytes, "abc123abc123");
    server.offer_as("unversioned", &bytes, "");
    let sandbox = Sandbox::signed_in(&server);
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 2);
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 1, "without a version, every time");
    assert_eq!(server.seen("/api/data/tagged/").len(), 1);

    server.offer_as("tagged", b"<html>this is no parquet file</html>", "def456def456");
    let ran = sandbox.run(&["pull", "--json"]);
    assert_eq!(ran.code, 4);
    assert!(ran.stdout.contains("not a valid parquet"), "{}", ran.text);
    assert_eq!(sandbox.pulled("tagged").unwrap(), bytes);
}

#[test]
fn a_workspace_can_have_spaces_and_quotes_in_its_path_and_be_moved() {
    let server = StandIn::start();
    server.offer("orders", &parquet("SELECT 3 AS id"));
    let mut sandbox = Sandbox::signed_in(&server).in_workspace("Ann's work \"here\"");
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert_eq!(sandbox.value("SELECT id FROM orders"), "3");
    let moved = sandbox.home().join("moved");
    std::fs::rename(&sandbox.workspace, &moved).unwrap();
    sandbox.workspace = moved;
    assert_eq!(sandbox.value("SELECT id FROM orders"), "3");
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 0);
    assert_eq!(sandbox.value("SELECT id FROM analytics.main.orders"), "3", "the views follow");
}

#[test]
fn no_workspace_is_created_inside_another() {
    let server = StandIn::start();
    server.offer("orders", &parquet("SELECT 3 AS id"));
    let mut sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    sandbox = sandbox.in_workspace("ws/notes/deep");
    sandbox.run(&["pull"]);
    assert!(sandbox.files().is_empty());
    assert_eq!(sandbox.value("SELECT id FROM orders"), "3");
    sandbox.run(&["pull", "--here"]);
    assert!(sandbox.pulled("orders").is_some());
}

#[test]
fn a_query_runs_during_a_pull_and_a_second_pull_waits() {
    let server = StandIn::start();
    let (old, new) = (parquet("SELECT 1 AS id"), parquet("SELECT 2 AS id"));
    server.offer("orders", &old);
    let sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    server.offer("orders", &new);
    server.offer("other", &old);
    server.fault("other", Fault::Hold);
    let first = sandbox.spawn(&mut sandbox.command(&["pull", "--json"]));
    server.wait_for("/api/data/other/");
    assert_eq!(sandbox.run(&["query", "SELECT id FROM orders"]).code, 0);
    let second = sandbox.spawn(&mut sandbox.command(&["pull", "--json"]));
    server.release();
    let first = sandbox.finished(first.wait_with_output().unwrap());
    let second = sandbox.finished(second.wait_with_output().unwrap());
    assert_eq!((first.code, &first.json()["tables_updated"]), (0, &json!(2)), "{}", first.text);
    assert_eq!((second.code, &second.json()["tables_updated"]), (0, &json!(0)), "{}", second.text);
    assert_eq!(sandbox.value("SELECT id FROM orders"), "2");
}

#[test]
fn a_second_pull_gives_up_after_a_while() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    let lock = FileLock::acquire(&sandbox.workspace.join("user/duckdb/.lock")).unwrap();
    let started = std::time::Instant::now();
    let ran = sandbox.run(&["pull"]);
    assert!(started.elapsed() >= Duration::from_secs(9));
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    assert!(ran.stderr.contains("Another pull is at work here"), "{}", ran.text);
    assert!(server.seen("").is_empty());
    drop(lock);
}
