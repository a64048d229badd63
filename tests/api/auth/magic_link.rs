use reqwest::Method;
use serde_json::json;

use crate::support::TestApp;

const SEND: &str = "/auth/email/send-link";
const VERIFY: &str = "/auth/email/verify";

/// A server whose answers carry the links.
async fn developing() -> TestApp {
    TestApp::start_with(&[("LOCAL_DEV_MODE", "1")]).await
}

async fn fresh(app: &TestApp) -> (String, String) {
    let answer = app.post_json(SEND, json!({ "email": "dev@localhost", "next": "/dashboard?x=1" })).await.ok();
    let url = url::Url::parse(answer["dev_link"].as_str().unwrap()).unwrap();
    let token = url.query_pairs().find(|(name, _)| name == "token").unwrap().1.into_owned();
    (url[url::Position::BeforePath..].to_owned(), token)
}

#[tokio::test]
async fn a_link_signs_in_once_and_looking_does_not_count() {
    let app = developing().await;
    let (link, token) = fresh(&app).await;
    let head = app.send(app.request(Method::HEAD, &link)).await;
    assert_eq!(head.status, 200);
    let ahead = app.get_with(&link, &[("sec-purpose", "prefetch")]).await;
    assert_eq!((ahead.status.as_u16(), ahead.header("set-cookie")), (200, ""));
    assert_eq!(ahead.header("referrer-policy"), "no-referrer");
    let body = json!({ "email": "dev@localhost", "token": token });
    let used = app.post_json(VERIFY, body.clone()).await;
    assert_eq!(used.ok()["role"], "admin");
    assert!(used.header("set-cookie").starts_with("access_token=eyJ"));
    let again = app.post_json(VERIFY, body).await;
    assert_eq!((again.status.as_u16(), &again.json()["detail"]), (401, &json!("Invalid or expired link")));
}

#[tokio::test]
async fn of_several_who_follow_a_link_one_wins() {
    let app = developing().await;
    for round in 0..5 {
        let (_, token) = fresh(&app).await;
        let body = json!({ "email": "dev@localhost", "token": token });
        let verify = || app.post_json(VERIFY, body.clone());
        let answers = tokio::join!(verify(), verify(), verify());
        let mut statuses = [answers.0.status, answers.1.status, answers.2.status].map(|status| status.as_u16());
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401, 401], "round {round}");
    }
}

#[tokio::test]
async fn a_magic_link_sets_no_password() {
    let app = developing().await;
    let (_, token) = fresh(&app).await;
    let body = json!({ "email": "dev@localhost", "token": token, "password": "long enough" });
    let answer = app.post_json("/auth/password/setup", body).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["detail"]), (400, &json!("Invalid setup token")));
}
