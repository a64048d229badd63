//! `--quiet`, `--no-color`, and names that lead somewhere else.

use serde_json::json;

use crate::commands::on_terminal;
use crate::sandbox::{Sandbox, parquet};
use crate::server_stand_in::StandIn;

#[test]
fn quiet_leaves_results_and_warnings() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    server.answer("GET /api/sync/runs?limit=10", 200, json!({"runs": [], "count": 0, "next": null}));
    let run = |args: &[&str]| {
        let ran = sandbox.run(args);
        (ran.stdout, ran.stderr)
    };
    let (shown, note) = run(&["sync", "status"]);
    assert_eq!(note, "Start one with: agnes admin sync --wait\n");
    assert_eq!(run(&["sync", "status", "--quiet"]), (shown.clone(), String::new()));
    assert_eq!(run(&["--quiet", "sync", "status"]), (shown, String::new()));
    let (_, warning) = run(&["setup", "init", "--server", "https://agnes.example.com", "--quiet"]);
    assert!(warning.starts_with("warn: AGNES_SERVER"), "{warning}");
}

/// Its own option says nothing about the tables either, and has a short form.
#[test]
fn pull_is_as_quiet_as_before() {
    let server = StandIn::start();
    server.offer("orders", &parquet("SELECT 1 AS id"));
    let sandbox = Sandbox::signed_in(&server);
    for args in [&["pull", "--quiet"][..], &["pull", "-q"], &["--quiet", "pull"]] {
        let ran = sandbox.run(args);
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""), "{args:?}");
    }
    assert!(sandbox.run(&["pull"]).stdout.starts_with("Updated 0 tables"));
}

#[test]
fn colors_can_be_turned_off() {
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    for args in [&["setup", "init", "--server", "https://agnes.example.com"][..], &["pull", "--bad"]] {
        let colored = on_terminal(&sandbox, args).stdout;
        assert!(colored.contains("\x1b["), "{colored}");
        let plain = on_terminal(&sandbox, &[args, &["--no-color"]].concat()).stdout;
        assert!(!plain.contains('\x1b'), "{plain}");
        assert!(plain.contains("warn: AGNES_SERVER") || plain.contains("'--bad'"), "{plain}");
    }
}

#[test]
fn signing_in_and_out_needs_no_group() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_out(&server.url);
    for name in ["login", "logout", "whoami"] {
        let help = |args: &[&str]| sandbox.run(args).stdout;
        let grouped = help(&["auth", name, "--help"]).replace("agnes auth", "agnes");
        assert_eq!(help(&[name, "--help"]), grouped);
        assert!(!help(&["--help"]).lines().any(|line| line.trim_start().starts_with(name)), "{name}");
    }
    assert_eq!(sandbox.run(&["whoami"]).text, sandbox.run(&["auth", "whoami"]).text);
}
