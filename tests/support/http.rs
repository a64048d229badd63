//! Plain requests to a server in another process.

use reqwest::Method;
use serde_json::Value;

/// One caller.
pub struct Http {
    url: String,
    token: String,
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
}

pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Http {
    pub fn new(url: &str, token: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = reqwest::Client::builder().no_proxy().timeout(super::program::PATIENCE).build().unwrap();
        Self { url: url.into(), token: token.into(), runtime, client }
    }

    /// `None` when the connection broke.
    pub fn try_send(&self, method: Method, path: &str, body: &Value) -> Option<Reply> {
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if !body.is_null() {
            request = request.json(body);
        }
        self.runtime.block_on(async {
            let response = request.send().await.ok()?;
            let status = response.status().as_u16();
            Some(Reply { status, body: response.bytes().await.ok()?.to_vec() })
        })
    }

    pub fn get(&self, path: &str) -> Reply {
        self.try_send(Method::GET, path, &Value::Null).unwrap()
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.try_send(Method::POST, path, body).unwrap()
    }
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }
}
