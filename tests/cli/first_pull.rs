//! Where a pull makes a workspace, and where it does not.

use std::fs;

use crate::sandbox::{Sandbox, numbers};
use crate::server_stand_in::{Fault, StandIn};
use serde_json::json;

/// Everything in the workspace, also directories.
fn entries(sandbox: &Sandbox) -> usize {
    walkdir::WalkDir::new(&sandbox.workspace).min_depth(1).into_iter().count()
}

#[test]
fn a_first_pull_that_brings_nothing_leaves_nothing() {
    let server = StandIn::start();
    server.offer("orders", &numbers(1));
    server.offer_parts("sales", &[("a", &numbers(2))]);
    let sandbox = Sandbox::signed_in(&server);
    assert_eq!(sandbox.run(&["pull", "--token", "expired"]).code, 7);
    assert_eq!(entries(&sandbox), 0);

    server.fault("orders", Fault::Status(403));
    server.fault("sales#a", Fault::Status(403));
    insta::assert_snapshot!(sandbox.run(&["pull"]).text, @r"
    exit 1
    --- stdout
    Updated 0 tables (2 total).
    --- stderr
    warn: orders: HTTP 403: HTTP 403
    warn: sales: part a: HTTP 403: HTTP 403
    ");
    assert_eq!(entries(&sandbox), 0);
    let ran = sandbox.run(&["push"]);
    assert!(ran.code == 1 && ran.stderr.contains("there is no workspace here"), "{}", ran.text);

    assert_eq!(sandbox.run(&["pull", "--only", "nothing"]).code, 1);
    let new = sandbox.home().join("far/new");
    assert_eq!(sandbox.run(&["pull", "--token", "expired", "--workspace", new.to_str().unwrap()]).code, 7);
    assert!(entries(&sandbox) == 0 && !sandbox.home().join("far").exists());

    server.fault("orders", Fault::Status(403));
    assert_eq!(sandbox.run(&["pull"]).code, 4, "one of two");
    assert_eq!(sandbox.value("SELECT count(*) FROM sales"), "3000");
}

#[test]
fn the_beginning_of_a_file_stays_for_the_next_pull_but_makes_no_workspace() {
    let server = StandIn::start();
    server.offer("orders", &numbers(1));
    server.fault("orders", Fault::Cut(1000));
    let sandbox = Sandbox::signed_in(&server);
    let once =
        |args: &[&str]| sandbox.finished(sandbox.command(args).env("AGNES_STREAM_RETRIES", "0").output().unwrap());
    assert_eq!(once(&["pull"]).code, 1);
    assert!(sandbox.files().iter().any(|file| file.ends_with(".part")), "{:?}", sandbox.files());
    assert_eq!(sandbox.run(&["status", "--json"]).json()["initialized"], false);
    assert_eq!(sandbox.run(&["push"]).code, 1);
    server.answer("GET /api/sync/manifest", 403, json!({"detail": "Not you"}));
    assert_ne!(once(&["pull"]).code, 0);
    assert!(sandbox.files().iter().any(|file| file.ends_with(".part")), "{:?}", sandbox.files());
}

#[test]
fn a_folder_with_other_files_has_to_be_meant() {
    let server = StandIn::start();
    server.offer("orders", &numbers(1));
    let sandbox = Sandbox::signed_in(&server);
    fs::create_dir_all(sandbox.workspace.join("user/photos")).unwrap();
    fs::write(sandbox.workspace.join(".profile"), "").unwrap();
    insta::assert_snapshot!(sandbox.run(&["pull"]).text, @r"
    exit 1
    --- stdout
    --- stderr
    Error: [HOME]/ws is not a workspace, and has other files in it
      hint: Run this in a workspace or in an empty folder, or make this folder a
        workspace: agnes init, or agnes pull --here
    ");
    assert_eq!(sandbox.run(&["pull", "--dry-run"]).code, 1);
    let hook = sandbox.run(&["pull", "--hook"]);
    assert_eq!((hook.code, hook.stderr.as_str()), (0, ""));
    assert_eq!((sandbox.files(), server.seen("").len()), (vec![".profile".to_owned()], 0));

    assert_eq!(sandbox.run(&["pull", "--here", "--token", "expired"]).code, 7);
    assert_eq!((sandbox.files(), entries(&sandbox)), (vec![".profile".to_owned()], 3), "and what was there stays");
    assert_eq!(sandbox.run(&["pull", "--here"]).code, 0);
    assert_eq!(sandbox.run(&["pull"]).code, 0, "it is one now");

    // Named, or with hidden files only.
    let sandbox = sandbox.in_workspace("other");
    fs::write(sandbox.workspace.join("thesis.tex"), "").unwrap();
    let mut named = sandbox.command(&["pull"]);
    assert_eq!(sandbox.finished(named.env("AGNES_LOCAL_DIR", ".").output().unwrap()).code, 0);
    let sandbox = sandbox.in_workspace("hidden");
    fs::write(sandbox.workspace.join(".envrc"), "").unwrap();
    assert_eq!(sandbox.run(&["pull"]).code, 0);
}

#[test]
fn without_a_server_the_next_step_is_named() {
    let sandbox = Sandbox::signed_out("");
    insta::assert_snapshot!(sandbox.run(&["pull"]).text, @r"
    exit 7
    --- stdout
    --- stderr
    Error: no server is configured
      hint: Run: agnes init --server-url URL, in an empty folder, or: agnes auth
        login --server URL
    ");
    assert_eq!(entries(&sandbox), 0);
}
