//! Faults between server and workspace.

use axum::http::header;
use serde_json::json;

use crate::sandbox::{Sandbox, numbers, parquet};
use crate::server_stand_in::{Fault, StandIn};

#[test]
fn requests_to_a_busy_server_are_retried() {
    let server = StandIn::start();
    server.offer("orders", &numbers(1));
    server.fault("orders", Fault::Status(503));
    server.fault("orders", Fault::Status(503));
    let sandbox = Sandbox::signed_in(&server);
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert_eq!(server.seen("/download").len(), 3);
}

#[test]
fn refusals_are_reported_and_not_retried() {
    let server = StandIn::start();
    server.offer("orders", &numbers(1));
    server.offer("other", &numbers(2));
    server.fault("orders", Fault::Status(403));
    let sandbox = Sandbox::signed_in(&server);
    insta::assert_snapshot!(sandbox.run(&["pull"]).text, @r"
    exit 4
    --- stdout
    Updated 1 tables (2 total).
    --- stderr
    warn: orders: HTTP 403: HTTP 403
    ");
    assert_eq!(server.seen("/api/data/orders/").len(), 1);
}

#[test]
fn an_interrupted_transfer_is_resumed() {
    let server = StandIn::start();
    let bytes = numbers(1);
    let half = bytes.len() / 2;
    server.offer("orders", &bytes);
    server.fault("orders", Fault::Cut(half));
    let sandbox = Sandbox::signed_in(&server);
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert_eq!(sandbox.pulled("orders").unwrap(), bytes);
    let requests = server.seen("/download");
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].headers[header::RANGE], format!("bytes={half}-"));
    assert_eq!(requests[1].headers[header::IF_RANGE], requests[1].headers[header::IF_MATCH]);
}

#[test]
fn an_interrupted_transfer_is_resumed_by_the_next_run() {
    let server = StandIn::start();
    let bytes = numbers(1);
    let half = bytes.len() / 2;
    server.offer("orders", &bytes);
    server.fault("orders", Fault::Cut(half));
    let sandbox = Sandbox::signed_in(&server);
    let ran = sandbox.finished(sandbox.command(&["pull"]).env("AGNES_STREAM_RETRIES", "0").output().unwrap());
    assert_eq!(ran.code, 1, "{}", ran.text);
    assert_eq!(sandbox.pulled("orders"), None);
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert_eq!(sandbox.pulled("orders").unwrap(), bytes);
    assert_eq!(server.seen("/download")[1].headers[header::RANGE], format!("bytes={half}-"));
    assert!(!sandbox.files().iter().any(|file| file.ends_with(".part")));
}

#[test]
fn a_part_file_of_an_older_version_is_not_resumed() {
    let server = StandIn::start();
    server.offer("orders", &numbers(1));
    server.fault("orders", Fault::Cut(1000));
    let sandbox = Sandbox::signed_in(&server);
    sandbox.finished(sandbox.command(&["pull"]).env("AGNES_STREAM_RETRIES", "0").output().unwrap());
    server.offer("orders", &numbers(2));
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert_eq!(sandbox.pulled("orders").unwrap(), numbers(2));
    assert!(!server.seen("/download")[1].headers.contains_key(header::RANGE));
    assert!(!sandbox.files().iter().any(|file| file.ends_with(".part")));
}

#[test]
fn wrong_bytes_do_not_replace_a_file() {
    let server = StandIn::start();
    let old = numbers(1);
    server.offer("orders", &old);
    let sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    let new = numbers(2);
    let mut wrong = new.clone();
    wrong[100] ^= 0xff;
    server.offer("orders", &new);
    server.fault("orders", Fault::Bytes(wrong));
    let ran = sandbox.run(&["pull", "--json"]);
    assert_eq!((ran.code, &ran.json()["ok"]), (4, &json!(false)));
    assert!(ran.json()["errors"][0]["error"].as_str().unwrap().starts_with("hash mismatch: expected "), "{}", ran.text);
    assert_eq!(sandbox.pulled("orders").unwrap(), old);
    assert_eq!(sandbox.value("SELECT count(*) FROM orders"), "3000");
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert_eq!(sandbox.pulled("orders").unwrap(), new);
}

#[test]
fn a_damaged_part_file_is_downloaded_again() {
    let server = StandIn::start();
    let bytes = numbers(1);
    server.offer("orders", &bytes);
    server.fault("orders", Fault::Cut(1000));
    let sandbox = Sandbox::signed_in(&server);
    sandbox.finished(sandbox.command(&["pull"]).env("AGNES_STREAM_RETRIES", "0").output().unwrap());
    let parts = sandbox.files();
    let part = parts.iter().find(|file| file.ends_with(".part")).expect("a part is kept");
    std::fs::write(sandbox.workspace.join(part), vec![7; 1000]).unwrap();
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert_eq!(sandbox.pulled("orders").unwrap(), bytes);
}

#[test]
fn a_file_that_changes_after_the_manifest_is_pulled_in_its_new_version() {
    let server = StandIn::start();
    server.offer("orders", &numbers(1));
    server.fault("orders", Fault::Replaced(numbers(2)));
    let sandbox = Sandbox::signed_in(&server);
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert_eq!(sandbox.pulled("orders").unwrap(), numbers(2));
    assert_eq!(server.seen("/manifest").len(), 2);
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 0);
}

#[test]
fn invalid_table_names_are_refused() {
    let server = StandIn::start();
    server.offer("../../evil", &numbers(1));
    server.offer("orders", &parquet("SELECT 1 AS id"));
    server.offer("ORDERS", &parquet("SELECT 2 AS id"));
    let sandbox = Sandbox::signed_in(&server);
    let ran = sandbox.run(&["pull", "--quiet"]);
    insta::assert_snapshot!(ran.text, @r"
    exit 4
    --- stdout
    --- stderr
    warn: ../../evil: the server offers it under a name that is not allowed
    warn: orders: another table has the same name except for case
    ");
    assert!(!sandbox.home().join("evil.parquet").exists());
    assert_eq!(server.seen("/download").len(), 1);
}

#[test]
fn disk_space_is_checked_before_the_downloads() {
    let server = StandIn::start();
    let table = json!({"hash": "0".repeat(32), "size_bytes": 1_u64 << 60, "rows": 1, "query_mode": "local"});
    server.answer("GET /api/sync/manifest", 200, json!({"tables": {"huge": table}, "server_time": ""}));
    let sandbox = Sandbox::signed_in(&server);
    let ran = sandbox.run(&["pull"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("Error: the downloads need 1048576.0 TB, but only "), "{}", ran.text);
    assert!(server.seen("/download").is_empty());
}

#[test]
fn signed_out() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_out(&server.url);
    insta::assert_snapshot!(sandbox.run(&["pull"]).text, @r"
    exit 7
    --- stdout
    --- stderr
    Error: not signed in to [SERVER]
      hint: Run: agnes auth login, or: agnes auth import-token
    ");
    assert!(server.seen("").is_empty());
    assert!(sandbox.files().is_empty());
    insta::assert_snapshot!(sandbox.run(&["pull", "--token", "expired"]).text, @r"
    exit 7
    --- stdout
    --- stderr
    HTTP 401: Invalid token
      hint: The token is missing, expired or revoked. Run: agnes auth login, or:
        agnes auth import-token
    ");
}

#[test]
fn unreachable() {
    // A port that was free a moment ago, so nothing listens on it.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let sandbox = Sandbox::signed_out(&url);
    let ran = sandbox.run(&["pull", "--token", "any"]);
    insta::assert_snapshot!(ran.text, @r"
    exit 7
    --- stdout
    --- stderr
    Error: cannot reach [SERVER]: Connection refused (os error 111)
      hint: Is the server running, and is the address right? Set it with --server or
        AGNES_SERVER.
    ");
    let ran = sandbox.run(&["pull", "--json", "--token", "any"]);
    let error: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!((ran.code, &error["error"]["kind"]), (7, &json!("server_unreachable")));
    assert_eq!((&ran.json()["ok"], &ran.json()["errors"][0]["stage"]), (&json!(false), &json!("manifest")));
}

#[test]
fn a_text_instead_of_a_manifest_is_reported() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    server.answer("GET /api/sync/manifest", 200, json!("welcome"));
    let ran = sandbox.run(&["pull"]);
    assert_eq!(ran.code, 7);
    assert!(ran.stderr.contains("does not answer like an Agnes server"), "{}", ran.text);
}

#[test]
fn invalid_settings_are_reported_and_ignored() {
    let server = StandIn::start();
    server.offer("orders", &parquet("SELECT 1 AS id"));
    let sandbox = Sandbox::signed_in(&server);
    let mut command = sandbox.command(&["pull"]);
    command.env("AGNES_STREAM_RETRIES", "many").env("AGNES_PULL_CONCURRENCY", "99");
    insta::assert_snapshot!(sandbox.finished(command.output().unwrap()).text, @r"
    exit 0
    --- stdout
    Updated 1 tables (1 total).
    --- stderr
    warn: AGNES_PULL_CONCURRENCY must be between 1 and 16, not 99; using 8
    warn: AGNES_STREAM_RETRIES must be a whole number, not 'many'; using 3
    ");
}
