//! Sign-in with Google, over the wire, against a stand-in that speaks the protocols.

mod account;
mod begin;
mod domains;
mod failures;
mod groups;
mod groups_unknown;
mod hanging;
mod id_token;
mod state;

use serde_json::Value;

use crate::google::{Google, set_cookies};
use crate::support::people::list;
use crate::support::{Answer, Client, TestApp};

/// A stand-in of Google, and a server that uses it, with further settings and this `instance.yaml`.
async fn start_with(env: &[(&str, &str)], yaml: &str) -> (Google, TestApp) {
    let google = Google::start().await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("instance.yaml"), yaml).unwrap();
    let settings = google.settings();
    let settings = settings.iter().map(|(name, value)| (*name, value.as_str()));
    let env: Vec<_> = settings.chain(env.iter().copied()).collect();
    let app = TestApp::start_in(dir, &env).await;
    google.register();
    (google, app)
}

async fn start() -> (Google, TestApp) {
    start_with(&[], "").await
}

/// The code with which somebody is sent back to the login page, without a session.
#[track_caller]
fn refused(answer: &Answer) -> &str {
    assert_eq!(answer.status, 307, "{answer} to {}", answer.header("location"));
    let cookies = set_cookies(answer);
    assert!(!cookies.iter().any(|cookie| cookie.starts_with("access_token=")), "{cookies:?}");
    answer.header("location").strip_prefix("/login?error=").expect("an error code")
}

/// The way into the server after a sign-in that worked.
#[track_caller]
fn admitted(answer: &Answer) -> &str {
    assert_eq!(answer.status, 302, "{answer} to {}", answer.header("location"));
    assert!(set_cookies(answer).iter().any(|cookie| cookie.starts_with("access_token=eyJ")), "{:?}", answer.headers);
    answer.header("location")
}

/// Rows of the audit log with this action, newest first.
async fn audit(admin: &Client, action: &str) -> Vec<Value> {
    list(&admin.get(&format!("/api/admin/audit?action={action}")).await.ok()["entries"]).to_vec()
}

/// The addresses of all users.
async fn addresses(admin: &Client) -> Vec<String> {
    let users = admin.get("/api/users").await.ok();
    list(&users).iter().map(|user| user["email"].as_str().unwrap().to_owned()).collect()
}

/// An address with another value for one of its parameters, or without it.
fn altered(address: &str, name: &str, value: Option<&str>) -> String {
    let mut url = url::Url::parse(address).unwrap();
    let kept: Vec<_> = url.query_pairs().into_owned().filter(|(key, _)| key != name).collect();
    url.query_pairs_mut().clear().extend_pairs(kept).extend_pairs(value.map(|value| (name, value)));
    url.into()
}

/// The value of a parameter of an address.
fn parameter(address: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(address).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
