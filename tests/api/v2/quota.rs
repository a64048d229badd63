use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{offer, reader};
use crate::support::{Client, TestApp};

/// A server with these limits of scans and a table of a million rows, and somebody who may read it.
async fn start(limits: &str) -> (TestApp, Client) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("instance.yaml"), format!("api:\n  scan:\n    {limits}\n")).unwrap();
    let app = TestApp::start_in(dir, &[]).await;
    offer(&app, &[("numbers", &[("", "SELECT i, hash(i) AS h, 'row ' || i AS text FROM range(1000000) t(i)")])]).await;
    let bob = reader(&app, &["numbers"]).await;
    (app, bob)
}

fn of(limit: u64) -> Value {
    json!({ "table_id": "numbers", "limit": limit })
}

#[tokio::test]
async fn bytes_of_a_day_count_also_after_a_restart() {
    let (app, bob) = start("max_daily_bytes_per_user: 20000").await;
    let answer = bob.post_json("/api/v2/scan", of(1000)).await;
    assert_eq!(answer.status, 200);
    let used = answer.body.len();
    assert!(used > 20_000);
    let refused = bob.post_json("/api/v2/scan", of(1)).await;
    let detail = refused.json()["detail"].clone();
    let seconds = detail["retry_after_seconds"].as_u64().unwrap();
    assert_eq!(refused.status, 429);
    assert_eq!(
        detail,
        json!({"error": "quota_exceeded", "kind": "daily_bytes", "current": used, "limit": 20000, "retry_after_seconds": seconds})
    );
    assert!((0..=86_400).contains(&seconds));
    assert_eq!(refused.header("retry-after"), seconds.max(1).to_string());
    // Everybody has their own, and an estimate costs nothing.
    assert_eq!(app.admin().await.post_json("/api/v2/scan", of(1)).await.status, 200);
    assert_eq!(bob.post_json("/api/v2/scan/estimate", of(1)).await.status, 200);
    assert_eq!(bob.get("/api/v2/sample/numbers").await.status, 200);

    // The state database has it, without the server having been stopped.
    let stored = async || {
        let read = app
            .state
            .store
            .read(|reader| reader.find("SELECT max(bytes) FROM scan_usage", [], |row| row.get::<_, Option<u64>>(0)));
        read.await.unwrap().flatten()
    };
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while stored().await != Some(used as u64) {
        assert!(std::time::Instant::now() < deadline, "what was scanned is not stored");
        tokio::task::yield_now().await;
    }
    let root = app.data_dir().to_owned();
    app.state.store.close().await;
    let second = tempfile::tempdir().unwrap();
    assert!(
        std::process::Command::new("cp").arg("-r").arg(root.join(".")).arg(second.path()).status().unwrap().success()
    );
    let app = TestApp::start_in(second, &[]).await;
    let bob = app.with_token(bob.token());
    let refused = bob.post_json("/api/v2/scan", of(1)).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["detail"]["current"]), (429, &json!(used)), "{refused}");
}

#[tokio::test]
async fn scans_at_the_same_time() {
    let (app, bob) = start("max_concurrent_per_user: 1").await;
    // Its rows are not read, so it goes on.
    let request = bob.request(Method::POST, "/api/v2/scan").json(&of(1_000_000));
    let first = request.send().await.unwrap();
    assert_eq!(first.status(), 200);
    let refused = bob.post_json("/api/v2/scan", of(1)).await;
    let expected = json!({"error": "quota_exceeded", "kind": "concurrent_scans", "current": 1, "limit": 1, "retry_after_seconds": 0});
    assert_eq!(refused.json()["detail"], expected);
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "1"));
    assert_eq!(app.admin().await.post_json("/api/v2/scan", of(1)).await.status, 200);
    // It is given up, and another one may begin.
    drop(first);
    while bob.post_json("/api/v2/scan", of(1)).await.status != 200 {}
}

#[tokio::test]
async fn a_result_that_is_too_large_is_cut() {
    let (_app, bob) = start("max_result_bytes: 100000").await;
    let answer = bob.post_json("/api/v2/scan", of(100_000)).await;
    let rows: usize = answer.header("x-agnes-rows").parse().unwrap();
    assert_eq!((answer.status.as_u16(), answer.header("x-agnes-truncated")), (200, "true"));
    assert!(answer.body.len() <= 101_000 && answer.body.len() > 90_000, "{} bytes", answer.body.len());
    let reader = arrow::ipc::reader::StreamReader::try_new(&*answer.body, None).unwrap();
    assert_eq!(reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), rows);
}

#[tokio::test]
async fn a_scan_that_takes_too_long_is_stopped() {
    let (_app, bob) = start("request_timeout_seconds: 1").await;
    // Ten thousand comparisons with each of a million texts.
    let slow = (0..300).map(|n| format!("regexp_matches(text, '(a|b|.)*{n}x$')")).collect::<Vec<_>>().join(" OR ");
    let answer = bob.post_json("/api/v2/scan", json!({ "table_id": "numbers", "where": slow })).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["detail"]["kind"]), (504, &json!("timeout")), "{answer}");
}

#[tokio::test]
async fn hostile_predicates_have_an_error_and_the_server_goes_on() {
    let (_app, bob) = start("max_limit: 0").await;
    let list = |count: usize| format!("i IN ({})", (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
    for (what, predicate, statuses) in [
        ("a long list", list(30_000), &[200][..]),
        ("a longer list", list(100_000), &[200, 413]),
        ("a very long list", list(280_000), &[400, 413]),
        ("brackets", format!("{}i = 1{}", "(".repeat(100_000), ")".repeat(100_000)), &[400, 413]),
        ("negations", format!("{}true", "NOT ".repeat(50_000)), &[400, 413]),
        ("a chain", vec!["i = 1"; 20_000].join(" OR "), &[200, 400, 413]),
        ("sums", format!("i = {}", vec!["1"; 50_000].join("+")), &[400, 413]),
        ("a long text", format!("text = '{}'", "x".repeat(900_000)), &[200]),
        ("a deep case", format!("{}true{}", "CASE WHEN ".repeat(3_000), " THEN true END".repeat(3_000)), &[400, 413]),
        ("many unknown columns", (0..40_000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(" OR "), &[400, 413]),
    ] {
        for path in ["/api/v2/scan", "/api/v2/scan/estimate"] {
            let answer = bob
                .post_json(path, json!({ "table_id": "numbers", "select": ["i"], "limit": 1, "where": predicate }))
                .await;
            assert!(statuses.contains(&answer.status.as_u16()), "{path}, {what}: {}", answer.status);
        }
    }
    assert_eq!(bob.post_json("/api/v2/scan", of(1)).await.status, 200);
}
