//! `agnes init`

use std::fs;

use serde_json::{Value, json};

use crate::sandbox::{Ran, Sandbox, parquet};
use crate::server_stand_in::{StandIn, TOKEN};

const INSTRUCTIONS: &str = "# Example: AI Data Analyst\n\nPřečti si mě.\n";

/// A server that lets everybody with the token in.
fn welcoming() -> StandIn {
    let server = StandIn::start();
    server.answer("GET /api/catalog/tables", 200, json!({"tables": []}));
    let address = server.url.replace(':', "%3A").replace('/', "%2F");
    server.answer(&format!("GET /api/welcome?server_url={address}"), 200, json!({"content": INSTRUCTIONS}));
    server
}

/// Signed out, with no server configured, in an empty folder.
fn sandbox() -> Sandbox {
    Sandbox::signed_out("")
}

fn init(sandbox: &Sandbox, server: &StandIn, more: &[&str]) -> Ran {
    sandbox.run(&[&["init", "--server-url", &server.url, "--token", TOKEN], more].concat())
}

fn read(sandbox: &Sandbox, path: &str) -> String {
    fs::read_to_string(sandbox.workspace.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn settings(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&read(sandbox, ".claude/settings.json")).unwrap()
}

#[test]
fn a_folder_becomes_a_workspace() {
    let server = welcoming();
    server.offer("orders", &parquet("SELECT 1 AS id, 2.5 AS amount"));
    let sandbox = sandbox();
    let ran = init(&sandbox, &server, &[]);
    insta::assert_snapshot!(ran.text.replace(&server.url, "[SERVER]"), @r"
    exit 0
    --- stdout
    Workspace ready.
      Server   : [SERVER]
      Tables   : 1 synced (1 total)
      Rules    : 0
      Hooks    : pull at the start of a session, push at its end
      Workspace: [HOME]/ws

    Try: agnes catalog
    --- stderr
    ");
    assert_eq!(read(&sandbox, "CLAUDE.md"), INSTRUCTIONS);
    let guide = read(&sandbox, "AGNES_WORKSPACE.md");
    assert!(guide.contains(&server.url) && guide.contains(&*sandbox.workspace.to_string_lossy()), "{guide}");
    assert!(!guide.contains(TOKEN) && !guide.contains('{'), "{guide}");
    assert_eq!(settings(&sandbox)["hooks"]["SessionStart"][0]["hooks"][0]["command"], "agnes pull --hook");
    assert_eq!(settings(&sandbox)["hooks"]["SessionEnd"][0]["hooks"][0]["command"], "agnes push --hook");
    // Server and token are remembered: nothing has to be named any more.
    assert_eq!(sandbox.value("SELECT amount FROM orders"), "2.5");
    let status = sandbox.run(&["status", "--json"]).json();
    assert_eq!((&status["server"], &status["initialized"]), (&json!(server.url), &json!(true)));
}

#[test]
fn without_grants_only_what_has_content_is_made() {
    let server = welcoming();
    let sandbox = sandbox();
    let ran = init(&sandbox, &server, &["--json"]);
    assert_eq!((ran.code, &ran.json()["tables_total"]), (0, &json!(0)), "{}", ran.text);
    let files = sandbox.files();
    let others: Vec<_> = files.iter().filter(|file| !file.starts_with("user/duckdb/")).collect();
    assert_eq!(others, [".claude/CLAUDE.local.md", ".claude/settings.json", "AGNES_WORKSPACE.md", "CLAUDE.md"]);
    for folder in [".claude/rules", "server", "user/sessions", "user/snapshots", "user/artifacts", "data", ".agnes"] {
        assert!(!sandbox.workspace.join(folder).exists(), "{folder}");
    }
}

#[test]
fn again_needs_force_and_keeps_what_is_the_persons_own() {
    let server = welcoming();
    let sandbox = sandbox();
    init(&sandbox, &server, &[]);
    let mut own = settings(&sandbox);
    own["model"] = json!("opus");
    own["hooks"]["SessionStart"]
        .as_array_mut()
        .unwrap()
        .insert(0, json!({"hooks": [{"type": "command", "command": "make notes"}]}));
    fs::write(sandbox.workspace.join(".claude/settings.json"), own.to_string()).unwrap();
    fs::write(sandbox.workspace.join(".claude/CLAUDE.local.md"), "mine").unwrap();

    let refused = init(&sandbox, &server, &[]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("is a workspace already") && refused.stderr.contains("--force"),
        "{}",
        refused.text
    );
    let again = init(&sandbox, &server, &["--force"]);
    assert_eq!(again.code, 0, "{}", again.text);
    assert_eq!(read(&sandbox, ".claude/CLAUDE.local.md"), "mine");
    assert_eq!(settings(&sandbox), own, "one entry of ours for each event, and theirs");
}

#[test]
fn a_claude_md_of_ones_own_is_kept() {
    let server = welcoming();
    let sandbox = sandbox();
    fs::write(sandbox.workspace.join("CLAUDE.md"), "my instructions").unwrap();
    let ran = init(&sandbox, &server, &[]);
    assert!(ran.stdout.contains("CLAUDE.md.backup"), "{}", ran.text);
    assert_eq!(read(&sandbox, "CLAUDE.md.backup"), "my instructions");
    assert_eq!(read(&sandbox, "CLAUDE.md"), INSTRUCTIONS);
}

#[test]
fn settings_that_cannot_be_read_stay_and_are_told() {
    let server = welcoming();
    let sandbox = sandbox();
    fs::create_dir(sandbox.workspace.join(".claude")).unwrap();
    fs::write(sandbox.workspace.join(".claude/settings.json"), "{ // mine\n}").unwrap();
    let ran = init(&sandbox, &server, &[]);
    assert_eq!(ran.code, 4, "{}", ran.text);
    assert!(ran.stdout.contains("Hooks    : none") && ran.stderr.contains("is not valid JSON"), "{}", ran.text);
    assert_eq!(read(&sandbox, ".claude/settings.json"), "{ // mine\n}");
}

#[test]
fn what_fails_leaves_nothing_or_can_be_repeated() {
    let server = welcoming();
    let sandbox = sandbox();
    let refused = sandbox.run(&["init", "--server-url", &server.url, "--token", "a.b.c"]);
    assert_eq!(refused.code, 7, "{}", refused.text);
    assert!(sandbox.files().is_empty() && !sandbox.home().join(".config").exists());
    let away = sandbox.run(&["init", "--server-url", "http://127.0.0.1:1", "--token", TOKEN, "--json"]);
    let error: Value = serde_json::from_str(&away.stderr).unwrap();
    assert_eq!((away.code, &error["error"]["kind"]), (7, &json!("server_unreachable")));
    assert!(sandbox.files().is_empty());

    // The pull fails: the same command again finishes the workspace, without --force.
    server.answer("GET /api/sync/manifest", 403, json!({"detail": "Not you"}));
    let half = init(&sandbox, &server, &[]);
    assert_ne!(half.code, 0, "{}", half.text);
    assert!(half.stderr.contains("run the same agnes init again"), "{}", half.text);
    assert!(!sandbox.workspace.join("AGNES_WORKSPACE.md").exists());
    server.answer(
        "GET /api/sync/manifest",
        200,
        json!({"tables": {}, "assets": {}, "server_time": "2026-11-23T02:09:29"}),
    );
    assert_eq!(init(&sandbox, &server, &[]).code, 0);
}

#[test]
fn the_token_may_come_from_stdin_and_wins_over_a_stored_one() {
    let server = welcoming();
    let sandbox = sandbox();
    assert_eq!(init(&sandbox, &server, &[]).code, 0);
    // A stored token that has ended.
    let tokens = sandbox.home().join(".config/agnes/tokens.json");
    let stale = fs::read_to_string(&tokens).unwrap().replace(TOKEN, "stale.stale.stale");
    fs::write(&tokens, stale).unwrap();
    let ran = sandbox
        .run_with_input(&["init", "--server-url", &server.url, "--token-stdin", "--force"], &format!("{TOKEN}\n"));
    assert_eq!(ran.code, 0, "{}", ran.text);
    assert!(fs::read_to_string(&tokens).unwrap().contains(TOKEN));
}
