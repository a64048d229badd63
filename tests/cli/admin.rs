use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::server_stand_in::StandIn;

fn user(id: &str, email: &str) -> Value {
    json!({"id": id, "email": email, "name": "x", "role": "user", "is_admin": false, "is_sso_user": false, "groups": [],
        "active": true, "created_at": null, "deactivated_at": null, "invite_url": null, "invite_email_sent": null})
}

fn group(id: &str, name: &str) -> Value {
    json!({"id": id, "name": name, "description": "d", "is_system": false, "origin": "custom", "created_at": null,
        "created_by": null, "member_count": 1, "grant_count": 2, "is_google_managed": false, "mapped_email": null})
}

fn table(id: &str, name: &str) -> Value {
    json!({"id": id, "name": name, "source_type": "keboola", "bucket": "in.c-crm", "source_table": name,
        "source_query": null, "sync_strategy": null, "query_mode": "local", "sync_schedule": null,
        "profile_after_sync": true, "primary_key": [], "folder": null, "description": null, "registered_by": null,
        "registered_at": null, "last_sync_error": null})
}

#[test]
fn users() {
    let server = StandIn::start();
    server.answer("POST /api/users", 201, user("0123456789", "bob@example.com"));
    server.answer("GET /api/users", 200, json!([user("0123456789", "bob@example.com")]));
    server.answer("POST /api/users/0123456789/set-password", 204, Value::Null);
    let sandbox = Sandbox::signed_in(&server);
    let ran = sandbox.run(&["admin", "add-user", "bob@example.com"]);
    assert_eq!(ran.stdout, "Created user: bob@example.com (id: 0123456789)\n", "{}", ran.text);
    assert_eq!(
        server.seen("POST /api/users")[0].body,
        json!({"email": "bob@example.com", "name": "bob", "send_invite": false})
    );
    let ran = sandbox.run(&["admin", "list-users"]);
    assert_eq!(ran.stdout, "  bob@example.com                user   active       id=01234567\n");
    assert_eq!(sandbox.run(&["admin", "list-users", "--json"]).json()[0]["email"], "bob@example.com");
    let ran = sandbox.run_with_input(&["admin", "set-password", "01234567", "--password-stdin"], "long enough");
    assert_eq!(ran.stdout, "Password set for 01234567\n", "{}", ran.text);
    let ran = sandbox.run_with_input(&["admin", "set-password", "eve@example.com", "--password-stdin"], "long enough");
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "User not found: eve@example.com\n"));
    let ran = sandbox.run(&["admin", "set-password", "bob@example.com", "--password", "even longer"]);
    assert_eq!(ran.stdout, "Password set for bob@example.com\n", "{}", ran.text);
    assert!(ran.stderr.starts_with("warn: --password shows in process lists"), "{}", ran.text);
    let sent = server.seen("POST /api/users/0123456789/set-password");
    assert_eq!(sent[1].body, json!({"password": "even longer"}));
    server.answer("POST /api/users", 409, json!({"detail": "User already exists"}));
    let ran = sandbox.run(&["admin", "add-user", "bob@example.com"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Failed: User already exists\n"));
}

#[test]
fn groups_and_grants() {
    let server = StandIn::start();
    server.answer("GET /api/admin/groups", 200, json!([group("g1", "Sales team")]));
    server.answer("GET /api/users", 200, json!([user("u1", "bob@example.com")]));
    server.answer("POST /api/admin/groups", 201, group("g2", "Eng"));
    server.answer("POST /api/admin/groups/g1/members", 201, json!({}));
    server.answer("DELETE /api/admin/groups/g1/members/u1", 204, Value::Null);
    server.answer("POST /api/admin/grants", 201, json!({}));
    let grant = json!({"id": "x9", "group_id": "g1", "group_name": "Sales team", "resource_type": "table",
        "resource_id": "orders", "assigned_at": null, "assigned_by": "ann@example.com"});
    server.answer("GET /api/admin/grants?resource_type=table&group_id=g1", 200, json!([grant]));
    server.answer("DELETE /api/admin/grants/x9", 204, Value::Null);
    let sandbox = Sandbox::signed_in(&server);
    for (args, expected) in [
        (vec!["group", "create", "Eng", "--description", "d"], "Created group: Eng (id=g2)\n"),
        (vec!["group", "add-member", "Sales team", "bob@example.com"], "Added bob@example.com to Sales team\n"),
        (vec!["group", "remove-member", "g1", "bob@example.com"], "Removed bob@example.com from g1\n"),
        (vec!["grant", "create", "Sales team", "table", "orders"], "Granted Sales team: table/orders\n"),
        (vec!["grant", "delete", "Sales team", "table", "orders"], "Deleted grant x9\n"),
    ] {
        let ran = sandbox.run(&[vec!["admin"], args].concat());
        assert_eq!(ran.stdout, expected, "{}", ran.text);
    }
    let sent = json!({"group_id": "g1", "resource_type": "table", "resource_id": "orders"});
    assert_eq!(server.seen("POST /api/admin/grants")[0].body, sent);
    insta::assert_snapshot!(sandbox.run(&["admin", "grant", "list", "--group", "g1", "--type", "table"]).text, @r"
    exit 0
    --- stdout
    GROUP                 RESOURCE TYPE           RESOURCE ID                               ASSIGNED BY
    Sales team            table                   orders                                    ann@example.com
    --- stderr
    ");
    let ran = sandbox.run(&["admin", "group", "delete", "Nobody"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Group not found: Nobody\n"));
}

#[test]
fn tables() {
    let server = StandIn::start();
    server.answer("GET /api/admin/registry", 200, json!({"tables": [table("t1", "orders")], "count": 1}));
    server.answer("POST /api/admin/register-table", 201, json!({"id": "t2", "name": "new", "status": "registered"}));
    server.answer("PUT /api/admin/registry/t1", 200, json!({"id": "t1", "updated": ["description"]}));
    server.answer("DELETE /api/admin/registry/t1", 204, Value::Null);
    let triggered = json!({"status": "triggered", "tables": ["t1"], "message": "Data sync started in background.",
        "run_id": "r2"});
    server.answer("POST /api/sync/trigger", 200, triggered.clone());
    let sandbox = Sandbox::signed_in(&server);
    let ran = sandbox.run(&["admin", "register-table", "new", "--bucket", "in.c-crm"]);
    assert_eq!(ran.stdout, "Registered: new\n", "{}", ran.text);
    assert!(ran.stderr.contains("agnes admin grant create <group> table t2"), "{}", ran.text);
    let sent = json!({"name": "new", "source_type": "keboola", "bucket": "in.c-crm", "source_table": "new", "query_mode": "local"});
    assert_eq!(server.seen("POST /api/admin/register-table")[0].body, sent);
    let ran = sandbox.run(&["admin", "update-table", "orders", "--description", "All orders"]);
    assert_eq!(ran.stdout, "Updated orders: description\n", "{}", ran.text);
    assert_eq!(server.seen("PUT /api")[0].body, json!({"description": "All orders"}));
    assert_eq!(sandbox.run(&["admin", "update-table", "orders"]).code, 2);
    assert_eq!(sandbox.run(&["admin", "unregister-table", "orders"]).stdout, "Unregistered: orders\n");
    let ran = sandbox.run(&["admin", "sync", "orders"]);
    insta::assert_snapshot!(ran.text, @r"
    exit 0
    --- stdout
    Sync started for orders.
    --- stderr
    See its progress with: agnes sync status
    ");
    assert_eq!(server.seen("POST /api/sync/trigger")[0].body, json!(["t1"]));
    assert_eq!(sandbox.run(&["admin", "sync"]).stdout, "Sync started for all tables that are due.\n");
    let ran = sandbox.run(&["admin", "sync", "--json"]);
    assert_eq!((ran.json(), ran.stderr.as_str()), (triggered, ""));
    assert_eq!(sandbox.run(&["admin", "sync", "nothing"]).stderr, "Table not found: nothing\n");
    server.answer("POST /api/admin/register-table", 409, json!({"detail": "Table 'new' already registered"}));
    let ran = sandbox.run(&["admin", "register-table", "new"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "Already exists: new\n"));
    server.answer("GET /api/admin/registry", 403, json!({"detail": "Admin access required"}));
    let ran = sandbox.run(&["admin", "list-tables", "--json"]);
    assert_eq!(ran.code, 1);
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(
        error,
        json!({"error": {"kind": "refused", "message": "Failed: Admin access required", "hint": null, "status": 403}})
    );
}

#[test]
fn catalog_export() {
    let server = StandIn::start();
    let path = "POST /api/admin/catalog/export";
    let mut exported = json!({"status": "exported", "metrics": {"written": 12, "removed": 1, "skipped": []},
        "tables": {"written": 3, "removed": 1, "skipped": []}, "unknown_tables": ["a", "b"], "warnings": []});
    server.answer(path, 200, exported.clone());
    let sandbox = Sandbox::signed_in(&server);
    let run = ["admin", "catalog-export"];
    assert_snapshot!(sandbox.run(&run).text, @r#"
    exit 0
    --- stdout
    Wrote 12 metrics and 3 tables; removed 2 files of earlier exports.
    --- stderr
    OpenMetadata does not have these 2 tables: a, b
    "#);
    exported["tables"]["skipped"] = json!([{"name": "orders", "reason": "OpenMetadata: status 500"}]);
    exported["warnings"] = json!(["OpenMetadata has no metrics; the files of metrics stay as they are"]);
    server.answer(path, 200, exported);
    assert_snapshot!(sandbox.run(&run).text, @r#"
    exit 4
    --- stdout
    Wrote 12 metrics and 3 tables; removed 2 files of earlier exports.
    --- stderr
    OpenMetadata does not have these 2 tables: a, b
    warn: Table orders was skipped: OpenMetadata: status 500
    warn: OpenMetadata has no metrics; the files of metrics stay as they are
    "#);
    assert_eq!(sandbox.run(&["admin", "catalog-export", "--json"]).json()["metrics"]["written"], 12);
    let detail = json!({"kind": "catalog_unavailable", "message": "OpenMetadata cannot be reached: connection refused; no file was changed",
        "hint": "Check openmetadata.url."});
    server.answer(path, 502, json!({ "detail": detail }));
    assert_snapshot!(sandbox.run(&run).text, @r#"
    exit 1
    --- stdout
    --- stderr
    Failed: OpenMetadata cannot be reached: connection refused; no file was changed
      hint: Check openmetadata.url.
    "#);
}
