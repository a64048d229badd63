//! Personal access tokens, your own and those of others.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::server_stand_in::StandIn;

fn token(id: &str, name: &str, revoked_at: Option<&str>) -> Value {
    json!({"id": id, "name": name, "prefix": &id[..8], "created_at": "2026-11-23 02:08:02.501582",
        "expires_at": "2999-01-01 00:00:00.25", "last_used_at": null, "revoked_at": revoked_at})
}

const ONE: &str = "11111111-ad3a-4298-9aa7-f91882c51222";
const TWO: &str = "22222222-ad3a-4298-9aa7-f91882c51222";
const OLD: &str = "33333333-ad3a-4298-9aa7-f91882c51222";

#[test]
fn create() {
    let server = StandIn::start();
    let made = json!({"id": ONE, "name": "ci", "prefix": "11111111", "token": "a.b.c", "expires_at": null,
        "created_at": "2026-11-23 02:08:02.518409+00:00"});
    server.answer("POST /auth/tokens", 201, made);
    let sandbox = Sandbox::signed_in(&server);
    insta::assert_snapshot!(sandbox.run(&["auth", "token", "create", "--name", "ci", "--ttl", "never"]).text, @r"
    exit 0
    --- stdout
    Created a token. It is shown this once:

      a.b.c

    id: 11111111-ad3a-4298-9aa7-f91882c51222
    name: ci
    expires: never

    export AGNES_TOKEN=a.b.c
    --- stderr
    ");
    let ran = sandbox.run(&["auth", "token", "create", "--name", "ci", "--scope", "no-admin", "--raw"]);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("a.b.c\n", ""));
    let sent: Vec<Value> = server.seen("POST /auth/tokens").into_iter().map(|seen| seen.body).collect();
    assert_eq!(sent[0], json!({"name": "ci", "expires_in_days": null, "ttl_seconds": null, "scope": "general"}));
    assert_eq!(sent[1], json!({"name": "ci", "expires_in_days": 90, "ttl_seconds": null, "scope": "no-admin"}));
    for bad in ["90", "0d", "-1d", "soon", ""] {
        let ran = sandbox.run(&["auth", "token", "create", "--name", "ci", &format!("--ttl={bad}")]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{bad}: {}", ran.text);
    }
    assert_eq!(server.seen("POST /auth/tokens").len(), 2);
    server.answer("POST /auth/tokens", 403, json!({"detail": "A token cannot make tokens"}));
    let ran = sandbox.run(&["auth", "token", "create", "--name", "ci"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Failed: A token cannot make tokens\n"));
}

#[test]
fn list_and_revoke() {
    let server = StandIn::start();
    let tokens =
        json!([token(ONE, "ci", None), token(TWO, "laptop", None), token(OLD, "ci", Some("2026-11-23 02:08:02"))]);
    server.answer("GET /auth/tokens", 200, tokens.clone());
    for id in [ONE, TWO, OLD] {
        server.answer(&format!("DELETE /auth/tokens/{id}"), 204, Value::Null);
    }
    let sandbox = Sandbox::signed_in(&server);
    insta::assert_snapshot!(sandbox.run(&["auth", "token", "list"]).text, @r"
    exit 0
    --- stdout
    ID                                    NAME                  PREFIX      EXPIRES               LAST USED             STATUS
    11111111-ad3a-4298-9aa7-f91882c51222  ci                    11111111    2999-01-01 00:00:00   -                     active
    22222222-ad3a-4298-9aa7-f91882c51222  laptop                22222222    2999-01-01 00:00:00   -                     active
    33333333-ad3a-4298-9aa7-f91882c51222  ci                    33333333    2999-01-01 00:00:00   -                     revoked
    --- stderr
    ");
    assert_eq!(sandbox.run(&["auth", "token", "list", "--json"]).json(), tokens);
    for (reference, id, name) in [("ci", ONE, "ci"), ("22222222", TWO, "laptop"), (OLD, OLD, "ci")] {
        let ran = sandbox.run(&["auth", "token", "revoke", reference]);
        assert_eq!(ran.stdout, format!("Revoked token {id} ({name})\n"), "{}", ran.text);
    }
    let ran = sandbox.run(&["auth", "token", "revoke", "nothing"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "No token matches nothing\n"));

    server.answer("GET /auth/tokens", 200, json!([token(ONE, "ci", None), token(TWO, "ci", None)]));
    let before = server.seen("DELETE").len();
    let ran = sandbox.run(&["auth", "token", "revoke", "ci"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains(ONE) && ran.stderr.contains(TWO), "{}", ran.text);
    assert_eq!(server.seen("DELETE").len(), before, "nothing is revoked by guessing");
    server.answer("GET /auth/tokens", 200, json!([]));
    assert!(sandbox.run(&["auth", "token", "list"]).stdout.starts_with("No tokens yet."));
}

#[test]
fn admins_can_list_and_revoke_tokens_of_others() {
    let server = StandIn::start();
    let mut owned = token(ONE, "ci", None);
    owned["user_id"] = "u1".into();
    owned["user_email"] = "bob@example.com".into();
    owned["last_used_ip"] = Value::Null;
    server.answer("GET /auth/admin/tokens", 200, json!([owned]));
    server.answer(&format!("DELETE /auth/admin/tokens/{ONE}"), 204, Value::Null);
    let sandbox = Sandbox::signed_in(&server);
    let ran = sandbox.run(&["admin", "token", "list"]);
    let line = ran.stdout.lines().nth(1).unwrap();
    assert!(line.starts_with("bob@example.com") && line.contains(ONE) && line.ends_with("active"), "{}", ran.text);
    assert_eq!(sandbox.run(&["admin", "token", "list", "--json"]).json()[0]["user_email"], "bob@example.com");
    assert_eq!(sandbox.run(&["admin", "token", "revoke", "ci"]).stdout, format!("Revoked token {ONE} (ci)\n"));
    server.answer("GET /auth/admin/tokens", 403, json!({"detail": "Admin access required"}));
    let ran = sandbox.run(&["admin", "token", "list"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Failed: Admin access required\n"));
}
