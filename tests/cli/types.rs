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
    server.answer("PUT /api/admin/registry/t1", 200, json!({"id": "t1", "updated": ["file_format"]}));
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
    assert_eq!(server.seen("PUT /api").len(), 0);
}

#[test]
fn what_is_given_is_declared_and_the_rest_stays() {
    let (server, sandbox) =
        start(json!({"columns": {"Zip": "integer", "old": "text"}, "quote": "none", "delimiter": "|"}));
    let types = |args: &[&str]| sandbox.run(&[&["admin", "table", "types", "orders"], args].concat());
    let ran = types(&[
        "--set",
        "amount=decimal(18,2)",
        "zip=text",
        "when=timestamp('%d.%m.%Y')",
        "--unset",
        "OLD",
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
        "",
    ]);
    insta::assert_snapshot!(ran.text, @r#"
    exit 0
    --- stdout
    Declared for orders: --set amount='decimal(18,2)' when="timestamp('%d.%m.%Y')" zip=text --delimiter ';' --encoding windows-1250 --skip-lines 2 --decimal-separator , --thousands-separator . --null n/a --null -
    --- stderr
    The next sync applies it; do that now with: agnes admin sync orders --wait
    "#);
    let declared = json!({"columns": {"amount": "decimal(18,2)", "when": "timestamp('%d.%m.%Y')", "zip": "text"},
        "delimiter": ";", "encoding": "windows-1250", "skip_lines": 2, "null_values": ["n/a", "-"],
        "decimal_separator": ",", "thousands_separator": "."});
    assert_eq!(server.seen("PUT /api")[0].body, json!({ "file_format": declared }));

    let ran = types(&["--reset"]);
    assert!(ran.stdout.starts_with("Declared for orders: nothing"), "{}", ran.text);
    assert_eq!(server.seen("PUT /api")[1].body, json!({ "file_format": {} }));
    types(&["--reset", "--set", "id=text"]);
    assert_eq!(server.seen("PUT /api")[2].body, json!({ "file_format": {"columns": {"id": "text"}} }));
    for (wrong, reason) in [
        (&["--set", "amount=decimal"][..], "column 'amount': 'decimal' is not a column type"),
        (&["--set", "amount"], "write COLUMN=TYPE"),
        (&["--unset", "other"], "no type is declared for the column other"),
        (&["--thousands-separator", "ab"], "a separator is one character"),
        (&["--encoding", "klingon"], "not the name of an encoding"),
    ] {
        let ran = types(wrong);
        assert!(ran.code == 2 && ran.stderr.contains(reason), "{}", ran.text);
    }
    assert_eq!(server.seen("PUT /api").len(), 3);
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
    Declared for orders: --set zip=text
    ");
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
    assert!(sent.contains(r#"{\"columns\":{\"zip\":\"text\"},\"delimiter\":\";\"}"#), "{sent}");
    upload(&["--json"]);
    let sent = server.seen("POST /api/upload")[1].body.to_string();
    assert!(!sent.contains("file_format"), "{sent}");
    let ran = upload(&[]);
    assert!(ran.stderr.contains("column zip is text, since line 3"), "{}", ran.text);
    assert_eq!(upload(&["--set", "zip=number"]).code, 2);
    assert_eq!(server.seen("POST /api/upload").len(), 3);
}
