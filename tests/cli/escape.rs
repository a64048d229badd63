//! Texts of people and data on a terminal.

use serde_json::{Value, json};

use crate::sandbox::{Ran, Sandbox};
use crate::server_stand_in::StandIn;

/// Clears a screen, starts a line of its own, sets a title, shows what follows from right to left.
const HOSTILE: &str = "x\u{1b}[2J\nwarn: fake\r\u{9b}31m\u{7}\u{1b}]0;t\u{202e}gpj\u{2066}\u{200f}";

const SHOWN: &str = r"x\u{1b}[2J\nwarn: fake\r\u{9b}31m\u{7}\u{1b}]0;t\u{202e}gpj\u{2066}\u{200f}";

fn acts(letter: char) -> bool {
    letter != '\n' && letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Nothing of it reaches the terminal as it is, and no line is made of it.
fn assert_harmless(ran: &Ran, what: &str) {
    let printed = [&ran.stdout, &ran.stderr];
    for text in printed {
        assert!(!text.contains(acts), "{what}: {text:?}");
        assert!(!text.lines().any(|line| line.starts_with("warn: fake")), "{what}: {text:?}");
    }
    // An object without a known form is shown as JSON.
    let is_shown = |text: &&String| text.contains(r"x\u{1b}[2J") || text.contains(r"x\u001b[2J");
    assert!(printed.iter().any(is_shown), "{what} does not show the text: {}", ran.text);
}

fn table() -> Value {
    json!({"id": "t1", "name": HOSTILE, "source_type": "local", "bucket": HOSTILE, "source_table": null,
        "source_query": null, "sync_strategy": null, "query_mode": "local", "sync_schedule": null,
        "profile_after_sync": true, "primary_key": [], "folder": null, "description": HOSTILE, "registered_by": null,
        "registered_at": null, "last_sync_error": HOSTILE})
}

#[test]
fn names_and_reasons_cannot_steer_it() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    let user = json!({"id": "u1", "email": HOSTILE, "name": HOSTILE, "role": "user", "is_admin": false,
        "is_sso_user": false, "groups": [], "active": true, "created_at": null, "deactivated_at": null,
        "invite_url": null, "invite_email_sent": null});
    let group = json!({"id": "g1", "name": HOSTILE, "description": HOSTILE, "is_system": false, "origin": "custom",
        "created_at": null, "created_by": null, "member_count": 1, "grant_count": 2, "is_google_managed": false,
        "mapped_email": null});
    let request = json!({"id": "a1", "user_id": "u1", "user_email": HOSTILE, "resource_type": "table",
        "table_id": HOSTILE, "reason": HOSTILE, "status": "pending", "requested_at": null, "reviewed_by": null,
        "reviewed_at": null, "review_note": null});
    let entry = json!({"id": "1", "seq": 1, "timestamp": "2026-11-26T05:00:00", "user_id": "u1", "user_email": HOSTILE,
        "action": HOSTILE, "resource": HOSTILE, "params": null, "result": HOSTILE, "duration_ms": null, "hash": null});
    let column = json!({"name": HOSTILE, "type": "VARCHAR", "declared": null, "is_declared": false, "values": 1,
        "why": HOSTILE});
    let offered = json!({"id": HOSTILE, "name": HOSTILE, "bucket_id": "", "bucket_name": "", "columns": [],
        "row_count": 1, "size_bytes": null, "primary_key": [], "last_change": null, "last_import": null});
    let run = json!({"id": "r1", "status": "partial", "step": null, "triggered_by": HOSTILE, "requested": null,
        "requested_at": "2026-11-26T05:00:00", "started_at": null, "finished_at": null, "duration_ms": 1,
        "errors": [HOSTILE], "tables": [
            {"table": "a", "source": "local", "step": "extract", "rows": 1, "duration_ms": 1, "error": null,
                "notes": [HOSTILE]},
            {"table": "b", "source": "local", "step": "extract", "rows": null, "duration_ms": 1, "error": HOSTILE}]});
    let format = json!({"columns": {HOSTILE: "text"}, "null_values": [HOSTILE]});
    for (asked, answer, args) in [
        ("GET /api/users", json!([user]), &["admin", "user", "list"][..]),
        ("GET /api/admin/groups", json!([group]), &["admin", "group", "list"]),
        (
            "GET /api/access-requests/pending",
            json!({"requests": [request], "count": 1}),
            &["admin", "access-request", "list"],
        ),
        (
            "GET /api/admin/audit?limit=50",
            json!({"entries": [entry], "count": 1, "next": null}),
            &["admin", "audit", "list"],
        ),
        ("GET /api/admin/registry", json!({"tables": [table()], "count": 1}), &["admin", "table", "list"]),
        (
            "GET /api/admin/registry/t1/types",
            json!({"id": "t1", "name": HOSTILE, "file_format": format, "columns": [column]}),
            &["admin", "table", "types", "t1"],
        ),
        (
            "GET /api/admin/discover-tables",
            json!({"tables": [offered], "count": 1, "source": HOSTILE, "error": HOSTILE, "hint": HOSTILE}),
            &["admin", "table", "discover"],
        ),
        ("GET /api/sync/runs?limit=10", json!({"runs": [run], "count": 1, "next": null}), &["sync", "status"]),
        ("GET /api/sync/runs/r1", run.clone(), &["sync", "status", "r1"]),
        (
            "POST /api/query",
            json!({"columns": [HOSTILE], "rows": [[HOSTILE]], "row_count": 1, "truncated": false}),
            &["query", "--remote", "SELECT"],
        ),
    ] {
        server.answer(asked, 200, answer);
        let ran = sandbox.run(args);
        assert_eq!(ran.code, 0, "{}", ran.text);
        assert_harmless(&ran, asked);
    }
    // A listing has one row for each thing, and JSON and CSV have the text as it is.
    let types = sandbox.run(&["admin", "table", "types", "t1"]);
    assert!(types.stdout.lines().nth(1).is_some_and(|row| row.matches(SHOWN).count() == 2), "{}", types.text);
    assert_eq!(sandbox.run(&["admin", "user", "list", "--json"]).json()[0]["email"], HOSTILE);
    let csv = sandbox.run(&["query", "--remote", "SELECT", "-f", "csv"]).stdout;
    assert_eq!(csv, format!("\"{HOSTILE}\"\n\"{HOSTILE}\"\n"));
}

#[test]
fn errors_and_warnings_cannot_steer_it() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    for detail in [
        json!(HOSTILE),
        json!({"kind": HOSTILE, "hint": HOSTILE}),
        json!({"reason": "row_limit", "path": HOSTILE, "suggestion": HOSTILE}),
        json!([{"loc": ["body", HOSTILE], "msg": HOSTILE}]),
    ] {
        server.answer("GET /api/users", 400, json!({ "detail": detail }));
        server.answer("POST /api/query", 400, json!({ "detail": detail }));
        for args in [&["admin", "user", "list"][..], &["query", "--remote", "SELECT"]] {
            let ran = sandbox.run(args);
            assert_eq!(ran.code, 1, "{}", ran.text);
            assert_harmless(&ran, &detail.to_string());
        }
    }
    server.answer("GET /api/admin/registry", 200, json!({"tables": [], "count": 0}));
    let error = sandbox.run(&["admin", "table", "types", HOSTILE]);
    assert_harmless(&error, "the name that was asked for");
}
