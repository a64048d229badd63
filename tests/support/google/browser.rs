use std::cell::RefCell;
use std::collections::BTreeMap;

use reqwest::RequestBuilder;
use reqwest::redirect::Policy;

use super::Google;
use crate::relay::urlencoded;
use crate::support::test_app::PUBLIC_URL;
use crate::support::{Answer, Client, TestApp};

/// Somebody's browser: it keeps cookies of our server, and follows no redirect by itself.
pub struct Browser {
    server: String,
    /// The account at Google.
    account: String,
    pub cookies: RefCell<BTreeMap<String, String>>,
    http: reqwest::Client,
}

impl Browser {
    /// The browser of somebody who is signed in at Google with that account.
    pub fn new(app: &TestApp, account: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).tls_certs_only([]).build();
        Self {
            server: app.url.clone(),
            account: account.into(),
            cookies: RefCell::default(),
            http: http.expect("a client"),
        }
    }

    /// Opens a path or address of our server.
    pub async fn open(&self, address: &str) -> Answer {
        let address = address.strip_prefix(PUBLIC_URL).unwrap_or(address);
        self.send(self.http.get(format!("{}{address}", self.server))).await
    }

    /// Sends a form.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(urlencoded(self.http.post(format!("{}{path}", self.server)), fields)).await
    }

    async fn send(&self, request: RequestBuilder) -> Answer {
        let pairs: Vec<_> = self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("cookie", pairs.join("; ")).header("accept", "text/html,*/*;q=0.8");
        let answer = Answer::read(request.send().await.expect("an answer")).await;
        for cookie in set_cookies(&answer) {
            let (pair, attributes) = cookie.split_once(';').expect("a cookie with attributes");
            let (name, value) = pair.split_once('=').expect("a name and a value");
            match attributes.split(';').any(|attribute| attribute.trim() == "Max-Age=0") {
                true => self.cookies.borrow_mut().remove(name),
                false => self.cookies.borrow_mut().insert(name.into(), value.into()),
            };
        }
        answer
    }

    /// Begins to sign in, and agrees at Google. Returns the address that Google sends the browser back to.
    pub async fn agree(&self, login: &str) -> String {
        let away = self.open(login).await;
        assert_eq!(away.status, 302, "{away} {}", away.header("location"));
        let request = self.http.get(away.header("location")).header("x-account", &self.account);
        let back = Answer::read(request.send().await.expect("an answer")).await;
        assert_eq!(back.status, 302, "{back}");
        back.header("location").to_owned()
    }

    /// The whole way; the answer is that of the callback.
    pub async fn sign_in(&self) -> Answer {
        let back = self.agree("/auth/google/login").await;
        self.open(&back).await
    }

    /// The session that the browser has.
    pub fn session(&self) -> Option<String> {
        self.cookies.borrow().get("access_token").cloned()
    }

    /// A client with that session.
    pub fn client(&self, app: &TestApp) -> Client {
        app.with_token(&self.session().expect("a session"))
    }
}

/// All cookies that an answer sets.
pub fn set_cookies(answer: &Answer) -> Vec<&str> {
    answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().expect("text")).collect()
}

impl Google {
    /// Makes an account and opens its browser.
    pub fn browser(&self, app: &TestApp, email: &str) -> Browser {
        if !self.shared.lock().accounts.contains_key(email) {
            self.account(email, serde_json::Value::Null);
        }
        Browser::new(app, email)
    }
}
