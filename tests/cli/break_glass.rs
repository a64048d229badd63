//! Commands that work on the data directory of a stopped server.

use rustix::process::Signal;

use crate::program::{Place, Ran, Serving, finish};

const PASSWORD: &str = "a long password 7";

/// Runs a command against a server, with a HOME of its own.
fn at(place: &Place, server: &Serving, args: &[&str], input: &str) -> Ran {
    finish(place.command(args).env("AGNES_SERVER", &server.url), input)
}

fn sign_in(place: &Place, server: &Serving, email: &str) {
    let ran = at(place, server, &["auth", "login", "--email", email, "--password-stdin"], PASSWORD);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn break_glass_creates_an_admin_while_the_server_is_stopped() {
    let seeds = [("SEED_ADMIN_EMAIL", "ann@example.com"), ("SEED_ADMIN_PASSWORD", PASSWORD)];
    let place = Place::new(&seeds);
    let grant = ["admin", "break-glass", "grant-admin", "Bob@example.com", "--yes"];
    let ran = place.run(&grant);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.stderr.contains("there is no state database"), "{ran:?}");
    assert!(!place.data_dir().join("state/system.duckdb").exists(), "none is made");

    let server = place.serve(&[]);
    sign_in(&place, &server, "ann@example.com");
    assert_eq!(at(&place, &server, &["admin", "add-user", "bob@example.com"], "").code, 0);
    let set = ["admin", "set-password", "bob@example.com", "--password-stdin"];
    assert_eq!(at(&place, &server, &set, PASSWORD).code, 0);
    let ran = place.run(&grant);
    assert_eq!(ran.code, 1, "the running server keeps its data: {ran:?}");
    assert!(ran.stderr.contains("is in use") && ran.stderr.contains("Stop the server"), "{ran:?}");
    sign_in(&place, &server, "bob@example.com");
    assert_eq!(at(&place, &server, &["admin", "list-users"], "").code, 1, "no admin yet");
    assert_eq!(server.end(Signal::TERM).0, Some(0));

    let ran = place.run(&grant[..4]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "nobody confirmed: {ran:?}");
    let ran = place.run(&grant);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "Granted: Bob@example.com is an admin now.\n"), "{ran:?}");
    let ran = place.run(&grant);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "Bob@example.com is a member of Admin already.\n"), "{ran:?}");
    let ran = place.run(&["admin", "break-glass", "grant-admin", "eve@example.com", "--yes"]);
    assert_eq!(ran.stdout, "Granted: new user eve@example.com is an admin now.\n", "{ran:?}");
    assert!(ran.stderr.contains("has no password"), "{ran:?}");
    assert_eq!(place.run(&["admin", "break-glass", "grant-admin", "bob", "--yes"]).code, 2);

    let server = place.serve(&[]);
    sign_in(&place, &server, "bob@example.com");
    let ran = at(&place, &server, &["admin", "group", "members", "Admin"], "");
    assert_eq!(ran.code, 0, "an admin now: {ran:?}");
    let bob = ran.stdout.lines().find(|line| line.starts_with("bob@example.com")).unwrap();
    assert!(bob.contains("cli_break_glass"), "{ran:?}");
    assert!(ran.stdout.contains("eve@example.com"), "{ran:?}");
}

#[test]
fn the_audit_log_can_be_verified_while_the_server_is_stopped() {
    let place = Place::new(&[("SEED_ADMIN_EMAIL", "ann@example.com"), ("SEED_ADMIN_PASSWORD", PASSWORD)]);
    let server = place.serve(&[]);
    sign_in(&place, &server, "ann@example.com");
    assert_eq!(at(&place, &server, &["admin", "add-user", "bob@example.com"], "").code, 0);
    assert_eq!(server.end(Signal::TERM).0, Some(0));
    let verify = |more: &[&str]| {
        let ran = place.run(&[&["admin", "audit", "verify", "--offline", "--json"], more].concat());
        let check: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
        (ran.code, check)
    };
    let (code, before) = verify(&[]);
    assert_eq!((code, &before["ok"]), (0, &true.into()), "{before}");
    assert!(before["rows"].as_i64().unwrap() >= 3, "{before}");
    let head = before["head"]["hash"].as_str().unwrap();

    // The log grows, and still contains the old head.
    assert_eq!(place.run(&["admin", "break-glass", "grant-admin", "bob@example.com", "--yes"]).code, 0);
    let (code, after) = verify(&["--head", head]);
    assert_eq!((code, &after["ok"]), (0, &true.into()), "{after}");
    assert_eq!(after["rows"].as_i64(), before["rows"].as_i64().map(|rows| rows + 1));
    let (code, other) = verify(&["--head", "0000"]);
    assert_eq!((code, &other["ok"]), (1, &false.into()), "{other}");

    let database = agnes::engine::Connection::open(place.data_dir().join("state/system.duckdb")).unwrap();
    database.execute("UPDATE audit_log SET action = 'nothing' WHERE seq = 2", []).unwrap();
    drop(database);
    let (code, broken) = verify(&[]);
    assert_eq!((code, &broken["broken"]), (1, &"row 2 was changed".into()), "{broken}");
}
