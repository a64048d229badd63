use reqwest::Method;
use serde_json::{Value, json};

use crate::relay::{Relay, path_of_link, urlencoded};
use crate::support::{Answer, Client, TestApp};

const ANN: &str = "ann+x@example.com";

async fn with_relay() -> (TestApp, Relay) {
    let relay = Relay::plain();
    let port = relay.port.to_string();
    let env = [("SMTP_HOST", "127.0.0.1"), ("SMTP_PORT", port.as_str()), ("SMTP_USE_TLS", "false")];
    (TestApp::start_with(&env).await, relay)
}

async fn form(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    client.send(urlencoded(client.request(Method::POST, path), fields)).await
}

/// The token in the query of a link.
fn token(link: &str) -> String {
    let url = url::Url::parse(&format!("http://x{link}")).unwrap();
    url.query_pairs().find(|(name, _)| name == "token").unwrap().1.into_owned()
}

async fn invite(app: &TestApp) -> Value {
    let body = json!({ "email": ANN, "name": "Ann", "send_invite": true });
    app.admin().await.post_json("/api/users", body).await.ok()
}

#[tokio::test]
async fn an_invitation_leads_to_a_password_once() {
    let (app, mut relay) = with_relay().await;
    let invited = invite(&app).await;
    assert_eq!(invited["invite_email_sent"], true);
    let link = relay.link().await;
    assert_eq!(path_of_link(invited["invite_url"].as_str().unwrap()), link);
    assert!(link.contains("email=ann%2Bx%40example.com&"), "{link}");
    let body = |token: &str| json!({ "email": ANN, "token": token, "password": "long enough" });
    let wrong = app.post_json("/auth/password/setup", body("wrong")).await;
    let unknown = json!({ "email": "nobody@example.com", "token": "wrong", "password": "long enough" });
    let unknown = app.post_json("/auth/password/setup", unknown).await;
    assert_eq!((wrong.status.as_u16(), &wrong.body), (400, &unknown.body));
    assert_eq!(wrong.json()["detail"], "Invalid setup token");
    let set = app.post_json("/auth/password/setup", body(&token(&link))).await;
    assert_eq!(set.ok()["message"], "Password set successfully");
    assert!(set.header("set-cookie").starts_with("access_token=eyJ"));
    assert_eq!(app.post_json("/auth/password/setup", body(&token(&link))).await.status, 400);
    app.sign_in(ANN, "long enough").await;
}

#[tokio::test]
async fn of_two_who_use_a_token_one_wins() {
    let (app, mut relay) = with_relay().await;
    invite(&app).await;
    relay.link().await;
    for round in 0..5 {
        form(&app, "/auth/password/reset", &[("email", ANN)]).await;
        let token = token(&relay.link().await);
        let password = format!("three random words {round}");
        let fields = [
            ("email", ANN),
            ("token", token.as_str()),
            ("password", password.as_str()),
            ("confirm_password", password.as_str()),
        ];
        let use_it = || form(&app, "/auth/password/reset/confirm", &fields);
        let answers = tokio::join!(use_it(), use_it(), use_it());
        let won = [&answers.0, &answers.1, &answers.2].iter().filter(|answer| is_in(answer)).count();
        assert_eq!(won, 1, "round {round}");
    }
}

fn is_in(answer: &Answer) -> bool {
    !String::from_utf8_lossy(&answer.body).contains("Invalid or expired reset link.")
}

#[tokio::test]
async fn asking_tells_nothing_about_accounts() {
    let (app, mut relay) = with_relay().await;
    app.admin().await;
    for path in ["/auth/password/reset", "/auth/password/setup/request"] {
        let unknown = form(&app, path, &[("email", "nobody@example.com")]).await;
        let known = form(&app, path, &[("email", "admin@example.com")]).await;
        assert_eq!((unknown.status.as_u16(), &unknown.body), (200, &known.body), "{path}");
    }
    // Only the admin asked for something that there is: somebody with a password needs no first one.
    assert_eq!(relay.mail().await["to"], json!(["admin@example.com"]));
    assert!(relay.is_empty());
}
