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

#[tokio::test]
async fn listed_origins_may_read_answers() {
    let app = TestApp::start_with(&[("CORS_ORIGINS", "https://bi.example.com")]).await;
    let ask = async |origin: &str| app.get_with("/api/health", &[("origin", origin)]).await;
    assert_eq!(ask("https://bi.example.com").await.header("access-control-allow-origin"), "https://bi.example.com");
    assert_eq!(ask("https://evil.example.com").await.header("access-control-allow-origin"), "");
    let preflight = app
        .request(Method::OPTIONS, "/api/users")
        .header("origin", "https://bi.example.com")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization");
    let preflight = app.send(preflight).await;
    assert_eq!(preflight.status, 200);
    assert_eq!(preflight.header("access-control-allow-credentials"), "true");
    assert_eq!(preflight.header("access-control-allow-headers"), "authorization");
    assert_eq!(preflight.header("access-control-max-age"), "600");
}

#[tokio::test]
async fn pages_of_other_sites_change_nothing_with_the_cookie() {
    let app = TestApp::start().await;
    let admin = app.bootstrap().await;
    let cookie = format!("access_token={}", admin.token());
    let post = |name: &'static str, headers: &[(&str, &str)]| {
        let request = app.request(Method::POST, "/api/admin/groups").header("cookie", &cookie);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        app.send(request.json(&json!({ "name": name })))
    };
    assert_eq!(post("a", &[("origin", "https://evil.example.com")]).await.status, 403);
    assert_eq!(post("b", &[("origin", "null")]).await.status, 403);
    assert_eq!(post("c", &[("sec-fetch-site", "cross-site")]).await.status, 403);
    assert_eq!(post("d", &[("sec-fetch-site", "same-site")]).await.status, 403);
    assert_eq!(post("e", &[("origin", &app.url)]).await.status, 201);
    assert_eq!(post("f", &[("sec-fetch-site", "same-origin")]).await.status, 201);
    assert_eq!(post("g", &[]).await.status, 201);
    let bearer = admin.request(Method::POST, "/api/admin/groups").header("origin", "https://evil.example.com");
    assert_eq!(admin.send(bearer.json(&json!({ "name": "h" }))).await.status, 201);
}

/// The check is left out only for a request that its bearer token alone authenticates.
#[tokio::test]
async fn a_header_that_proves_nothing_does_not_help_pages_of_other_sites() {
    let app = TestApp::start().await;
    let admin = app.bootstrap().await;
    let cookie = format!("access_token={}", admin.token());
    let valid = format!("Bearer {}", admin.token());
    let authorizations: [&[u8]; 7] =
        [b"Bearer \xff", b"Bearer ", b"Bearer x", b"Basic eDp5", b"bearer x", b"Bearer\tx", valid.as_bytes()];
    for authorization in authorizations {
        let request = app.request(Method::POST, "/api/admin/groups").header("cookie", &cookie);
        let request = request.header("authorization", authorization).header("sec-fetch-site", "cross-site");
        let answer = app.send(request.json(&json!({ "name": "a" }))).await;
        let case = String::from_utf8_lossy(authorization).into_owned();
        assert_eq!(answer.status, 403, "{case}");
        assert!(answer.to_string().contains("another site"), "{case}: {answer}");
    }
    let forged = app.request(Method::POST, "/auth/password/login").header("authorization", "Bearer x");
    let forged = forged.header("origin", "https://evil.example.com");
    let answer = app.send(forged.json(&json!({ "email": "admin@example.com", "password": "correct horse" }))).await;
    assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (403, ""));
}

#[tokio::test]
async fn browsers_are_told_to_be_careful() {
    let app = TestApp::start().await;
    let answer = app.get("/api/health").await;
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("x-frame-options"), "DENY");
    assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(answer.header("strict-transport-security"), "");
    let app = TestApp::start_with(&[("DOMAIN", "agnes.example.com")]).await;
    assert_eq!(app.get("/nothing").await.header("strict-transport-security"), "max-age=31536000");
}

/// Why a server with these settings does not start.
fn refusal(variables: &[(&str, &str)]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    let fixed = [("DATA_DIR", path), ("CONFIG_DIR", path)];
    let env = agnes::config::Environment::from_pairs(fixed.iter().chain(variables).copied());
    match agnes::server::ServerSettings::load(env) {
        Err(error) => error.to_string(),
        Ok(config) => agnes::server::App::open(config).err().unwrap().to_string(),
    }
}

#[test]
fn settings_that_would_open_the_door() {
    for (variables, part) in [
        (vec![("CORS_ORIGINS", "*")], "CORS_ORIGINS"),
        (vec![("LOCAL_DEV_MODE", "1"), ("AGNES_HOST", "0.0.0.0")], "LOCAL_DEV_MODE"),
        (vec![("LOCAL_DEV_MODE", "1"), ("DOMAIN", "agnes.example.com")], "LOCAL_DEV_MODE"),
        (vec![("JWT_SECRET_KEY", "too short")], "JWT_SECRET_KEY is shorter than 32"),
        (vec![("FORWARDED_ALLOW_IPS", "somewhere")], "FORWARDED_ALLOW_IPS"),
    ] {
        let text = refusal(&variables);
        assert!(text.contains(part), "{variables:?}: {text}");
    }
}
