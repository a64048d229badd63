use serde_json::json;

use crate::google::{Browser, set_cookies};
use crate::support::people::{ADMIN, PASSWORD};
use crate::support::tokens::{KEY, now, signed};
use crate::support::{Answer, Client, TestApp};

async fn me(app: &TestApp, cookie: &str) -> u16 {
    app.get_with("/auth/me", &[("cookie", cookie)]).await.status.as_u16()
}

fn cookie(answer: &Answer) -> String {
    set_cookies(answer).into_iter().find(|cookie| cookie.contains("access_token=")).unwrap().to_owned()
}

#[tokio::test]
async fn behind_tls_nobody_else_can_set_the_session() {
    for setting in [("DOMAIN", "agnes.example.com"), ("SERVER_URL", "https://agnes.example.com/")] {
        let app = TestApp::start_with(&[setting, ("JWT_SECRET_KEY", KEY)]).await;
        let token = app.bootstrap().await.token().to_owned();
        let body = json!({ "email": ADMIN, "password": PASSWORD });
        let set = cookie(&app.post_json("/auth/token", body).await);
        assert!(set.starts_with("__Host-access_token=eyJ"), "{set}");
        assert!(set.ends_with("; HttpOnly; Max-Age=86400; Path=/; SameSite=lax; Secure"), "{set}");
        assert_eq!(me(&app, set.split(';').next().unwrap()).await, 200);
        // A session that would have got the prefix, without it: somebody else set this cookie.
        assert_eq!(me(&app, &format!("access_token={token}")).await, 401);
        // A session from before the update goes on, until it expires.
        let user = app.state.store.snapshot().users.by_email(ADMIN).unwrap().id.clone();
        let before = |end: i64| signed(&json!({ "sub": user, "typ": "session", "jti": "before", "exp": now() + end }));
        assert_eq!(me(&app, &format!("access_token={}", before(60))).await, 200);
        assert_eq!(me(&app, &format!("access_token={}", before(-1))).await, 401);
        let out = app.with_token(&token).post_json("/auth/logout", json!({})).await;
        let removed: Vec<_> =
            set_cookies(&out).into_iter().filter(|cookie| cookie.contains("access_token=;")).collect();
        assert_eq!(removed.len(), 2, "{removed:?}");
    }
}

#[tokio::test]
async fn strict_transport_security_can_be_chosen() {
    let header = async |client: &Client| client.get("/api/health").await.header("strict-transport-security").to_owned();
    let domain = ("DOMAIN", "agnes.example.com");
    let everything = TestApp::start_with(&[domain, ("AGNES_HSTS", "subdomains")]).await;
    assert_eq!(header(&everything).await, "max-age=31536000; includeSubDomains");
    let nothing = TestApp::start_with(&[domain, ("AGNES_HSTS", "off")]).await;
    assert_eq!(header(&nothing).await, "");
    // The proxy says that this request came over TLS.
    let proxied = TestApp::start_with(&[("FORWARDED_ALLOW_IPS", "127.0.0.1")]).await;
    let secure = proxied.get_with("/api/health", &[("x-forwarded-proto", "https")]).await;
    assert_eq!(secure.header("strict-transport-security"), "max-age=31536000");
    assert_eq!(header(&proxied).await, "");
}

/// In the browser that requested it a link signs in; in another one it asks.
#[tokio::test]
async fn a_link_knows_its_browser() {
    let app = TestApp::start_with(&[("LOCAL_DEV_MODE", "1")]).await;
    let (here, elsewhere) = (Browser::new(&app, ""), Browser::new(&app, ""));
    let requested = app.post_json("/auth/email/send-link", json!({ "email": "dev@localhost" })).await;
    let mark = set_cookies(&requested).into_iter().find_map(|cookie| cookie.strip_prefix("link=")).unwrap();
    here.cookies.borrow_mut().insert("link".into(), mark.split(';').next().unwrap().into());
    let link = requested.ok()["dev_link"].as_str().unwrap().to_owned();
    let link = link.split_once("/auth/").map(|(_, rest)| format!("/auth/{rest}")).unwrap();
    let asked = elsewhere.open(&link).await;
    let text = String::from_utf8_lossy(&asked.body).into_owned();
    assert!(asked.status == 200 && text.contains("Sign in as dev@localhost?"), "{text}");
    assert!(text.contains("not requested in this browser") && elsewhere.session().is_none(), "{text}");
    let signed_in = here.open(&link).await;
    assert_eq!((signed_in.status.as_u16(), signed_in.header("location")), (302, "/dashboard"));
    assert!(here.session().is_some());
    // Whoever asks for a link gets such a cookie, with or without an account.
    let nobody = app.post_json("/auth/email/send-link", json!({ "email": "nobody@localhost" })).await;
    assert!(set_cookies(&nobody).iter().any(|cookie| cookie.starts_with("link=") && cookie.contains("Max-Age=600")));
}
