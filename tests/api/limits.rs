use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, TestApp};

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
