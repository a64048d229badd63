use std::io::Read;

use insta::assert_snapshot;
use reqwest::Method;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn unknown_paths_and_wrong_methods() {
    let app = TestApp::start().await;
    assert_snapshot!(app.get("/nothing").await, @r#"
        404 Not Found
        {"detail":"Page not found"}
        "#);
    assert_snapshot!(app.get("/api/health/").await, @r#"
        404 Not Found
        {"detail":"Page not found"}
        "#);
    let wrong = app.post_json("/api/health", json!({})).await;
    assert_snapshot!(wrong, @r#"
        405 Method Not Allowed
        {"detail":"Method Not Allowed"}
        "#);
    assert_eq!(wrong.header("allow"), "GET,HEAD");
    let unknown = app.post_json("/nothing", json!({})).await;
    assert_snapshot!(unknown, @r#"
        405 Method Not Allowed
        {"detail":"Method Not Allowed"}
        "#);
    assert_eq!(unknown.header("allow"), "GET");
}

#[tokio::test]
async fn head_answers_without_a_body() {
    let app = TestApp::start().await;
    let head = app.send(app.request(Method::HEAD, "/api/health")).await;
    assert_snapshot!(head, @"200 OK");
    assert_ne!(head.header("content-length"), "0");
}

#[tokio::test]
async fn every_answer_has_a_request_id() {
    let app = TestApp::start().await;
    let given = app.send(app.request(Method::GET, "/nothing").header("X-Request-ID", "my rid!/..%20<b>")).await;
    assert_eq!(given.header("x-request-id"), "myrid20b");
    let (one, two) = (app.get("/api/health").await, app.get("/api/health").await);
    for id in [one.header("x-request-id"), two.header("x-request-id")] {
        assert!(id.len() == 12 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    }
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
}

#[tokio::test]
async fn long_answers_are_compressed_for_who_can_read_it() {
    let app = TestApp::start().await;
    let ask = |path, coding| app.send(app.request(Method::GET, path).header("accept-encoding", coding));
    let plain = ask("/openapi.json", "identity").await;
    assert_eq!(plain.header("content-encoding"), "");
    assert!(plain.body.len() > 1024);

    let packed = ask("/openapi.json", "gzip").await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed.body[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text.as_bytes(), plain.body);

    let short = ask("/api/health", "gzip").await;
    assert_eq!(short.header("content-encoding"), "");
}
