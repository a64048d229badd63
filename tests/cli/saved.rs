//! `agnes saved` against a stand-in for the server.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::server_stand_in::StandIn;

fn query(id: &str, name: &str, owner: &str) -> Value {
    json!({"id": id, "name": name, "description": null, "sql": "SELECT 1", "owner_id": owner,
        "owner": format!("{owner}@example.com"), "is_own": owner == "ann", "can_manage": owner == "ann",
        "groups": [{"id": "g", "name": "Sales"}], "schedule": "every 1h", "table": "kept",
        "lineage": [{"id": "orders", "name": "orders"}], "created_at": "2026-11-23T02:08:02",
        "updated_at": "2026-11-23T02:08:02",
        "last_run": {"at": "2026-11-23T03:00:00", "status": "ok", "error": null, "rows": 3, "duration_ms": 12}})
}

/// Somebody with a query of their own, and two of others with one name.
fn start() -> (StandIn, Sandbox) {
    let server = StandIn::start();
    let queries = [query("q1", "Turnover", "ann"), query("q2", "Daily", "bob"), query("q3", "daily", "cyd")];
    server.answer("GET /api/saved-queries", 200, json!({"queries": queries, "count": 3}));
    let sandbox = Sandbox::signed_in(&server);
    (server, sandbox)
}

#[test]
fn what_there_is() {
    let (_server, sandbox) = start();
    insta::assert_snapshot!(sandbox.run(&["saved", "list"]).text, @r"
    exit 0
    --- stdout
    NAME                          OWNER                     TABLE                 SCHEDULE          LAST RUN                              ID
    Turnover                      ann@example.com           kept                  every 1h          2026-11-23T03:00:00 ok                q1
    Daily                         bob@example.com           kept                  every 1h          2026-11-23T03:00:00 ok                q2
    daily                         cyd@example.com           kept                  every 1h          2026-11-23T03:00:00 ok                q3
    --- stderr
    ");
    insta::assert_snapshot!(sandbox.run(&["saved", "show", "turnover"]).text, @r"
    exit 0
    --- stdout
    name:        Turnover
    id:          q1
    owner:       ann@example.com
    shared with: Sales
    table:       kept
    schedule:    every 1h
    made of:     orders
    last run:    2026-11-23T03:00:00 ok

    SELECT 1
    --- stderr
    ");
    assert_eq!(sandbox.run(&["saved", "show", "q2", "--json"]).json()["id"], "q2");
    assert_eq!(sandbox.run(&["saved", "list", "--json"]).json()["count"], 3);
    let (several, none) = (sandbox.run(&["saved", "show", "daily"]), sandbox.run(&["saved", "run", "nothing"]));
    assert_eq!((several.code, none.code), (1, 1));
    assert!(
        several.text.contains("hint: Use one of the ids: q2 (bob@example.com), q3 (cyd@example.com)"),
        "{}",
        several.text
    );
    assert!(none.text.contains("Saved query not found: nothing\n  hint: See those"), "{}", none.text);
}

#[test]
fn what_is_sent() {
    let (server, sandbox) = start();
    server.answer("POST /api/saved-queries", 201, query("q4", "New one", "ann"));
    server.answer("PATCH /api/saved-queries/q1", 200, query("q1", "Turnover", "ann"));
    server.answer("PUT /api/saved-queries/q1/groups/Sales", 200, query("q1", "Turnover", "ann"));
    server.answer("DELETE /api/saved-queries/q1/groups/Sales", 200, query("q1", "Turnover", "ann"));
    server.answer("DELETE /api/saved-queries/q1", 204, Value::Null);
    let file = sandbox.home().join("q.sql");
    std::fs::write(&file, "SELECT 2").unwrap();
    let at_file = format!("@{}", file.display());
    for (arguments, said) in [
        (vec!["save", "New one", "SELECT 1"], "Saved New one\n"),
        (vec!["save", "new", "--sql", &at_file, "--table", "kept", "--every", "15m"], "Saved New one\n"),
        (vec!["save", "turnover", "SELECT 3", "--replace"], "Saved Turnover\n"),
        (vec!["share", "turnover", "Sales"], "Shared Turnover with Sales\n"),
        (vec!["unshare", "q1", "Sales"], "Turnover is no longer shared with Sales\n"),
        (vec!["schedule", "turnover", "--every", "daily 05:00"], "Turnover: kept is refreshed every 1h\n"),
        (vec!["delete", "turnover", "--yes"], "Deleted Turnover and its table kept\n"),
    ] {
        let ran = sandbox.run(&[vec!["saved"], arguments.clone()].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (0, said), "{arguments:?}: {}", ran.text);
    }
    let saved = server.seen("POST /api/saved-queries");
    assert_eq!((&saved[1].body["sql"], &saved[1].body["schedule"]), (&json!("SELECT 2"), &json!("every 15m")));
    let changed = server.seen("PATCH /api/saved-queries/q1");
    assert_eq!(changed[0].body, json!({"name": "turnover", "sql": "SELECT 3"}));
    assert_eq!(changed[1].body, json!({"schedule": "daily 05:00"}));
    insta::assert_snapshot!(sandbox.run(&["saved", "save", "turnover", "SELECT 1"]).text, @r"
    exit 1
    --- stdout
    --- stderr
    You have a saved query named turnover already
      hint: Add --replace to change it.
    ");
    assert_eq!(sandbox.run(&["saved", "save", "x"]).code, 2);
    assert_eq!(sandbox.run(&["saved", "save", "x", "SELECT 1", "--every", "1h"]).code, 2);
    assert_eq!(sandbox.run(&["saved", "delete", "turnover"]).code, 2, "not confirmed");
}

#[test]
fn a_failed_refresh_is_an_error() {
    let (server, sandbox) = start();
    server.answer("POST /api/saved-queries/q1/refresh", 200, query("q1", "Turnover", "ann"));
    assert_eq!(sandbox.run(&["saved", "refresh", "turnover"]).stdout, "kept has 3 rows now\n");
    let mut failed = query("q1", "Turnover", "ann");
    failed["last_run"] = json!({"at": "2026-11-23T03:00:00", "status": "failed",
        "error": "Access denied to table 'orders'", "rows": null, "duration_ms": 12});
    server.answer("POST /api/saved-queries/q1/refresh", 200, failed);
    let ran = sandbox.run(&["saved", "refresh", "turnover"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.text);
    assert!(ran.text.contains("Access denied to table 'orders'\n  hint: The table has the rows"), "{}", ran.text);
    let shown = sandbox.run(&["saved", "refresh", "turnover", "--json"]);
    assert_eq!((shown.code, &shown.json()["last_run"]["status"]), (1, &json!("failed")));
}
