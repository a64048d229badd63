use std::fs;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use reqwest::Method;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::json;
use tokio::time::timeout;

use crate::support::{Answer, DEADLINE, TestApp};

/// A server that counts, and believes proxies only at `proxies`.
async fn counting(proxies: &str) -> TestApp {
    TestApp::start_with(&[("AGNES_AUTH_RATELIMIT_ENABLED", "1"), ("FORWARDED_ALLOW_IPS", proxies)]).await
}

async fn post(app: &TestApp, path: &str, from: &str, email: &str) -> Answer {
    let request = app.request(Method::POST, path).header("x-forwarded-for", from);
    app.send(request.json(&json!({ "email": email, "password": "wrong horse" }))).await
}

#[tokio::test]
async fn the_eleventh_sign_in_within_a_minute_is_refused() {
    let app = counting("10.0.0.1").await;
    // What cannot be read does not count.
    for _ in 0..3 {
        assert_eq!(app.post_json("/auth/token", json!({})).await.status, 422);
    }
    for n in 0..10 {
        assert_eq!(post(&app, "/auth/token", &format!("192.0.2.{n}"), &format!("{n}@example.com")).await.status, 401);
    }
    // The header of somebody who is no proxy gives no fresh start.
    let refused = post(&app, "/auth/token", "192.0.2.99", "99@example.com").await;
    assert_eq!(refused.to_string(), "429 Too Many Requests\n{\"detail\":\"Too many requests — 10 per 1 minute\"}");
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    for n in 0..4 {
        let answer = app.post_json("/auth/bootstrap", json!({ "email": "no address" })).await;
        assert_eq!(answer.status, if n < 3 { 400 } else { 429 });
    }
}

#[tokio::test]
async fn guessing_one_account_from_many_addresses() {
    let app = counting("127.0.0.1").await;
    for n in 0..10 {
        assert_eq!(post(&app, "/auth/token", &format!("192.0.2.{n}"), "ann@example.com").await.status, 401);
    }
    let refused = post(&app, "/auth/token", "192.0.2.99", "Ann@Example.com").await;
    assert_eq!(refused.status, 429);
    assert_ne!(refused.header("retry-after"), "");
    assert_eq!(post(&app, "/auth/token", "192.0.2.99", "bob@example.com").await.status, 401);
}

#[tokio::test]
async fn changes_of_one_person_are_limited() {
    let app = counting("").await;
    let (ann, bob) = (app.user("ann@example.com", &["Eng"]).await, app.user("bob@example.com", &["Eng"]).await);
    let change = |who: &crate::support::Client| {
        let who = who.clone();
        async move { who.put_json("/api/settings/dataset", json!({})).await }
    };
    for _ in 0..300 {
        assert_eq!(change(&ann).await.status, 422);
    }
    let refused = change(&ann).await;
    assert_eq!(refused.to_string(), "429 Too Many Requests\n{\"detail\":\"Too many requests — 300 per 1 minute\"}");
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    // What changes nothing goes on, and so does everybody else.
    assert_eq!(ann.get("/api/settings").await.status, 200);
    assert_eq!(ann.post_json("/api/query", json!({"sql": "SELECT 1"})).await.status, 200);
    assert_eq!(ann.post_json("/api/metrics/sales/revenue", json!({})).await.status, 404);
    assert_eq!(change(&bob).await.status, 422);
}

#[tokio::test]
async fn queries_of_one_person_wait_in_a_short_line() {
    let app = TestApp::start_with(&[("AGNES_QUERY_CONCURRENCY", "4")]).await;
    let (ann, bob) = (app.user("ann@example.com", &["Eng"]).await, app.user("bob@example.com", &["Eng"]).await);
    let endless = json!({"sql": "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"});
    // One of them runs, and 32 wait.
    let mut queries: FuturesUnordered<_> = (0..40).map(|_| ann.post_json("/api/query", endless.clone())).collect();
    for _ in 0..7 {
        let refused = queries.next().await.unwrap();
        assert_eq!(refused.status, 429, "{refused}");
        assert_ne!(refused.header("retry-after"), "");
    }
    let answer = tokio::select! {
        answer = bob.post_json("/api/query", json!({"sql": "SELECT 42"})) => answer,
        answer = queries.next() => panic!("{}", answer.unwrap()),
    };
    assert_eq!(answer.ok()["rows"], json!([[42]]));
    // Whoever goes away makes room, once the server has noticed.
    drop(queries);
    let answer = timeout(DEADLINE, async {
        loop {
            let answer = ann.post_json("/api/query", json!({"sql": "SELECT 42"})).await;
            if answer.status != 429 {
                break answer;
            }
        }
    });
    let answer = answer.await.unwrap();
    assert_eq!(answer.ok()["rows"], json!([[42]]));
}

#[tokio::test]
async fn an_admin_who_searches_much_waits() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    // Opening it waits until somebody writes there.
    let day = app.data_dir().join("logs/access-2999-01-01.jsonl");
    fs::create_dir_all(day.parent().unwrap()).unwrap();
    mknodat(CWD, &day, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let search = || admin.get("/api/admin/access-log?since=2999-01-01");
    let mut searches: FuturesUnordered<_> = (0..4).map(|_| search()).collect();
    let refused = searches.next().await.unwrap();
    assert_eq!(refused.status, 429, "{refused}");
    assert_ne!(refused.header("retry-after"), "");
    let others = ["/api/admin/audit", "/api/admin/audit/verify", "/api/admin/discover-tables"];
    for path in others {
        assert_eq!(admin.get(path).await.status, 429, "{path}");
    }
    std::thread::spawn(move || while fs::OpenOptions::new().write(true).open(&day).is_ok() {});
    while let Some(found) = searches.next().await {
        assert_eq!(found.ok()["entries"], json!([]));
    }
    for path in others {
        assert_ne!(admin.get(path).await.status, 429, "{path}");
    }
}
