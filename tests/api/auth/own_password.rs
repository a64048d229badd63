use reqwest::Method;
use serde_json::{Value, json};

use crate::google::Browser;
use crate::support::people::{PASSWORD, text};
use crate::support::{Answer, Client, TestApp};

const ANN: &str = "ann.novak@acme.com";
const NEW: &str = "four unrelated words 7";

async fn change(client: &Client, current: &str, new: &str) -> Answer {
    let body = json!({ "current_password": current, "new_password": new });
    client.post_json("/auth/password/change", body).await
}

fn detail(answer: &Answer) -> String {
    assert_eq!(answer.status, 400, "{answer}");
    text(&answer.json()["detail"])
}

#[tokio::test]
async fn the_session_goes_on_and_the_others_end() {
    let app = TestApp::start().await;
    let (ann, other) = (app.user(ANN, &[]).await, app.sign_in(ANN, PASSWORD).await);
    let token = ann.post_json("/auth/tokens", json!({ "name": "agent" })).await.json();
    let agent = app.with_token(&text(&token["token"]));
    assert_eq!(change(&agent, PASSWORD, NEW).await.status, 403);

    let changed = change(&ann, PASSWORD, NEW).await;
    assert!(changed.header("set-cookie").starts_with("access_token=eyJ"), "{changed}");
    let goes_on = app.with_token(&text(&changed.ok()["access_token"]));
    assert_eq!(goes_on.get("/auth/me").await.status, 200);
    assert_eq!((ann.get("/auth/me").await.status.as_u16(), other.get("/auth/me").await.status.as_u16()), (401, 401));
    // Programs keep working unless their owner says otherwise.
    assert_eq!(agent.get("/auth/me").await.status, 200);
    let body = json!({ "current_password": NEW, "new_password": PASSWORD, "revoke_tokens": true });
    goes_on.post_json("/auth/password/change", body).await.ok();
    assert_eq!(agent.get("/auth/me").await.status, 401);
    app.sign_in(ANN, PASSWORD).await;
}

#[tokio::test]
async fn of_two_changes_at_once_one_wins() {
    let app = TestApp::start().await;
    for round in 0..3 {
        let ann = app.user(&format!("ann{round}@example.com"), &[]).await;
        let answers = tokio::join!(change(&ann, PASSWORD, NEW), change(&ann, PASSWORD, "another four words 8"));
        let mut statuses = [answers.0.status.as_u16(), answers.1.status.as_u16()];
        statuses.sort_unstable();
        assert!(statuses[0] == 200 && [400, 401].contains(&statuses[1]), "{statuses:?}");
    }
}

#[tokio::test]
async fn the_current_password_is_needed_and_guesses_are_counted() {
    let app = TestApp::start_with(&[("AGNES_AUTH_RATELIMIT_ENABLED", "1")]).await;
    let ann = app.user(ANN, &[]).await;
    assert_eq!(detail(&change(&ann, "wrong horse", NEW).await), "Current password is wrong");
    assert_eq!(detail(&change(&ann, PASSWORD, PASSWORD).await), "New password must differ from the current one");
    let mut last = 0;
    for _ in 0..10 {
        last = change(&ann, "wrong horse", NEW).await.status.as_u16();
    }
    assert_eq!(last, 429);
    let audit = app.admin().await.get("/api/admin/audit?limit=50").await;
    assert!(String::from_utf8_lossy(&audit.body).contains("password.change"), "{audit}");
}

/// One rule wherever a password is chosen.
#[tokio::test]
async fn passwords_that_are_easy_to_guess_are_refused_everywhere() {
    let app = TestApp::start_with(&[("SERVER_URL", "http://tables.kolibri.example")]).await;
    let bootstrap = |password: &str| json!({ "email": "root@example.com", "name": "Ada", "password": password });
    for weak in ["password", "agnes2026", "kolibri-2026", "root@example.com"] {
        let why = detail(&app.post_json("/auth/bootstrap", bootstrap(weak)).await);
        assert!(why.starts_with("Password "), "{weak}: {why}");
    }
    let ann = app.user(ANN, &[]).await;
    let set = format!("/api/users/{}/set-password", app.user_id(ANN).await);
    for weak in ["password", "annnovak1", "acme2026", "12345678"] {
        let by_admin = app.admin().await.post_json(&set, json!({ "password": weak })).await;
        let by_ann = change(&ann, PASSWORD, weak).await;
        assert_eq!(detail(&by_admin), detail(&by_ann), "{weak}");
    }
    let invited = json!({ "email": "eve@example.com", "name": "Eve", "send_invite": true });
    let invited = app.admin().await.post_json("/api/users", invited).await.ok();
    let link = url::Url::parse(invited["invite_url"].as_str().unwrap()).unwrap();
    let token = link.query_pairs().find(|(name, _)| name == "token").unwrap().1.into_owned();
    let weak = json!({ "email": "eve@example.com", "token": token, "password": "password" });
    assert!(detail(&app.post_json("/auth/password/setup", weak).await).contains("too easy to guess"));
    let fields = [
        ("email", "eve@example.com"),
        ("token", token.as_str()),
        ("password", "password"),
        ("confirm_password", "password"),
    ];
    let page = Browser::new(&app, "").submit("/auth/password/setup/confirm", &fields).await;
    let shown = String::from_utf8_lossy(&page.body).into_owned();
    assert!(shown.contains("id=\"password-password-note\">Password is too easy to guess"), "{shown}");
    // The link is still good, and so is a long password, to its last character.
    let long = format!("{}x", "many different words ".repeat(40));
    let set = json!({ "email": "eve@example.com", "token": token, "password": long });
    app.post_json("/auth/password/setup", set).await.ok();
    app.sign_in("eve@example.com", &long).await;
    let cut = json!({ "email": "eve@example.com", "password": &long[..long.len() - 1] });
    assert_eq!(app.post_json("/auth/token", cut).await.status, 401);
}

#[tokio::test]
async fn the_page_changes_the_password() {
    let app = TestApp::start().await;
    app.user(ANN, &[]).await;
    let browser = Browser::new(&app, "");
    browser.submit("/auth/password/login/web", &[("email", ANN), ("password", PASSWORD)]).await;
    let submit = async |current: &str, new: &str| {
        let fields = [("current_password", current), ("password", new), ("confirm_password", new)];
        browser.submit("/profile/password", &fields).await
    };
    let wrong = String::from_utf8_lossy(&submit("wrong horse", NEW).await.body).into_owned();
    assert!(wrong.contains("id=\"password-current_password-note\">Current password is wrong."), "{wrong}");
    let done = submit(PASSWORD, NEW).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (302, "/profile"));
    let shown = String::from_utf8_lossy(&browser.open("/profile").await.body).into_owned();
    assert!(shown.contains("Your password is changed."), "{shown}");
    app.sign_in(ANN, NEW).await;
    let stranger = app.request(Method::POST, "/auth/password/change").json(&Value::Null);
    assert_eq!(app.send(stranger).await.status, 401);
}
