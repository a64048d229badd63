use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::server_stand_in::StandIn;

/// A server with the table `orders`, of which this is declared.
fn start(format: Value) -> (StandIn, Sandbox) {
    let server = StandIn::start();
    let row = json!({"id": "t1", "name": "orders", "source_type": "local", "bucket": null, "source_table": null,
        "source_query": null, "sync_strategy": null, "query_mode": "local", "sync_schedule": null,
        "profile_after_sync": true, "primary_key": [], "folder": null, "description": null, "registered_by": null,
        "registered_at": null, "last_sync_error": "orders.csv: line 5", "file_format": format});
    server.answer("GET /api/admin/registry", 200, json!({"tables": [row], "count": 1}));
    server.answer(
        "PATCH /api/admin/registry/t1/types",
        200,
        json!({"id": "t1", "name": "orders", "file_format": {"delimiter": ";"}}),
    );
    let run = json!({"id": "r2", "status": "ok", "requested_at": "2026-11-26T05:00:00", "started_at": null, "step": null,
        "finished_at": null, "duration_ms": 20, "triggered_by": null, "requested": ["t1"], "errors": [], "tables": []});
    server.answer("GET /api/sync/runs/r2", 200, run);
    let sandbox = Sandbox::signed_in(&server);
    (server, sandbox)
}

#[test]
fn types_are_shown_with_their_reasons() {
    let format = json!({"columns": {"amount": "decimal(18,2)", "when": "date('%d.%m.%Y')"}, "delimiter": ";"});
    let (server, sandbox) = start(format.clone());
    let column = |name: &str, kind: &str, why: &str| {
        json!({"name": name, "type": kind, "declared": null, "is_declared": false,
        "values": 3, "why": why})
    };
    let answer = json!({"id": "t1", "name": "orders", "file_format": format, "columns": [
        column("id", "BIGINT", "all 30000 values"),
        column("zip", "VARCHAR", "text: line 20502 has \"n/a\"; the values before it are BIGINT"),
        column("amount", "DECIMAL(18,2)", "declared as decimal(18,2)")]});
    server.answer("GET /api/admin/registry/t1/types", 200, answer.clone());
    insta::assert_snapshot!(sandbox.run(&["admin", "table", "types", "orders"]).text, @r#"
    exit 0
    --- stdout
    COLUMN                    TYPE            WHY
    id                        BIGINT          all 30000 values
    zip                       VARCHAR         text: line 20502 has "n/a"; the values before it are BIGINT
    amount                    DECIMAL(18,2)   declared as decimal(18,2)
    Declared: --set amount='decimal(18,2)' when="date('%d.%m.%Y')" --delimiter ';'
    --- stderr
    warn: the last sync failed, so that the rows of an earlier one stay: orders.csv: line 5
    "#);
    assert_eq!(sandbox.run(&["admin", "table", "types", "ORDERS", "--json"]).json(), answer);
    assert_eq!(server.seen("PATCH /api").len(), 0);
}

/// Options for all that can be declared.
const EVERYTHING: [&str; 20] = [
    "--set",
    "amount=decimal(18,2)",
    "zip=text",
    "when=timestamp('%d.%m.%Y')",
    "--delimiter",
    ";",
    "--encoding",
    "windows-1250",
    "--skip-lines",
    "2",
    "--null",
    "n/a",
    "--null",
    "-",
    "--decimal-separator",
    ",",
    "--thousands-separator",
    ".",
    "--quote",
    "none",
];

fn everything() -> Value {
    json!({"columns": {"amount": "decimal(18,2)", "when": "timestamp('%d.%m.%Y')", "zip": "text"},
        "delimiter": ";", "quote": "none", "encoding": "windows-1250", "skip_lines": 2, "null_values": ["n/a", "-"],
        "decimal_separator": ",", "thousands_separator": "."})
}

#[test]
fn only_the_changes_are_sent() {
    let (server, sandbox) = start(json!({"columns": {"Zip": "integer", "old": "text"}, "delimiter": "|"}));
    let types = |args: &[&str]| sandbox.run(&[&["admin", "table", "types", "orders"], args].concat());
    let ran = types(&EVERYTHING);
    insta::assert_snapshot!(ran.text, @r"
    exit 0
    --- stdout
    Declared for orders: --delimiter ';'
    --- stderr
    The next sync applies it; do that now with: agnes admin sync orders --wait
    ");
    let sent = |index: usize| server.seen("PATCH /api")[index].body.clone();
    assert_eq!(sent(0), everything());
    types(&["--unset", "OLD", "--quote", "", "--set", "zip=text", "Zip=double"]);
    assert_eq!(sent(1), json!({"columns": {"OLD": "", "Zip": "double"}, "quote": ""}));
    server.answer("PATCH /api/admin/registry/t1/types", 200, json!({"id": "t1", "name": "orders", "file_format": {}}));
    // What it goes with may be declared already.
    types(&["--thousands-separator", "."]);
    assert_eq!(sent(2), json!({"thousands_separator": "."}));
    let ran = types(&["--reset"]);
    assert!(ran.stdout.starts_with("Declared for orders: nothing"), "{}", ran.text);
    assert_eq!(sent(3), json!({"reset": true}));
    for (wrong, reason) in [
        (&["--set", "amount=decimal"][..], "column 'amount': 'decimal' is not a column type"),
        (&["--set", "amount"], "write COLUMN=TYPE"),
        (&["--thousands-separator", "ab"], "a separator is one character"),
        (&["--reset", "--thousands-separator", "."], "the thousands separator is neither"),
        (&["--encoding", "klingon"], "not the name of an encoding"),
    ] {
        let ran = types(wrong);
        assert!(ran.code == 2 && ran.stderr.contains(reason), "{}", ran.text);
    }
    assert_eq!(server.seen("PATCH /api").len(), 4);
}

#[test]
fn a_table_is_registered_with_its_declaration() {
    let (server, sandbox) = start(Value::Null);
    let registered = json!({"id": "sales", "name": "sales", "status": "registered"});
    server.answer("POST /api/admin/register-table", 201, registered);
    let checked = json!({"ok": true, "table": {"name": "sales", "source_type": "local", "bucket": null,
        "source_table": "sales", "query_mode": "local", "source_query": null, "rows": null, "size_bytes": null,
        "columns": [], "note": "valid"}});
    server.answer("POST /api/admin/register-table/precheck", 200, checked);
    let register = |args: &[&str]| {
        sandbox.run(&[&["admin", "table", "register", "sales", "--source-type", "local"], args].concat())
    };
    let ran = register(&EVERYTHING);
    assert_eq!(ran.code, 0, "{}", ran.text);
    register(&[]);
    let ran = register(&["--dry-run", "--set", "zip=text"]);
    assert!(ran.stdout.contains("  declared: --set zip=text"), "{}", ran.text);
    let sent: Vec<Value> =
        server.seen("POST /api/admin/register-table").iter().map(|seen| seen.body["file_format"].clone()).collect();
    assert_eq!(sent, [everything(), Value::Null, json!({"columns": {"zip": "text"}})]);
    let ran = register(&["--set", "zip=number"]);
    assert!(ran.code == 2 && ran.stderr.contains("'number' is not a column type"), "{}", ran.text);
    assert_eq!(server.seen("POST /api/admin/register-table").len(), 3);
}

#[test]
fn a_declaration_can_be_applied_at_once() {
    let (server, sandbox) = start(Value::Null);
    let triggered = json!({"status": "triggered", "tables": ["t1"], "message": "Started.", "run_id": "r2"});
    server.answer("POST /api/sync/trigger", 200, triggered);
    insta::assert_snapshot!(sandbox.run(&["admin", "table", "types", "orders", "--set", "zip=text", "--sync"]).text, @r"
    exit 0
    --- stdout
    Sync ok after 0.0 s: 0 tables done, 0 failed.
    --- stderr
    Declared for orders: --delimiter ';'
    ");
    assert_eq!(server.seen("PATCH /api")[0].body, json!({"columns": {"zip": "text"}}));
    assert_eq!(server.seen("POST /api/sync/trigger")[0].body, json!(["t1"]));
}

#[test]
fn an_upload_says_how_its_file_is_read() {
    let (server, sandbox) = start(json!({"delimiter": ";"}));
    std::fs::write(sandbox.workspace.join("orders.csv"), "id\n1\n").unwrap();
    let answer = json!({"id": "t1", "name": "orders", "rows": 1, "size_bytes": 5, "columns": [], "status": "updated",
        "run_id": "r2", "notes": ["column zip is text, since line 3 has \"n/a\"; the values before it are BIGINT"]});
    server.answer("POST /api/upload/tables/orders", 201, answer.clone());
    let upload = |args: &[&str]| sandbox.run(&[&["admin", "upload-table", "orders.csv"], args].concat());
    assert_eq!(upload(&["--set", "zip=text", "--json"]).json(), answer);
    let sent = server.seen("POST /api/upload")[0].body.to_string();
    assert!(sent.contains("file_format_changes") && sent.contains(r#"{\"columns\":{\"zip\":\"text\"}}"#), "{sent}");
    upload(&["--json"]);
    let sent = server.seen("POST /api/upload")[1].body.to_string();
    assert!(!sent.contains("file_format"), "{sent}");
    let ran = upload(&[]);
    assert!(ran.stderr.contains("column zip is text, since line 3"), "{}", ran.text);
    assert_eq!(upload(&["--set", "zip=number"]).code, 2);
    assert_eq!(server.seen("POST /api/upload").len(), 3);
}
