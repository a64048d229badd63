use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::ONE;
use crate::data::KEY;
use crate::program::Serving;

/// Somebody who is signed in.
pub struct Caller {
    url: String,
    token: String,
    client: reqwest::Client,
}

impl Caller {
    pub fn new(server: &Serving, id: &str) -> Self {
        let claims =
            json!({ "sub": id, "email": format!("{id}@example.com"), "typ": "session", "exp": 4_000_000_000_u64 });
        let key = EncodingKey::from_secret(KEY.as_bytes());
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token");
        Self { url: server.url.clone(), token, client: client() }
    }

    /// Somebody who is not signed in.
    pub fn stranger(server: &Serving) -> Self {
        Self { url: server.url.clone(), token: String::new(), client: client() }
    }

    /// Status and body; status 0 without an answer.
    pub async fn send(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let method = method.parse().expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        match request.send().await {
            Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
            Err(_) => (0, String::new()),
        }
    }

    pub async fn query(&self, sql: &str) -> (u16, String) {
        self.send("POST", "/api/query", json!({ "sql": sql })).await
    }

    /// The size of all rows of `events`; `first` is called with the first of it.
    pub async fn read_all(&self, form: &str, first: impl FnOnce()) -> usize {
        let body = json!({ "sql": "SELECT * FROM events", "limit": 10_000_000 });
        let request = self.client.post(format!("{}/api/query", self.url)).bearer_auth(&self.token).json(&body);
        let request = request.header("accept", form).timeout(Duration::from_secs(300));
        let mut response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        let mut size = response.chunk().await.expect("a body").map_or(0, |chunk| chunk.len());
        first();
        while let Some(chunk) = response.chunk().await.expect("a body") {
            size += chunk.len();
        }
        size
    }

    pub async fn repeat(&self, sql: &str, count: usize) {
        for _ in 0..count {
            let (mut status, mut body) = self.query(sql).await;
            while status == 429 {
                (status, body) = self.query(sql).await;
            }
            assert_eq!(status, 200, "{body}");
        }
    }

    /// Waits until a table is published.
    pub async fn published(&self, table: &str) {
        let end = Instant::now() + Duration::from_secs(300);
        loop {
            let (status, body) = self.query(&format!("SELECT count(*) FROM {table}")).await;
            if status == 200 {
                return;
            }
            assert!(Instant::now() < end, "{table} is never published: {status} {body}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// How long each of four requests takes, again and again for some time; the longest time for those that fail.
    pub async fn samples(&self, time: Duration) -> [(&'static str, Vec<Duration>); 4] {
        let mut samples = ["SELECT 1", "download", "manifest", "sign-in"].map(|name| (name, Vec::new()));
        let end = Instant::now() + time;
        while Instant::now() < end {
            for (name, times) in &mut samples {
                let begun = Instant::now();
                let (status, _) = match *name {
                    "SELECT 1" => self.query(ONE).await,
                    "download" => self.send("GET", "/api/data/flights/download", Value::Null).await,
                    "manifest" => self.send("GET", "/api/sync/manifest", Value::Null).await,
                    _ => {
                        let body = json!({ "email": "user-0@example.com", "password": "correct horse battery" });
                        self.send("POST", "/auth/token", body).await
                    }
                };
                times.push(if status == 200 { begun.elapsed() } else { Duration::MAX });
            }
        }
        samples
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().expect("a client")
}
