//! `agnes push`, `status` and `diagnose`.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, parquet};
use crate::server_stand_in::StandIn;

fn accepting() -> StandIn {
    let server = StandIn::start();
    server.answer("POST /api/upload/sessions", 200, json!({"status": "ok"}));
    server.answer("POST /api/upload/local-md", 200, json!({"status": "ok"}));
    server
}

/// The folder in which Claude Code keeps the transcripts of the workspace.
fn transcripts(sandbox: &Sandbox) -> PathBuf {
    let name: String = sandbox
        .workspace
        .to_string_lossy()
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() { it } else { '-' })
        .collect();
    let folder = sandbox.home().join(".claude/projects").join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A workspace with two transcripts and notes.
fn workspace(server: &StandIn) -> Sandbox {
    let sandbox = Sandbox::signed_in(server);
    fs::write(sandbox.workspace.join("AGNES_WORKSPACE.md"), "").unwrap();
    let folder = transcripts(&sandbox);
    fs::write(folder.join("one.jsonl"), "{\"n\":1}\n").unwrap();
    fs::write(folder.join("two.jsonl"), "{\"n\":2}\n").unwrap();
    fs::write(folder.join("three.txt"), "not a transcript").unwrap();
    fs::create_dir(sandbox.workspace.join(".claude")).unwrap();
    fs::write(sandbox.workspace.join(".claude/CLAUDE.local.md"), "We say revenue, not turnover.").unwrap();
    sandbox
}

#[test]
fn each_file_is_uploaded_once_and_again_when_it_has_grown() {
    let server = accepting();
    let sandbox = workspace(&server);
    insta::assert_snapshot!(sandbox.run(&["push"]).text, @r"
    exit 0
    --- stdout
    Uploaded 2 sessions
    Uploaded CLAUDE.local.md
    --- stderr
    ");
    let uploads = server.seen("/api/upload/sessions");
    let bodies: Vec<_> = uploads.iter().map(|seen| seen.body.as_str().unwrap()).collect();
    let has = |name: &str, text: &str| {
        let field = format!("name=\"file\"; filename=\"{name}\"");
        bodies.iter().any(|body| body.contains(&field) && body.contains(text))
    };
    assert!(has("one.jsonl", "{\"n\":1}\n") && has("two.jsonl", "{\"n\":2}\n"), "{bodies:?}");
    assert_eq!(server.seen("/api/upload/local-md")[0].body, json!({"content": "We say revenue, not turnover."}));

    insta::assert_snapshot!(sandbox.run(&["push"]).text, @r"
    exit 0
    --- stdout
    Uploaded 0 sessions (2 sent before)
    --- stderr
    ");
    fs::write(transcripts(&sandbox).join("two.jsonl"), "{\"n\":2}\n{\"n\":3}\n").unwrap();
    let status = sandbox.run(&["status", "--json"]).json();
    assert_eq!(status["sessions_pending_upload"], 1);
    let report = sandbox.run(&["push", "--json"]).json();
    assert_eq!(report, json!({"sessions": 1, "local_md": false, "errors": [], "ok": true, "unchanged": 1}));
    assert_eq!(server.seen("/api/upload/").len(), 4);
    assert!(server.seen("/api/upload/sessions")[2].body.as_str().unwrap().contains("{\"n\":3}"));
}

#[test]
fn long_transcripts_are_compressed_for_a_server_that_unpacks_them() {
    let server = accepting();
    let sandbox = workspace(&server);
    let long = |n: u32| format!("{{\"n\":{n}}}\n").repeat(2_000);
    let grow = |n: u32| fs::write(transcripts(&sandbox).join("two.jsonl"), long(n)).unwrap();
    grow(1);
    assert_eq!(sandbox.run(&["push", "--json"]).json()["sessions"], 2);
    let is_packed = |seen: &crate::server_stand_in::Seen| seen.headers.contains_key("content-encoding");
    let old = server.seen("/api/upload/sessions");
    assert!(!old.iter().any(is_packed), "v0.35 does not say that it does");

    server.answer(
        "GET /api/version",
        200,
        json!({"version": "1", "channel": "dev", "image_tag": "", "commit_sha": "", "schema_version": 25,
            "deployed_at": "", "upload_encodings": ["gzip"]}),
    );
    grow(2);
    fs::write(transcripts(&sandbox).join("one.jsonl"), "{\"n\":4}\n").unwrap();
    assert_eq!(sandbox.run(&["push", "--json"]).json()["sessions"], 2);
    let new = server.seen("/api/upload/sessions").split_off(old.len());
    let body = |packed: bool| new.iter().find(|seen| is_packed(seen) == packed).unwrap().body.as_str().unwrap();
    assert!(body(true).contains("filename=\"two.jsonl\"") && body(true).contains(&long(2)), "{new:?}");
    assert!(body(false).contains("{\"n\":4}"), "{new:?}");
}

#[test]
fn status_counts_what_push_would_upload() {
    let server = accepting();
    let sandbox = workspace(&server);
    let pending = || sandbox.run(&["status", "--json"]).json()["sessions_pending_upload"].clone();
    assert_eq!(pending(), 2);
    sandbox.run(&["push"]);
    assert_eq!(pending(), 0);
    let file = transcripts(&sandbox).join("one.jsonl");
    // The same content at another time, and then another one of the same size.
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    fs::File::options().write(true).open(&file).unwrap().set_modified(later).unwrap();
    assert_eq!(pending(), 0);
    fs::write(&file, "{\"n\":7}\n").unwrap();
    assert_eq!(pending(), 1);
}

#[test]
fn a_dry_run_uploads_nothing() {
    let server = accepting();
    let sandbox = workspace(&server);
    let files = sandbox.files();
    let plan = sandbox.run(&["push", "--dry-run", "--json"]).json();
    assert_eq!(plan["summary"], json!({"sessions_count": 2, "local_md_present": true}));
    assert!(plan["would_upload"]["sessions"][0].as_str().unwrap().ends_with("/one.jsonl"), "{plan}");
    let text = sandbox.run(&["push", "--dry-run"]).stdout;
    assert!(
        text.starts_with("Dry run - would upload 2 session file(s)\n") && text.contains("Would upload CLAUDE.local.md")
    );
    assert!(server.seen("/api/upload").is_empty());
    assert_eq!(sandbox.files(), files);
}

#[test]
fn what_the_server_refuses_is_told_once_and_the_rest_is_uploaded() {
    let server = accepting();
    let sandbox = workspace(&server);
    server.answer("POST /api/upload/sessions", 413, json!({"detail": "File too large (max 50 MB)"}));
    let ran = sandbox.run(&["push"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (4, "Uploaded 0 sessions\nUploaded CLAUDE.local.md\n"), "{}", ran.text);
    assert!(ran.stderr.contains("warn: one.jsonl: HTTP 413: File too large (max 50 MB)\n"), "{}", ran.text);
    let ran = sandbox.run(&["push"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.text);

    server.answer("POST /api/upload/sessions", 500, json!({"detail": "Oops"}));
    fs::write(transcripts(&sandbox).join("one.jsonl"), "more").unwrap();
    assert_eq!(sandbox.run(&["push"]).code, 1);
    server.answer("POST /api/upload/sessions", 200, json!({}));
    assert_eq!(sandbox.run(&["push", "--json"]).json()["sessions"], 1, "a failure of the server is tried again");
}

#[test]
fn nothing_is_uploaded_from_elsewhere_or_without_a_server() {
    let server = accepting();
    let sandbox = Sandbox::signed_in(&server);
    fs::write(transcripts(&sandbox).join("private.jsonl"), "{}").unwrap();
    let ran = sandbox.run(&["push"]);
    assert_eq!(ran.code, 1, "{}", ran.text);
    assert!(
        ran.stderr.starts_with("Error: there is no workspace here\n  hint: Run this in a workspace"),
        "{}",
        ran.text
    );
    assert!(server.seen("/api/upload").is_empty() && sandbox.files().is_empty());

    let away = Sandbox::behind("http://127.0.0.1:1");
    fs::write(away.workspace.join("AGNES_WORKSPACE.md"), "").unwrap();
    fs::write(transcripts(&away).join("one.jsonl"), "{}").unwrap();
    assert_eq!(away.run(&["push"]).code, 7);
    let hook = away.run(&["push", "--hook"]);
    assert_eq!((hook.code, hook.stdout.as_str(), hook.stderr.as_str()), (0, "", ""));
    assert_eq!(away.files(), ["AGNES_WORKSPACE.md"]);
}

#[test]
fn status_needs_no_server_and_shows_what_is_here() {
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    insta::assert_snapshot!(sandbox.run(&["status"]).text, @r"
    exit 0
    --- stdout
    Workspace : [HOME]/ws
    Server    : [SERVER]
    Initialized: no
    Parquets  : 0
    Snapshots : 0
    DuckDB    : no
    Last sync : never
    Hooks     : none
    Pending uploads: 0 sessions

    Make this folder a workspace with: agnes init --server-url [SERVER] --token TOKEN
    --- stderr
    ");
    assert!(sandbox.files().is_empty());

    let server = accepting();
    server.offer("orders", &parquet("SELECT 1 AS id"));
    let sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    let status = sandbox.run(&["status", "--json"]).json();
    assert_eq!((&status["initialized"], &status["parquet_tables"]), (&json!(true), &json!(1)));
    assert_eq!(status["hooks"], json!({"pull": false, "push": false}));
    let info = sandbox.run(&["disk-info", "--json"]).json();
    assert_eq!((&info["snapshot_count"], &info["quota_gb"]), (&json!(0), &json!(10)));
    let size = sandbox.pulled("orders").unwrap().len();
    assert_eq!(info["tables_bytes"], size, "a file with two names counts once: {info}");
    assert!(info["free_bytes"].as_u64().unwrap() > 0, "{info}");
}

/// The check with this name.
fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name} in {report}"))
}

fn healthy() -> StandIn {
    let server = accepting();
    server.answer("GET /api/health", 200, json!({"status": "ok", "db_schema": "ok"}));
    server.answer(
        "GET /auth/me",
        200,
        json!({"id": "1", "user_id": "1", "email": "ann@example.com", "name": "Ann",
        "role": "user", "is_admin": false, "is_sso_user": false, "active": true, "created_at": null, "groups": [],
        "auth": {"type": "pat", "token_id": null, "expires_at": "2099-01-01 00:00:00"}}),
    );
    server.answer(
        "GET /api/health/detailed",
        200,
        json!({"status": "healthy", "services": {
        "duckdb_state": {"status": "ok"}, "db_schema": {"db_schema": "ok"},
        "data": {"status": "warning", "tables": 2, "total_rows": 3, "stale_tables": ["old"]}}}),
    );
    server
}

#[test]
fn diagnose_says_what_is_wrong_and_what_to_do() {
    let server = healthy();
    server.offer("orders", &parquet("SELECT 1 AS id"));
    let sandbox = Sandbox::signed_in(&server);
    sandbox.run(&["pull"]);
    let report = sandbox.run(&["doctor", "--json"]).json();
    let status = |name: &str| check(&report, name)["status"].as_str().unwrap().to_owned();
    assert_eq!(report["overall"], "degraded", "{report}");
    for name in
        ["server", "api", "tls", "clock", "token", "tables", "local_tables", "workspace", "local_disk", "duckdb_state"]
    {
        assert_eq!(status(name), "ok", "{name}: {report}");
    }
    assert_eq!((status("hooks").as_str(), status("data").as_str()), ("warning", "warning"));
    assert_eq!(status("db_schema"), "unknown");
    assert!(check(&report, "data")["detail"].as_str().unwrap().contains("old"), "{report}");

    // A table that the server refuses, and one that was damaged here.
    fs::write(sandbox.table_file("orders"), "damaged").unwrap();
    server.offer("gone", &[]);
    server.fault("gone", crate::server_stand_in::Fault::Status(403));
    let ran = sandbox.run(&["diagnose"]);
    assert_eq!(ran.code, 1, "{}", ran.text);
    assert!(ran.stdout.starts_with("Overall: unhealthy\n"), "{}", ran.text);
    assert!(ran.stdout.contains("[error  ] tables (1 of 2 cannot be downloaded: gone"), "{}", ran.text);
    assert!(
        ran.stdout.contains("[error  ] local_tables") && ran.stdout.contains("agnes pull --verify"),
        "{}",
        ran.text
    );
}

#[test]
fn diagnose_without_server_or_token() {
    let away = Sandbox::behind("http://127.0.0.1:1");
    let report = away.run(&["diagnose", "--json"]);
    assert_eq!(report.code, 1);
    let report = report.json();
    assert_eq!((&report["overall"], &check(&report, "api")["status"]), (&json!("unhealthy"), &json!("error")));
    assert!(
        report["suggested_actions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|action| action.as_str().unwrap().contains("--server"))
    );
    assert!(away.files().is_empty());

    let system = away.run(&["diagnose", "system"]);
    assert_eq!(system.code, 7);
    assert!(system.stderr.contains("diagnose system --local"), "{}", system.text);
    let local = away.run(&["diagnose", "system", "--local", "--json"]).json();
    assert_eq!(local, json!({"mode": "local", "tables_synced": 0, "last_sync": null, "tables": []}));
}
