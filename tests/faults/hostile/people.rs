//! People who are signed in to a server.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::program::{PATIENCE, Serving};

const REQUESTS: usize = 100;
const PASSWORD: &str = "correct horse";

/// An admin, somebody else, and any number of others.
pub struct People {
    pub runtime: Runtime,
    client: reqwest::Client,
    url: String,
    pub admin: String,
    pub other: String,
}

/// The response to a query.
#[derive(Debug)]
pub struct Answer {
    /// `None`: it broke off before its status, or after it.
    pub status: Option<u16>,
    pub took: Duration,
    pub body: Vec<u8>,
}

impl People {
    pub fn of(server: &Serving) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let mut people = Self { runtime, client, url: server.url.clone(), admin: String::new(), other: String::new() };
        let admin = people.post("", "/auth/bootstrap", json!({"email": "admin@example.com", "password": PASSWORD}));
        people.admin = admin.1["access_token"].as_str().unwrap().to_owned();
        people.other = people.add("bob");
        people
    }

    /// Adds somebody and signs them in.
    pub fn add(&self, name: &str) -> String {
        let email = format!("{name}@example.com");
        let user = self.post(&self.admin, "/api/users", json!({"email": email, "name": name})).1;
        let path = format!("/api/users/{}/set-password", user["id"].as_str().unwrap());
        assert_eq!(self.post(&self.admin, &path, json!({"password": PASSWORD})).0, 204);
        let signed_in = self.post("", "/auth/token", json!({"email": email, "password": PASSWORD})).1;
        signed_in["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn send(&self, token: &str, path: &str, body: Value) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.url)).json(&body);
        let request = if token.is_empty() { request } else { request.bearer_auth(token) };
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    pub fn post(&self, token: &str, path: &str, body: Value) -> (u16, Value) {
        self.runtime.block_on(self.send(token, path, body))
    }

    pub async fn ask(&self, token: &str, sql: &str, limit: usize) -> Answer {
        let begun = Instant::now();
        let request = self.client.post(format!("{}/api/query", self.url)).bearer_auth(token);
        let sent = request.json(&json!({"sql": sql, "limit": limit})).send().await;
        let (status, body) = match sent {
            Ok(response) => match (response.status().as_u16(), response.bytes().await) {
                (status, Ok(body)) => (Some(status), body.into()),
                (status, Err(error)) => (None, format!("broken off after {status}: {error}").into_bytes()),
            },
            Err(error) => (None, format!("{error:?}").into_bytes()),
        };
        Answer { status, took: begun.elapsed(), body }
    }

    /// The 95th percentile of what somebody else does.
    pub fn percentile(&self) -> Duration {
        let ask = |n: usize| {
            let begun = Instant::now();
            let status = match n % 2 {
                0 => self.post(&self.other, "/api/query", json!({"sql": "SELECT 42"})).0,
                _ => self.runtime.block_on(async {
                    let request = self.client.get(format!("{}/api/sync/manifest", self.url)).bearer_auth(&self.other);
                    request.send().await.unwrap().status().as_u16()
                }),
            };
            assert_eq!(status, 200);
            begun.elapsed()
        };
        let mut times: Vec<_> = (0..REQUESTS).map(ask).collect();
        times.sort();
        times[REQUESTS * 95 / 100]
    }
}
