//! What binds an answer of Google's to the browser that asked.

use super::{admitted, altered, audit, parameter, refused, start};
use crate::google::set_cookies;

#[tokio::test]
async fn an_answer_without_its_state_is_nothing() {
    let (google, app) = start().await;
    let browser = google.browser(&app, "ann@acme.com");
    for state in [None, Some(""), Some("wrong")] {
        let back = browser.agree("/auth/google/login").await;
        let answer = browser.open(&altered(&back, "state", state)).await;
        assert_eq!(refused(&answer), "oauth_failed", "{state:?}");
        assert!(set_cookies(&answer).iter().any(|cookie| cookie.starts_with("session=; ")), "the try is over");
        assert_eq!(refused(&browser.open(&back).await), "oauth_failed", "and cannot be repeated: {state:?}");
    }
    let back = browser.agree("/auth/google/login").await;
    assert_eq!(refused(&browser.open(&altered(&back, "code", None)).await), "oauth_failed");
    assert_eq!(refused(&browser.open("/auth/google/callback").await), "oauth_failed");
    assert_eq!(google.count("POST /token"), 0, "no code was tried");
    assert_eq!(browser.session(), None);
    let failed = audit(app.admin().await, "login_failed").await;
    assert_eq!(failed.len(), 8);
    assert_eq!((&failed[0]["user_id"], &failed[0]["params"]["provider"]), (&serde_json::Value::Null, &"google".into()));
}

#[tokio::test]
async fn an_answer_is_good_once() {
    let (google, app) = start().await;
    let browser = google.browser(&app, "ann@acme.com");
    let back = browser.agree("/auth/google/login").await;
    let held = browser.cookies.borrow().clone();
    admitted(&browser.open(&back).await);
    assert_eq!(refused(&browser.open(&back).await), "oauth_failed");
    // Not even with the cookie of before.
    browser.cookies.borrow_mut().extend(held);
    assert_eq!(refused(&browser.open(&back).await), "oauth_failed");
    assert_eq!(google.count("POST /token"), 1);
    browser.client(&app).get("/auth/me").await.ok();
}

#[tokio::test]
async fn of_several_answers_at_once_one_counts() {
    let (google, app) = start().await;
    let browser = google.browser(&app, "ann@acme.com");
    let back = browser.agree("/auth/google/login").await;
    let answers = tokio::join!(browser.open(&back), browser.open(&back), browser.open(&back));
    let mut statuses = [answers.0, answers.1, answers.2].map(|answer| answer.status.as_u16());
    statuses.sort_unstable();
    assert_eq!((statuses, google.count("POST /token")), ([302, 307, 307], 1));
}

#[tokio::test]
async fn nobody_is_signed_in_as_somebody_else_by_a_link() {
    let (google, app) = start().await;
    let (eve, ann) = (google.browser(&app, "eve@acme.com"), google.browser(&app, "ann@acme.com"));
    let link = eve.agree("/auth/google/login").await;
    assert_eq!(refused(&ann.open(&link).await), "oauth_failed", "Ann has not begun anything");
    let own = ann.agree("/auth/google/login").await;
    let mixed = altered(&own, "code", parameter(&link, "code").as_deref());
    assert_eq!(refused(&ann.open(&mixed).await), "oauth_failed", "a code of Eve's does not fit the verifier of Ann's");
    ann.agree("/auth/google/login").await;
    assert_eq!(refused(&ann.open(&link).await), "oauth_failed", "the state is that of another browser");
    assert_eq!(ann.session(), None);
}

#[tokio::test]
async fn a_session_that_was_there_before_is_not_the_one_after() {
    let (google, app) = start().await;
    let eve = google.browser(&app, "eve@acme.com");
    admitted(&eve.sign_in().await);
    let planted = eve.session().unwrap();
    let ann = google.browser(&app, "ann@acme.com");
    let cookies = [("access_token", planted.as_str()), ("session", "planted")];
    ann.cookies.borrow_mut().extend(cookies.map(|(name, value)| (name.into(), value.into())));
    let back = ann.agree("/auth/google/login").await;
    let begun = ann.cookies.borrow()["session"].clone();
    assert!(begun != "planted" && begun.len() >= 32, "{begun}");
    assert_eq!(app.with_token(&begun).get("/auth/me").await.status, 401, "what is begun opens nothing");
    admitted(&ann.open(&back).await);
    let me = ann.client(&app).get("/auth/me").await.ok();
    assert_eq!((me["email"].as_str(), ann.session() == Some(planted.clone())), (Some("ann@acme.com"), false));
    assert_eq!(app.with_token(&planted).get("/auth/me").await.ok()["email"], "eve@acme.com");
    let first = ann.client(&app);
    admitted(&ann.sign_in().await);
    assert_ne!(first.token, ann.session(), "each sign-in has a session of its own");
    first.post_json("/auth/logout", serde_json::Value::Null).await.ok();
    assert_eq!(first.get("/auth/me").await.status, 401);
    ann.client(&app).get("/auth/me").await.ok();
}
