//! `GET /auth/google/login`: the way to Google.

use super::{parameter, refused, start, start_with};
use crate::google::set_cookies;
use crate::support::TestApp;

#[tokio::test]
async fn without_a_client_there_is_no_google() {
    let app = TestApp::start_with(&[("GOOGLE_CLIENT_ID", "x")]).await;
    let browser = crate::google::Browser::new(&app, "ann@acme.com");
    for path in ["/auth/google/login", "/auth/google/callback?code=x&state=y"] {
        assert_eq!(refused(&browser.open(path).await), "google_not_configured", "{path}");
    }
    let page = String::from_utf8_lossy(&app.get("/login").await.body).into_owned();
    assert!(!page.contains("google"), "{page}");
}

#[tokio::test]
async fn the_login_page_leads_there_with_the_way_back() {
    let (_google, app) = start().await;
    let page = String::from_utf8_lossy(&app.get("/login?next=/catalog").await.body).replace("&#x2f;", "/");
    assert!(page.contains("/auth/google/login?next=%2Fcatalog"), "{page}");
}

#[tokio::test]
async fn each_sign_in_has_secrets_of_its_own() {
    let (google, app) = start().await;
    let browser = google.browser(&app, "ann@acme.com");
    let (one, two) = (browser.open("/auth/google/login").await, browser.open("/auth/google/login").await);
    assert_eq!((one.status.as_u16(), one.header("cache-control")), (302, "no-store"));
    for name in ["state", "nonce", "code_challenge"] {
        let (one, two) = (parameter(one.header("location"), name), parameter(two.header("location"), name));
        assert!(one.is_some() && one != two, "{name}: {one:?} {two:?}");
    }
    let cookie = |answer| set_cookies(answer).concat();
    assert_ne!(cookie(&one), cookie(&two));
    let kept = cookie(&one);
    for attribute in ["session=", "; HttpOnly", "; Max-Age=600", "; Path=/", "; SameSite=lax"] {
        assert!(kept.contains(attribute), "{kept}");
    }
    for name in ["state", "nonce"] {
        let secret = parameter(one.header("location"), name).unwrap();
        assert!(!kept.contains(&secret), "the browser keeps nothing but a name");
    }
    assert_eq!(google.count("GET /.well-known/openid-configuration"), 1, "discovery is asked for once");
}

#[tokio::test]
async fn the_public_address_counts_for_the_way_back() {
    let (google, app) = start_with(&[("DOMAIN", "agnes.acme.com"), ("SERVER_URL", "")], "").await;
    let browser = google.browser(&app, "ann@acme.com");
    let away = browser.open("/auth/google/login").await;
    let uri = parameter(away.header("location"), "redirect_uri");
    assert_eq!(uri.as_deref(), Some("https://agnes.acme.com/auth/google/callback"));
    assert!(set_cookies(&away).concat().ends_with("; Secure"), "{:?}", away.headers);
}

#[tokio::test]
async fn a_single_domain_is_a_hint() {
    for (yaml, hint) in [
        ("auth: { allowed_domain: Acme.com }", Some("acme.com")),
        ("auth: { allowed_domains: [acme.com, acme.cz] }", None),
        ("", None),
    ] {
        let (google, app) = start_with(&[], yaml).await;
        let away = google.browser(&app, "ann@acme.com").open("/auth/google/login").await;
        assert_eq!(parameter(away.header("location"), "hd").as_deref(), hint, "{yaml}");
    }
}

#[tokio::test]
async fn tries_are_limited() {
    let (google, app) = start_with(&[("AGNES_AUTH_RATELIMIT_ENABLED", "1")], "").await;
    let browser = google.browser(&app, "ann@acme.com");
    for path in ["/auth/google/login", "/auth/google/callback"] {
        let mut answers = Vec::new();
        for _ in 0..31 {
            answers.push(browser.open(path).await);
        }
        let last = answers.pop().unwrap();
        assert!(answers.iter().all(|answer| answer.status != 429), "{path}");
        assert_eq!(last.status, 429, "{path}");
        assert!((1..=60).contains(&last.header("retry-after").parse().unwrap()), "{path}: {:?}", last.headers);
    }
}
