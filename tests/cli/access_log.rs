//! Listing the access log.

use serde_json::json;

use crate::sandbox::Sandbox;
use crate::server_stand_in::StandIn;

#[test]
fn who_read_what() {
    let server = StandIn::start();
    let entry = json!({"at": "2026-11-23T02:08:02.501582+00:00", "request_id": "r1", "user_id": "u1",
        "user_email": "ann@example.com", "by": "token", "token_id": "t1", "ip": "192.0.2.7", "action": "download",
        "tables": ["orders", "items"], "rows": 12, "bytes": 3456, "status": 200, "duration_ms": 3.5, "complete": true,
        "query_sha256": null});
    let page = json!({"entries": [entry], "truncated": true, "dropped": 3});
    server.answer("GET /api/admin/access-log?limit=50", 200, page.clone());
    let narrow = "GET /api/admin/access-log?user=ann%40example.com&table_name=orders&token=t1&action=query&since=2026-11-23\
                  &until=2026-11-24&limit=1";
    server.answer(narrow, 200, page.clone());
    let sandbox = Sandbox::signed_in(&server);
    insta::assert_snapshot!(sandbox.run(&["admin", "access-log"]).text, @r"
    exit 0
    --- stdout
    TIME                              USER                            ACTION     STATUS   ROWS        BYTES         TABLES
    2026-11-23T02:08:02.501582+00:00  ann@example.com                 download   200      12          3456          orders, items
    --- stderr
    There is more; see it with --until '2026-11-23T02:08:02.501582+00:00'.
    warn: 3 reads since the start of the server are missing.
    ");
    let filters = ["--user", "ann@example.com", "--table", "orders", "--token-id", "t1", "--action", "query"];
    let times = ["--since", "2026-11-23", "--until", "2026-11-24", "--limit", "1"];
    let ran = sandbox.run(&[&["admin", "access-log", "--json"], &filters[..], &times].concat());
    assert_eq!(ran.json(), page, "{:?}", server.seen("access-log"));
    assert_eq!(sandbox.run(&["admin", "access-log", "--limit", "1001"]).code, 2);
}
