//! Accounts, groups and access requests, managed by admins.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::server_stand_in::StandIn;

fn with_bob() -> (StandIn, Sandbox) {
    let server = StandIn::start();
    let bob = json!({"id": "0123456789", "email": "Bob@example.com", "name": "x", "role": "user", "is_admin": false,
        "is_sso_user": false, "groups": [], "active": true, "created_at": null, "deactivated_at": null,
        "invite_url": null, "invite_email_sent": null});
    server.answer("GET /api/users", 200, json!([bob]));
    let group = json!({"id": "g1", "name": "Sales", "description": null, "is_system": false, "origin": "custom",
        "created_at": null, "created_by": null, "member_count": 0, "grant_count": 0, "is_google_managed": false,
        "mapped_email": null});
    server.answer("GET /api/admin/groups", 200, json!([group]));
    server.answer("PATCH /api/admin/groups/g1", 200, {
        let mut renamed = group;
        renamed["name"] = "Sellers".into();
        renamed
    });
    let sandbox = Sandbox::signed_in(&server);
    (server, sandbox)
}

#[test]
fn accounts() {
    let (server, sandbox) = with_bob();
    server.answer("POST /api/users/0123456789/activate", 200, json!({}));
    server.answer("POST /api/users/0123456789/deactivate", 200, json!({}));
    let link = json!({"reset_url": "https://agnes.example.com/reset?token=x", "email_sent": false});
    server.answer("POST /api/users/0123456789/reset-password", 200, link);
    server.answer("DELETE /api/users/0123456789", 204, Value::Null);
    server.answer("DELETE /api/users/0123456789/second-factor", 204, Value::Null);
    for (args, expected) in [
        (vec!["deactivate", "bob@EXAMPLE.com"], "Deactivated bob@EXAMPLE.com\n"),
        (vec!["activate", "0123456789"], "Activated 0123456789\n"),
        (
            vec!["reset-password", "bob@example.com"],
            "Reset URL: https://agnes.example.com/reset?token=x\nEmail sent: False\n",
        ),
        (vec!["group", "rename", "Sales", "Sellers"], "Renamed group Sales to Sellers\n"),
        (
            vec!["user", "reset-second-factor", "bob@example.com"],
            "bob@example.com can sign in without a second factor.\n",
        ),
        (vec!["remove-user", "bob@example.com", "--yes"], "User removed.\n"),
    ] {
        let ran = sandbox.run(&[vec!["admin"], args].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (0, expected), "{}", ran.text);
    }
    assert_eq!(server.seen("PATCH")[0].body["name"], "Sellers");
    insta::assert_snapshot!(sandbox.run(&["admin", "remove-user", "0123456789"]).text, @r"
    exit 2
    --- stdout
    --- stderr
    Error: not confirmed: Remove Bob@example.com?
      hint: Add --yes.
    ");
    assert_eq!(server.seen("DELETE").len(), 2);
    server.answer("POST /api/users/0123456789/deactivate", 409, json!({"detail": "Cannot deactivate yourself"}));
    let ran = sandbox.run(&["admin", "deactivate", "bob@example.com"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Failed: Cannot deactivate yourself\n"));
    let ran = sandbox.run(&["admin", "set-role", "bob@example.com", "admin"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("agnes admin group add-member Admin"), "{}", ran.text);
}

#[test]
fn access_of_a_user() {
    let (server, sandbox) = with_bob();
    let path = "GET /api/admin/users/0123456789/effective-access";
    let access = json!({"is_admin": false, "items": [{"resource_type": "table", "resource_id": "orders",
        "via_groups": [{"group_id": "g1", "group_name": "Eng"}, {"group_id": "g2", "group_name": "Sales"}]}]});
    server.answer(path, 200, access.clone());
    insta::assert_snapshot!(sandbox.run(&["admin", "user", "access", "bob@example.com"]).text, @r"
    exit 0
    --- stdout
    RESOURCE TYPE           RESOURCE ID                               THROUGH
    table                   orders                                    Eng, Sales
    --- stderr
    ");
    assert_eq!(sandbox.run(&["admin", "user", "access", "bob@example.com", "--json"]).json(), access);
    let ran = sandbox.run(&["admin", "user", "access", "eve@example.com"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "User not found: eve@example.com\n"));
}

#[test]
fn access_requests() {
    let (server, sandbox) = with_bob();
    let request = json!({"id": "r1", "user_id": "0123456789", "user_email": "bob@example.com", "resource_type": "table",
        "table_id": "orders", "reason": "quarterly report", "status": "pending", "requested_at": null,
        "reviewed_by": null, "reviewed_at": null, "review_note": null});
    let all = json!({"requests": [request], "count": 1});
    server.answer("GET /api/access-requests/pending", 200, all.clone());
    server.answer("GET /api/access-requests?status=denied", 200, json!({"requests": [], "count": 0}));
    server.answer("POST /api/access-requests/r1/approve", 200, request.clone());
    server.answer("POST /api/access-requests/r1/deny", 200, request);
    let ran = sandbox.run(&["admin", "access-request", "list"]);
    let line = ran.stdout.lines().nth(1).unwrap();
    assert!(line.starts_with("r1 ") && line.ends_with("quarterly report"), "{}", ran.text);
    assert_eq!(sandbox.run(&["admin", "access-request", "list", "--json"]).json(), all);
    assert_eq!(sandbox.run(&["admin", "access-request", "list", "--status", "denied"]).stdout.lines().count(), 1);
    let ran = sandbox.run(&["admin", "access-request", "approve", "r1", "--group", "Sales"]);
    assert_eq!(ran.stdout, "Approved: bob@example.com may read orders\n", "{}", ran.text);
    assert_eq!(server.seen("/approve")[0].body, json!({"group_id": "g1", "note": null}));
    let ran = sandbox.run(&["admin", "access-request", "deny", "r1", "--note", "ask Ann"]);
    assert_eq!(ran.stdout, "Denied: bob@example.com, table orders\n", "{}", ran.text);
    assert_eq!(server.seen("/deny")[0].body, json!({"group_id": null, "note": "ask Ann"}));
    server.answer("POST /api/access-requests/r1/deny", 409, json!({"detail": "It was reviewed already"}));
    let ran = sandbox.run(&["admin", "access-request", "deny", "r1"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Failed: It was reviewed already\n"));
}
