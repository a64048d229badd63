//! Refusals, broken streams, kills and rivals: a snapshot is old or new, and whole.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::arrow_stream::{arrow, of, whole};
use crate::sandbox::Sandbox;
use crate::server_stand_in::{End, Stream};
use crate::snapshot::{ESTIMATE, SCAN, workspace};

const CREATE: [&str; 5] = ["snapshot", "create", "events", "--as", "s"];

/// Files in `user/snapshots`.
fn snapshot_files(sandbox: &Sandbox) -> Vec<String> {
    let files = sandbox.files().into_iter();
    files.filter_map(|file| file.strip_prefix("user/snapshots/").map(str::to_owned)).collect()
}

#[test]
fn the_exit_code_says_why() {
    let (server, sandbox) = workspace();
    let catalog = json!({"tables": [], "server_time": "2026-11-23T02:14:38.917973+00:00"});
    server.answer("GET /api/v2/catalog", 200, catalog);
    let rejected =
        json!({"detail": {"error": "validator_rejected", "kind": "unknown_column", "details": {"column": "nope"}}});
    let quota = json!({"detail": {"error": "quota_exceeded", "kind": "daily_bytes", "current": 5, "limit": 4, "retry_after_seconds": 60}});
    let detail = || json!({"detail": "no"});
    let cases = [
        (400, rejected, 2),
        (401, detail(), 7),
        (403, detail(), 8),
        (404, detail(), 8),
        (409, detail(), 9),
        (422, detail(), 9),
        (429, quota, 3),
        (500, detail(), 5),
        (502, json!("<html>Bad gateway</html>"), 5),
    ];
    for (status, body, code) in cases.clone() {
        server.answer(ESTIMATE, status, body);
        let ran = sandbox.run(&CREATE);
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{}", ran.text);
        assert!(ran.stderr.starts_with("Error: estimate failed: ") && !ran.stderr.contains('<'), "{}", ran.text);
    }
    for (status, body, code) in cases {
        server.answer(SCAN, status, body);
        let ran = sandbox.run(&[&CREATE[..], &["--no-estimate"]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{}", ran.text);
        assert!(ran.stderr.starts_with("Error: fetch failed: "), "{}", ran.text);
        if status == 400 {
            insta::assert_snapshot!(ran.stderr, @r#"
            Error: fetch failed: Error: unknown_column (HTTP 400)
              error: validator_rejected
              details: {"column":"nope"}
              hint: Columns: agnes schema events
            "#);
        }
    }
    server.answer(SCAN, 200, json!("<html>Welcome to the hotel</html>"));
    let ran = sandbox.run(&[&CREATE[..], &["--no-estimate", "--json"]].concat());
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!((ran.code, &error["error"]["kind"]), (7, &json!("server_unreachable")), "{}", ran.text);
    assert!(!sandbox.workspace.join("user/snapshots").exists());
}

/// Ways in which a stream is not what it should be.
fn broken_streams() -> Vec<(&'static str, Stream)> {
    let bytes = arrow("SELECT i AS id, md5(i::VARCHAR) AS text FROM range(3000) t(i)");
    let part = |length: usize| of(bytes[..length].to_vec());
    let mut damaged = bytes.clone();
    damaged[100..200].fill(0xee);
    vec![
        ("the connection breaks", of(bytes.clone()).ending(End::Broken)),
        ("it ends in a message, as if it were whole", part(bytes.len() - 1000)),
        ("it lacks only its end", part(bytes.len() - 8)),
        ("it is empty", part(0)),
        ("there are fewer rows than were sent", of(bytes.clone()).announcing("x-agnes-rows", "3001")),
        ("there is more", of([bytes.clone(), bytes.clone()].concat())),
        ("it is damaged", of(damaged)),
        ("it is JSON", of(br#"{"detail": "the query failed"}"#.to_vec())),
        ("it is something else", Stream { media_type: "application/json", ..of(bytes) }),
    ]
}

#[test]
fn a_broken_stream_changes_nothing() {
    let (server, sandbox) = workspace();
    for (fault, stream) in broken_streams() {
        server.stream(SCAN, stream);
        let ran = sandbox.run(&CREATE);
        assert_eq!(ran.code, 7, "{fault}: {}", ran.text);
        assert!(!sandbox.workspace.join("user/snapshots").exists(), "{fault}: {:?}", snapshot_files(&sandbox));
        assert_eq!(sandbox.run(&["snapshot", "list"]).stdout, "(no snapshots)\n");
    }
    server.stream(SCAN, whole("SELECT 1 AS id").announcing("x-agnes-rows", "1"));
    assert_eq!(sandbox.run(&CREATE).code, 0);
    let before = (snapshot_files(&sandbox), sandbox.run(&["snapshot", "list", "--json"]).stdout);
    for (fault, stream) in broken_streams() {
        server.stream(SCAN, stream);
        for args in [vec!["snapshot", "refresh", "s"], [&CREATE[..], &["--force"]].concat()] {
            assert_eq!(sandbox.run(&args).code, 7, "{fault}");
            let after = (snapshot_files(&sandbox), sandbox.run(&["snapshot", "list", "--json"]).stdout);
            assert_eq!(after, before, "{fault}");
            assert_eq!(sandbox.value("SELECT id FROM s"), "1", "{fault}");
        }
    }
}

#[test]
fn rows_that_the_server_left_out_are_reported() {
    let (server, sandbox) = workspace();
    server.stream(SCAN, whole("SELECT 1 AS id").announcing("x-agnes-truncated", "true"));
    let ran = sandbox.run(&[&CREATE[..], &["--json"]].concat());
    assert_eq!((ran.code, &ran.json()["truncated"]), (4, &json!(true)), "{}", ran.text);
    assert!(ran.stderr.starts_with("(truncated: "), "{}", ran.text);
    assert_eq!(sandbox.run(&["snapshot", "list", "--json"]).json()[0]["truncated"], true);
}

#[test]
fn a_killed_command_leaves_no_snapshot() {
    let (server, sandbox) = workspace();
    server.stream(SCAN, whole("SELECT i AS id FROM range(100000) t(i)").ending(End::Held));
    let mut child = sandbox.spawn(&mut sandbox.command(&CREATE));
    let is_temporary = |file: &String| file.contains(".agnes-tmp-");
    let begun = SystemTime::now();
    while !snapshot_files(&sandbox).iter().any(is_temporary) {
        assert!(begun.elapsed().unwrap() < Duration::from_secs(30), "{:?}", snapshot_files(&sandbox));
        std::thread::yield_now();
    }
    // Meanwhile others work, and leave its file alone.
    let temporary = snapshot_files(&sandbox).into_iter().find(|file| is_temporary(file)).unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    let touch = || File::options().write(true).open(sandbox.workspace.join("user/snapshots").join(&temporary)).unwrap();
    touch().set_modified(long_ago).unwrap();
    server.stream(SCAN, whole("SELECT 1 AS id"));
    assert_eq!(sandbox.run(&["snapshot", "create", "events", "--as", "other"]).code, 0);
    assert!(snapshot_files(&sandbox).contains(&temporary));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(sandbox.run(&["snapshot", "list", "--json"]).json().as_array().unwrap().len(), 1);
    touch().set_modified(long_ago).unwrap();
    assert_eq!(sandbox.run(&CREATE).code, 0);
    let files = ["other.meta.json", "other.parquet", "s.meta.json", "s.parquet"];
    assert_eq!(snapshot_files(&sandbox), [&[".lock"][..], &files].concat());
}

/// As after a kill between the file and its description.
#[test]
fn a_file_without_its_description_describes_itself() {
    let (server, sandbox) = workspace();
    server.stream(SCAN, whole("SELECT 1 AS id"));
    assert_eq!(sandbox.run(&CREATE).code, 0);
    let folder = sandbox.workspace.join("user/snapshots");
    let description = folder.join("s.meta.json");
    let old = std::fs::read(&description).unwrap();
    server.stream(SCAN, whole("SELECT i AS id FROM range(50) t(i)"));
    assert_eq!(sandbox.run(&["snapshot", "refresh", "s", "--where", "id < 50"]).code, 0);
    let new = sandbox.run(&["snapshot", "list", "--json"]).json();
    let mut found = Vec::new();
    std::fs::write(&description, &old).unwrap();
    let before = SystemTime::now() - Duration::from_secs(60);
    File::options().write(true).open(&description).unwrap().set_modified(before).unwrap();
    found.push(sandbox.run(&["snapshot", "list", "--json"]).json());
    std::fs::remove_file(&description).unwrap();
    found.push(sandbox.run(&["snapshot", "list", "--json"]).json());
    for found in found {
        for key in ["name", "table_id", "where", "rows", "bytes_local", "result_hash_md5"] {
            assert_eq!(found[0][key], new[0][key], "{key}: {found}");
        }
    }
    assert_eq!(sandbox.run(&["snapshot", "refresh", "s"]).code, 0);
    assert_eq!(server.seen(SCAN).last().unwrap().body["where"], "id < 50");
    assert!(description.exists());
}

#[test]
fn of_two_at_once_one_wins() {
    let (server, sandbox) = workspace();
    server.stream(SCAN, whole("SELECT 1 AS id").ending(End::Held));
    let start = |name: &str| {
        let args = ["snapshot", "create", "events", "--no-estimate", "--as", name];
        sandbox.spawn(&mut sandbox.command(&args))
    };
    let children = ["same", "same", "another"].map(start);
    server.wait_for_count(SCAN, 3);
    (0..3).for_each(|_| server.release());
    let mut codes = children.map(|child| sandbox.finished(child.wait_with_output().unwrap()).code);
    codes[..2].sort_unstable();
    assert_eq!(codes, [0, 6, 0]);
    assert_eq!(sandbox.value("SELECT count(*) FROM same, another"), "1");
    let files = [".lock", "another.meta.json", "another.parquet", "same.meta.json", "same.parquet"];
    assert_eq!(snapshot_files(&sandbox), files);
}

#[test]
fn the_quota_is_kept() {
    let (server, sandbox) = workspace();
    server.stream(SCAN, whole("SELECT 1 AS id"));
    let create = |quota: &str| {
        let output =
            sandbox.command(&[&CREATE[..], &["--no-estimate"]].concat()).env("AGNES_SNAPSHOT_QUOTA_GB", quota).output();
        sandbox.finished(output.unwrap())
    };
    insta::assert_snapshot!(create("0").text, @r"
    exit 1
    --- stdout
    --- stderr
    Error: the snapshots take 0.0 B, and may take 0.0 B
      hint: Fetch less (--select, --where, --limit), remove some (agnes snapshot
        list, agnes snapshot drop NAME), or raise AGNES_SNAPSHOT_QUOTA_GB.
    ");
    assert!(server.seen(SCAN).is_empty() && snapshot_files(&sandbox).is_empty());
    let ran = create("lots");
    assert!(ran.code == 0 && ran.stderr.starts_with("warn: AGNES_SNAPSHOT_QUOTA_GB"), "{}", ran.text);
}

#[test]
fn a_query_goes_on_with_the_version_that_it_began_with() {
    let (server, sandbox) = workspace();
    let rows = "FROM range(200000) t(i)";
    server.stream(SCAN, whole(&format!("SELECT i AS id, 'old' AS version, md5(i::VARCHAR) AS text {rows}")));
    assert_eq!(sandbox.run(&CREATE).code, 0);
    server.stream(SCAN, whole("SELECT 'new' AS version, i AS other FROM range(3) t(i)"));
    let half = "SELECT version FROM s WHERE length(text) = 32";
    let sql = format!("{half} UNION ALL {half}");
    let mut command = sandbox.command(&["query", &sql, "-f", "csv", "--limit", "1000000"]);
    let mut query = sandbox.spawn(&mut command);
    let mut out = BufReader::new(query.stdout.take().unwrap());
    let mut text = String::new();
    out.read_line(&mut text).unwrap();
    // It is at work, and cannot finish: nobody reads its rows.
    assert_eq!(sandbox.run(&["snapshot", "refresh", "s"]).code, 0);
    out.read_to_string(&mut text).unwrap();
    let ran = sandbox.finished(query.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.text);
    let mut lines = text.lines();
    assert_eq!((lines.next(), lines.clone().count()), (Some("version"), 400_000));
    assert!(lines.all(|line| line == "old"));

    assert_eq!(sandbox.value("SELECT string_agg(DISTINCT version) FROM s"), "new");
    assert_eq!(snapshot_files(&sandbox), [".lock", "s.meta.json", "s.parquet"], "no other name is left");
}
