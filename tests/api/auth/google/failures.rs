//! A provider that fails.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{admitted, audit, refused, start};
use crate::google::Fault;

const DISCOVERY: &str = "GET /.well-known/openid-configuration";

#[tokio::test]
async fn a_provider_that_says_no_sends_people_back() {
    let (google, app) = start().await;
    let browser = google.browser(&app, "ann@acme.com");
    for error in ["access_denied", "%3Cscript%3E%0d%0ax%3A%20y", &"x".repeat(5000)] {
        let back = browser.agree("/auth/google/login").await;
        let state = super::parameter(&back, "state").unwrap();
        let answer = browser.open(&format!("/auth/google/callback?error={error}&state={state}")).await;
        assert_eq!(refused(&answer), "oauth_failed", "{error}");
        assert_eq!(refused(&browser.open(&back).await), "oauth_failed", "this try is over");
    }
    let failed = audit(app.admin().await, "login_failed").await;
    assert_eq!((failed.len(), &failed[0]["result"]), (6, &json!("oauth_failed")));
    assert_eq!(google.count("POST /token"), 0);
}

#[tokio::test]
async fn a_sign_in_that_cannot_begin_is_told_and_the_next_one_works() {
    let (google, app) = start().await;
    let browser = google.browser(&app, "ann@acme.com");
    let elsewhere = r#"{"issuer":"https://evil.com","authorization_endpoint":"https://evil.com/a",
        "token_endpoint":"https://evil.com/t","jwks_uri":"https://evil.com/k","response_types_supported":["code"],
        "subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]}"#;
    for (part, fault) in [
        (DISCOVERY, Fault::Status(500)),
        (DISCOVERY, Fault::Status(404)),
        (DISCOVERY, Fault::Body("<html>Sign in to this network</html>")),
        (DISCOVERY, Fault::Body("{}")),
        (DISCOVERY, Fault::Body(elsewhere)),
        ("GET /oauth2/v3/certs", Fault::Status(503)),
        ("GET /oauth2/v3/certs", Fault::Body("[]")),
        ("GET /oauth2/v3/certs", Fault::Moved),
    ] {
        google.fault(part, fault, 1);
        let answer = browser.open("/auth/google/login").await;
        assert_eq!(refused(&answer), "oauth_failed");
        assert!(!answer.header("location").contains("evil"), "{}", answer.header("location"));
    }
    admitted(&browser.sign_in().await);
}

#[tokio::test]
async fn a_code_that_cannot_be_exchanged_is_told_and_the_next_one_works() {
    let (google, app) = start().await;
    let browser = google.browser(&app, "ann@acme.com");
    for fault in [
        Fault::Status(400),
        Fault::Status(500),
        Fault::Moved,
        Fault::Body("<html>"),
        Fault::Body(""),
        Fault::Body(r#"{"access_token":"x","token_type":"Bearer","id_token":"a.b"}"#),
        Fault::Body(r#"{"error":"invalid_grant"}"#),
    ] {
        google.fault("POST /token", fault, 1);
        assert_eq!(refused(&browser.sign_in().await), "oauth_failed");
    }
    assert_eq!(google.count("/elsewhere"), 0, "secrets go to Google and nowhere else");
    let back = browser.agree("/auth/google/login").await;
    let unknown = super::altered(&back, "code", Some("4/0Aunknown"));
    assert_eq!(refused(&browser.open(&unknown).await), "oauth_failed");
    admitted(&browser.sign_in().await);
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let (google, app) = start().await;
    let browser = google.browser(&app, "ann@acme.com");
    google.fault(DISCOVERY, Fault::Flood, 1);
    let begun = Instant::now();
    assert_eq!(refused(&browser.open("/auth/google/login").await), "oauth_failed");
    google.fault("POST /token", Fault::Flood, 1);
    assert_eq!(refused(&browser.sign_in().await), "oauth_failed");
    // A request may take ten seconds; what ended these is their length.
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
}
