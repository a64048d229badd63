//! Listing and verifying the audit log, and rotating the signing key.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::server_stand_in::StandIn;

#[test]
fn list() {
    let server = StandIn::start();
    let entry = json!({"id": "a1", "seq": 7, "timestamp": "2026-11-23 02:08:02.501582", "user_id": "u1",
        "user_email": "ann@example.com", "action": "token.create", "resource": "token:t1", "params": {"name": "ci"},
        "result": "ok", "duration_ms": 3, "hash": "abc"});
    let page = json!({"entries": [entry], "count": 1, "next": "x"});
    server.answer("GET /api/admin/audit?limit=50", 200, page.clone());
    let narrow = "GET /api/admin/audit?action=token.*&user=ann%40example.com&since=2026-11-23&limit=1";
    server.answer(narrow, 200, page.clone());
    let sandbox = Sandbox::signed_in(&server);
    insta::assert_snapshot!(sandbox.run(&["admin", "audit", "list"]).text, @r"
    exit 0
    --- stdout
    TIME                        USER                            ACTION                      RESOURCE                                    RESULT
    2026-11-23 02:08:02.501582  ann@example.com                 token.create                token:t1                                    ok
    --- stderr
    There is more; see it with --until '2026-11-23 02:08:02.501582'.
    ");
    let filters = ["--action", "token.*", "--user", "ann@example.com", "--since", "2026-11-23", "--limit", "1"];
    let ran = sandbox.run(&[&["admin", "audit", "list", "--json"], &filters[..]].concat());
    assert_eq!((ran.json(), ran.stderr.as_str()), (page, ""), "{:?}", server.seen("audit"));
    assert_eq!(sandbox.run(&["admin", "audit", "list", "--limit", "501"]).code, 2);
    server.answer("GET /api/admin/audit?limit=50", 403, json!({"detail": "Admin access required"}));
    let ran = sandbox.run(&["admin", "audit", "list"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Failed: Admin access required\n"));
}

#[test]
fn verify() {
    let server = StandIn::start();
    let check =
        |broken: Value| json!({"ok": broken.is_null(), "rows": 7, "head": {"seq": 7, "hash": "abc"}, "broken": broken});
    server.answer("GET /api/admin/audit/verify", 200, check(Value::Null));
    server.answer("GET /api/admin/audit/verify?head=old", 200, check("row 3 was changed".into()));
    let sandbox = Sandbox::signed_in(&server);
    let ran = sandbox.run(&["admin", "audit", "verify"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "The audit log is intact: 7 rows.\nhead: abc\n"));
    let ran = sandbox.run(&["admin", "audit", "verify", "--head", "old"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, "The audit log is BROKEN after 7 rows: row 3 was changed\n"));
    let ran = sandbox.run(&["admin", "audit", "verify", "--head", "old", "--json"]);
    assert_eq!((ran.code, &ran.json()["broken"]), (1, &json!("row 3 was changed")));
}

#[test]
fn rotate_key() {
    let server = StandIn::start();
    let path = "POST /api/admin/signing-key/rotate";
    let rotated = json!({"message": "The signing key was rotated", "previous_valid_until": "2026-11-24 02:08:02"});
    server.answer(path, 200, rotated);
    let sandbox = Sandbox::signed_in(&server);
    let expected =
        "The signing key was rotated\nSessions of the previous key stay valid until 2026-11-24 02:08:02 (UTC).\n";
    assert_eq!(sandbox.run(&["admin", "rotate-key"]).stdout, expected);
    server.answer(path, 409, json!({"detail": "JWT_SECRET_KEY is set"}));
    let ran = sandbox.run(&["admin", "rotate-key"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Failed: JWT_SECRET_KEY is set\n"));
    let rotated = json!({"message": "The key of second factors was rotated", "second_factors": 3});
    server.answer("POST /api/admin/second-factor-key/rotate", 200, rotated);
    let ran = sandbox.run(&["admin", "second-factor-key", "rotate"]);
    assert_eq!(ran.stdout, "The key of second factors was rotated\nEncrypted anew: 3\n");
}
