use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::Answer;

/// Somebody who sends requests, signed in or not. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    /// The token that requests carry.
    pub token: Option<String>,
    http: reqwest::Client,
}

impl Client {
    /// A stranger.
    pub fn new(url: String) -> Self {
        let http = reqwest::Client::builder().no_proxy().no_gzip().tls_certs_only([]).build().expect("a client");
        Self { url, token: None, http }
    }

    /// Somebody else on the same server, who comes with this token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The token of somebody who is signed in.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("somebody who is signed in")
    }

    /// A request to finish and to hand to [`Client::send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        Answer::read(request.send().await.expect("an answer")).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// A GET with these headers.
    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = headers
            .iter()
            .fold(self.request(Method::GET, path), |request, (name, value)| request.header(*name, *value));
        self.send(request).await
    }

    pub async fn post_json(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn put_json(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn patch_json(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// Signs in with a password.
    pub async fn sign_in(&self, email: &str, password: &str) -> Self {
        let body = serde_json::json!({ "email": email, "password": password });
        let answer = self.post_json("/auth/token", body).await.ok();
        self.with_token(answer["access_token"].as_str().expect("a token"))
    }

    /// The first value of a query's answer.
    pub async fn value(&self, sql: &str) -> Value {
        self.post_json("/api/query", serde_json::json!({ "sql": sql })).await.ok()["rows"][0][0].clone()
    }
}
