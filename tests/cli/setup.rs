//! The first steps with a new server, against a real one; and what goes wrong, against a stand-in.

use serde_json::{Value, json};

use crate::program::{Place, Ran, finish};
use crate::sandbox::Sandbox;
use crate::server_stand_in::StandIn;

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "a long password 7";

fn json_of(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

#[test]
fn from_an_empty_server_to_tables() {
    let place = Place::new(&[]);
    let server = place.serve(&[]);
    let run = |args: &[&str], input: &str| finish(&mut place.command(args), input);
    let init = run(&["setup", "init", "--server", &server.url], "");
    assert_eq!((init.code, init.stderr.as_str()), (0, ""));
    let config = place.dir.path().join(".config/agnes/config.yaml");
    assert_eq!(std::fs::read_to_string(&config).unwrap(), format!("server: {}\n", server.url));
    let expected =
        format!("Server: {}\nConfig saved to {}\nNext: agnes setup test-connection\n", server.url, config.display());
    assert_eq!(init.stdout, expected);
    let reached = run(&["setup", "test-connection"], "");
    assert_eq!((reached.code, reached.stdout.as_str()), (0, "Server: reachable\nHealth: ok\n"), "{reached:?}");

    let weak = run(&["setup", "bootstrap", EMAIL, "--password-stdin"], "password");
    assert!(weak.code == 1 && weak.stderr.contains("too easy to guess"), "{weak:?}");
    let created = run(&["setup", "bootstrap", "--email", EMAIL, "--password-stdin"], PASSWORD);
    assert_eq!((created.code, created.stdout.as_str()), (0, "Admin user created: ann@example.com\n"), "{created:?}");
    assert_eq!(created.stderr, "You are signed in. Next: agnes setup verify\n");
    let again = run(&["setup", "bootstrap", "bob@example.com"], "");
    assert!(again.code == 1 && again.stderr.starts_with("Failed: Bootstrap disabled"), "{again:?}");
    assert!(again.stderr.contains("agnes auth login"), "{again:?}");

    let reached = run(&["setup", "test-connection"], "");
    assert!(reached.code == 0 && reached.stdout.contains("\n  duckdb_state: ok\n  db_schema: ok\n"), "{reached:?}");
    let verified = run(&["setup", "verify"], "");
    insta::assert_snapshot!(verified.stdout, @r"
      [OK  ] server: healthy
      [OK  ] auth: signed in
      [WARN] data: no tables yet: agnes admin table register, then agnes setup first-sync
      [OK  ] users: 1 users
      [OK  ] web_ui: the sign-in page is there
      [OK  ] api_docs: the description of the API is there
    It works, but look at what is marked WARN.
    ");
    assert_eq!(verified.code, 0);
    std::fs::create_dir_all(place.data_dir().join("uploads/tables")).unwrap();
    std::fs::write(place.data_dir().join("uploads/tables/orders.csv"), "id\n1\n").unwrap();
    assert_eq!(run(&["admin", "table", "register", "orders", "--source-type", "local"], "").code, 0);
    let synced = run(&["setup", "first-sync", "--wait"], "");
    assert!(synced.code == 0 && synced.stdout.contains("1 tables done, 0 failed"), "{synced:?}");
    let verified = run(&["setup", "verify", "--json"], "");
    let data = &json_of(&verified)["checks"][2];
    assert_eq!(data, &json!({"name": "data", "status": "pass", "detail": "1 tables"}), "{verified:?}");
}

#[test]
fn an_admin_without_a_password_is_warned() {
    let place = Place::new(&[]);
    let server = place.serve(&[]);
    let created = finish(place.command(&["setup", "bootstrap", EMAIL]).env("AGNES_SERVER", &server.url), "");
    assert_eq!(created.code, 0, "{created:?}");
    assert!(created.stderr.contains("warn: this account has no password"), "{created:?}");
    let synced = finish(&mut place.command(&["setup", "first-sync"]), "");
    assert!(synced.code == 0 && synced.stdout.starts_with("Status: triggered\n"), "{synced:?}");
}

#[test]
fn nothing_that_is_wrong_ends_with_0() {
    let unreachable = Sandbox::signed_out("http://127.0.0.1:1");
    assert_eq!(unreachable.run(&["setup", "test-connection"]).code, 7);
    assert_eq!(unreachable.run(&["setup", "bootstrap", EMAIL]).code, 7);
    assert_eq!(unreachable.run(&["setup", "first-sync"]).code, 7);
    for args in [&["setup", "verify"][..], &["setup", "verify", "--json"]] {
        assert_eq!(unreachable.run(args).code, 1, "{args:?}");
    }
    for args in [&["setup", "bootstrap"][..], &["setup", "bootstrap", EMAIL, "--email", EMAIL]] {
        assert_eq!(unreachable.run(args).code, 2, "{args:?}");
    }

    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    let health = json!({"status": "ok", "db_schema": "ok", "current": 25, "expected": 25, "detail": null});
    server.answer("GET /api/health", 200, health.clone());
    server.answer("GET /api/health/detailed", 401, json!({"detail": "Invalid token"}));
    let ran = sandbox.run(&["setup", "test-connection"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (7, "Server: reachable\nHealth: ok\n"), "{}", ran.text);
    server.answer("POST /api/sync/trigger", 403, json!({"detail": "Admin access required"}));
    let ran = sandbox.run(&["setup", "first-sync"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Failed: Admin access required\n"));
    server.answer("GET /api/sync/manifest", 401, json!({"detail": "Invalid token"}));
    server.answer("GET /api/users", 403, json!({"detail": "Admin access required"}));
    server.answer("GET /openapi.json", 500, json!({"detail": "broken"}));
    let ran = sandbox.run(&["setup", "verify"]);
    insta::assert_snapshot!(ran.text, @r"
    exit 1
    --- stdout
      [OK  ] server: healthy
      [FAIL] auth: not signed in, or the token is not valid: agnes auth login
      [FAIL] data: Invalid token
      [WARN] users: not checked: you are not an admin
      [WARN] web_ui: Not Found
      [WARN] api_docs: broken
    Something does not work: see what is marked FAIL.
    --- stderr
    ");
    let ran = sandbox.run(&["setup", "verify", "--json"]);
    assert_eq!((ran.code, &ran.json()["overall"]), (1, &json!("fail")));

    server.answer(
        "GET /api/health/detailed",
        200,
        json!({"status": "degraded", "services": {"data": {"status": "warning"}}}),
    );
    let ran = sandbox.run(&["setup", "test-connection"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "Server: reachable\nHealth: ok\n  data: warning\n"));
    let mut sick = health;
    sick["status"] = "unhealthy".into();
    server.answer("GET /api/health", 200, sick);
    assert_eq!(sandbox.run(&["setup", "test-connection"]).code, 1);
}

#[test]
fn another_server_in_the_environment_is_mentioned() {
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    let ran = sandbox.run(&["setup", "init", "--server", "https://agnes.example.com/"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("warn: AGNES_SERVER is set to http://127.0.0.1:1"), "{}", ran.text);
    assert_eq!(sandbox.run(&["setup", "init", "--server", "agnes.example.com"]).code, 2);
}
