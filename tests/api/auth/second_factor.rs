use std::os::unix::fs::PermissionsExt;

use reqwest::Method;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::google::Browser;
use crate::support::people::{ADMIN, PASSWORD, list, text};
use crate::support::tokens::now;
use crate::support::{Answer, Client, TestApp};

const ANN: &str = "ann@example.com";

/// An authenticator app with one account.
struct Authenticator(totp_rs::Totp);

impl Authenticator {
    fn new(secret: &str) -> Self {
        let secret = Secret::try_from_base32(secret).unwrap();
        Self(Builder::new().with_secret(secret).with_account_name("x").build().unwrap())
    }

    /// The code of the current step, or of one before or after it.
    fn code(&self, steps: i64) -> String {
        self.0.generate((now() + 30 * steps) as u64).to_string()
    }
}

/// Sets up a second factor with the code of the previous step. Returns the app and the recovery codes.
async fn set_up(client: &Client) -> (Authenticator, Vec<String>) {
    let begun = client.post_json("/auth/second-factor", json!({ "password": PASSWORD })).await.ok();
    let app = Authenticator::new(begun["secret"].as_str().unwrap());
    let confirmed = client.post_json("/auth/second-factor/confirm", json!({ "code": app.code(-1) })).await.ok();
    (app, list(&confirmed["recovery_codes"]).iter().map(text).collect())
}

async fn sign_in(app: &TestApp, email: &str, code: Value) -> Answer {
    app.post_json("/auth/token", json!({ "email": email, "password": PASSWORD, "code": code })).await
}

fn lacks(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), text(&answer.json()["detail"]["code"]))
}

#[tokio::test]
async fn a_code_is_needed_and_works_once() {
    let app = TestApp::start().await;
    let ann = app.user(ANN, &[]).await;
    let wrong = ann.post_json("/auth/second-factor", json!({ "password": "wrong horse" })).await;
    assert_eq!(wrong.status, 400, "{wrong}");
    let (phone, recovery) = set_up(&ann).await;
    assert_eq!(ann.get("/auth/second-factor").await.ok(), json!({ "enabled": true, "required": false }));
    assert_eq!(recovery.len(), 10);

    assert_eq!(lacks(&sign_in(&app, ANN, Value::Null).await), (401, "second_factor_required".into()));
    assert_eq!(lacks(&sign_in(&app, ANN, json!("000000")).await), (401, "second_factor_wrong".into()));
    // The code that set it up is used.
    assert_eq!(lacks(&sign_in(&app, ANN, json!(phone.code(-1))).await), (401, "second_factor_wrong".into()));
    let code = phone.code(0);
    sign_in(&app, ANN, json!(code)).await.ok();
    assert_eq!(lacks(&sign_in(&app, ANN, json!(code)).await), (401, "second_factor_wrong".into()));
    // So does a recovery code, as it may be typed.
    let typed = recovery[0].to_uppercase().replace('-', " ");
    sign_in(&app, ANN, json!(typed)).await.ok();
    assert_eq!(lacks(&sign_in(&app, ANN, json!(recovery[0])).await), (401, "second_factor_wrong".into()));
    // A wrong password does not say that there is a second factor.
    let body = json!({ "email": ANN, "password": "wrong horse", "code": recovery[1] });
    assert!(app.post_json("/auth/token", body).await.json()["detail"].is_string());
    let body = json!({ "email": ANN, "password": PASSWORD });
    assert_eq!(lacks(&app.post_json("/auth/password/login", body).await).1, "second_factor_required");

    let codes = ann.post_json("/auth/second-factor/recovery-codes", json!({ "code": recovery[1] })).await.ok();
    let renewed = text(&codes["recovery_codes"][0]);
    assert_eq!(sign_in(&app, ANN, json!(recovery[2])).await.status, 401);
    assert_eq!(ann.post_json("/auth/second-factor/remove", json!({ "code": "000000" })).await.status, 400);
    assert_eq!(ann.post_json("/auth/second-factor/remove", json!({ "code": renewed })).await.status, 204);
    sign_in(&app, ANN, Value::Null).await.ok();
}

#[tokio::test]
async fn one_code_signs_in_once_even_at_the_same_time() {
    let app = TestApp::start().await;
    let (_, recovery) = set_up(&app.user(ANN, &[]).await).await;
    for code in &recovery[..3] {
        let answers = tokio::join!(sign_in(&app, ANN, json!(code)), sign_in(&app, ANN, json!(code)));
        let mut statuses = [answers.0.status.as_u16(), answers.1.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    }
}

#[tokio::test]
async fn guesses_are_limited_and_recorded() {
    let app = TestApp::start_with(&[("AGNES_AUTH_RATELIMIT_ENABLED", "1")]).await;
    let (phone, _) = set_up(&app.user(ANN, &[]).await).await;
    let mut statuses = Vec::new();
    for _ in 0..9 {
        statuses.push(sign_in(&app, ANN, json!("000000")).await.status.as_u16());
    }
    // The address has its own limit.
    assert!(statuses.contains(&401) && statuses.iter().all(|status| [401, 429].contains(status)), "{statuses:?}");
    for _ in 0..10 {
        let _ = app.state.limits.take_code_try(&app.user_id(ANN).await);
    }
    let body = json!({ "email": ANN, "password": PASSWORD, "code": phone.code(0) });
    assert_eq!(app.post_json("/auth/password/login", body).await.status, 429);
    let audit = app.admin().await.get("/api/admin/audit?limit=50").await;
    assert!(String::from_utf8_lossy(&audit.body).contains("second_factor_wrong"), "{audit}");
}

#[tokio::test]
async fn an_admin_helps_who_lost_the_phone() {
    let app = TestApp::start().await;
    let ann = app.user(ANN, &[]).await;
    set_up(&ann).await;
    let path = format!("/api/users/{}/second-factor", app.user_id(ANN).await);
    assert_eq!(ann.delete(&path).await.status, 403);
    assert_eq!(app.admin().await.delete(&path).await.status, 204);
    assert_eq!(app.admin().await.delete(&path).await.status, 404);
    sign_in(&app, ANN, Value::Null).await.ok();
    let audit = app.admin().await.get("/api/admin/audit?limit=50").await;
    assert!(String::from_utf8_lossy(&audit.body).contains("second_factor.reset"), "{audit}");
}

#[tokio::test]
async fn the_secret_is_not_stored_in_clear_text() {
    let app = TestApp::start().await;
    let begun = app.user(ANN, &[]).await.post_json("/auth/second-factor", json!({ "password": PASSWORD })).await.ok();
    let secret = text(&begun["secret"]);
    assert!(text(&begun["otpauth_url"]).contains(&secret));
    let snapshot = app.state.store.snapshot();
    let stored = snapshot.second_factors.values().next().unwrap();
    assert!(!stored.secret.contains(&secret) && !stored.is_confirmed);
    // It is not asked for before it was confirmed.
    sign_in(&app, ANN, Value::Null).await.ok();
    let key = app.data_dir().join("state/.second_factor_key");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(key).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

fn shown(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).replace("&#x2f;", "/")
}

#[tokio::test]
async fn who_must_have_one_sets_it_up_when_signing_in() {
    let app = TestApp::start_with(&[("AGNES_REQUIRE_SECOND_FACTOR", "admins")]).await;
    let ann = app.user(ANN, &[]).await;
    ann.get("/auth/me").await.ok();
    assert_eq!(lacks(&sign_in(&app, ADMIN, Value::Null).await), (403, "second_factor_enrolment".into()));

    let browser = Browser::new(&app, "");
    let fields = [("email", ADMIN), ("password", PASSWORD), ("next", "/profile")];
    let first = browser.submit("/auth/password/login/web", &fields).await;
    assert_eq!((first.status.as_u16(), first.header("location")), (302, "/login/code"));
    assert!(browser.session().is_none());
    let page = shown(&browser.open("/login/code").await);
    assert!(page.contains("<svg") && !page.contains("<?xml"), "{page}");
    let secret = page.split("Key: <code>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let phone = Authenticator::new(&secret);
    let wrong = shown(&browser.submit("/login/code", &[("code", "000000")]).await);
    assert!(wrong.contains("The code is wrong") && wrong.contains(&secret), "{wrong}");
    let done = shown(&browser.submit("/login/code", &[("code", &phone.code(-1))]).await);
    assert!(done.contains("Recovery codes") && done.contains("href=\"/profile\""), "{done}");
    assert!(shown(&browser.open("/profile").await).contains("Remove the second factor"));

    // From now on the page asks for a code.
    let again = Browser::new(&app, "");
    again.submit("/auth/password/login/web", &fields).await;
    assert!(shown(&again.open("/login/code").await).contains("Enter a code"));
    let done = again.submit("/login/code", &[("code", &phone.code(0))]).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (302, "/profile"));
    assert!(again.session().is_some());
    // The pending sign-in is over.
    assert_eq!(again.open("/login/code").await.header("location"), "/login");
}

#[tokio::test]
async fn a_pending_sign_in_ends_with_the_password_that_began_it() {
    let app = TestApp::start().await;
    let (phone, _) = set_up(&app.user(ANN, &[]).await).await;
    let browser = Browser::new(&app, "");
    browser.submit("/auth/password/login/web", &[("email", ANN), ("password", PASSWORD)]).await;
    let set = format!("/api/users/{}/set-password", app.user_id(ANN).await);
    app.admin().await.post_json(&set, json!({ "password": "four other words 9" })).await.ok();
    let late = browser.submit("/login/code", &[("code", &phone.code(0))]).await;
    assert_eq!((late.status.as_u16(), late.header("location")), (302, "/login"));
}

#[tokio::test]
async fn the_page_turns_it_on_and_off() {
    let app = TestApp::start().await;
    app.user(ANN, &[]).await;
    let browser = Browser::new(&app, "");
    browser.submit("/auth/password/login/web", &[("email", ANN), ("password", PASSWORD)]).await;
    let wrong = shown(&browser.submit("/profile/second-factor", &[("password", "wrong horse")]).await);
    assert!(wrong.contains("id=\"begin-password-note\">Current password is wrong."), "{wrong}");
    let begun = shown(&browser.submit("/profile/second-factor", &[("password", PASSWORD)]).await);
    let phone = Authenticator::new(begun.split("Key: <code>").nth(1).unwrap().split('<').next().unwrap());
    let wrong = shown(&browser.submit("/profile/second-factor/confirm", &[("code", "000000")]).await);
    assert!(wrong.contains("The code is wrong"), "{wrong}");
    let done = shown(&browser.submit("/profile/second-factor/confirm", &[("code", &phone.code(-1))]).await);
    assert!(done.contains("Recovery codes"), "{done}");
    let removed = browser.submit("/profile/second-factor/remove", &[("code", &phone.code(0))]).await;
    assert_eq!((removed.status.as_u16(), removed.header("location")), (302, "/profile"));
    let stranger = app.request(Method::POST, "/auth/second-factor").json(&json!({}));
    assert_eq!(app.send(stranger).await.status, 401);
}

/// The stored secret of the only second factor.
fn sealed(app: &TestApp) -> String {
    let snapshot = app.state.store.snapshot();
    snapshot.second_factors.values().next().unwrap().secret.clone()
}

async fn rotate(app: &TestApp) -> Value {
    app.admin().await.post_json("/api/admin/second-factor-key/rotate", json!({})).await.ok()["second_factors"].clone()
}

#[tokio::test]
async fn its_key_is_replaced_and_codes_go_on() {
    let app = TestApp::start().await;
    let (phone, _) = set_up(&app.user(ANN, &[]).await).await;
    let file = |name: &str| {
        let path = app.data_dir().join("state").join(name);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        (std::fs::read_to_string(path).unwrap(), mode)
    };
    let (key, before) = (file(".second_factor_key").0, sealed(&app));
    assert_eq!(rotate(&app).await, 1);
    assert_eq!(file(".second_factor_key_previous"), (key.clone(), 0o600));
    assert_ne!(file(".second_factor_key"), (key, 0o600));
    assert_ne!(sealed(&app), before);
    sign_in(&app, ANN, json!(phone.code(0))).await.ok();
    // The first key is forgotten now.
    assert_eq!(rotate(&app).await, 1);
    sign_in(&app, ANN, json!(phone.code(1))).await.ok();
    let log = app.admin().await.get("/api/admin/audit?action=second_factor_key.rotate").await.ok();
    assert_eq!((&log["count"], &log["entries"][0]["user_email"]), (&json!(2), &json!(ADMIN)));
}

#[tokio::test]
async fn its_key_in_the_environment_is_replaced_there() {
    let [old, new] = ["o", "n"].map(|letter| letter.repeat(32));
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().to_owned();
    let app = TestApp::start_in(dir, &[("AGNES_SECOND_FACTOR_KEY", &old)]).await;
    let (phone, _) = set_up(&app.user(ANN, &[]).await).await;
    app.state.store.close().await;
    let both = [("AGNES_SECOND_FACTOR_KEY", new.as_str()), ("AGNES_SECOND_FACTOR_KEY_PREVIOUS", old.as_str())];
    let both = TestApp::start_in(copied(&root), &both).await;
    sign_in(&both, ANN, json!(phone.code(0))).await.ok();
    let admin = both.sign_in(ADMIN, PASSWORD).await;
    let rotated = admin.post_json("/api/admin/second-factor-key/rotate", json!({})).await.ok();
    assert_eq!(rotated["second_factors"], 1);
    both.state.store.close().await;
    let root = both.data_dir().to_owned();
    let alone = TestApp::start_in(copied(&root), &[("AGNES_SECOND_FACTOR_KEY", &new)]).await;
    sign_in(&alone, ANN, json!(phone.code(1))).await.ok();
}

/// A data directory with the same state database.
fn copied(root: &std::path::Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("state")).unwrap();
    for name in [".jwt_secret", "system.duckdb"] {
        std::fs::copy(root.join("state").join(name), dir.path().join("state").join(name)).unwrap();
    }
    dir
}
