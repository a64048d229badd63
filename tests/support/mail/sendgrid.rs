use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::PATIENCE;

/// The key that is accepted.
pub const KEY: &str = "SG.test-key";

/// Speaks `POST /v3/mail/send` of SendGrid: 202 for a well-formed mail with the right key.
pub struct SendGrid {
    pub url: String,
    mails: mpsc::UnboundedReceiver<Value>,
}

#[derive(Clone)]
struct Shared {
    /// Instead of 202.
    status: Option<StatusCode>,
    mails: mpsc::UnboundedSender<Value>,
}

impl SendGrid {
    pub async fn start() -> Self {
        Self::answering(None).await
    }

    /// Answers every mail with this status.
    pub async fn refusing(status: u16) -> Self {
        Self::answering(Some(StatusCode::from_u16(status).expect("a status"))).await
    }

    async fn answering(status: Option<StatusCode>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, mails) = mpsc::unbounded_channel();
        let routes =
            axum::Router::new().route("/v3/mail/send", post(send)).with_state(Shared { status, mails: sender });
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, mails }
    }

    /// The body of the next mail.
    pub async fn mail(&mut self) -> Value {
        tokio::time::timeout(PATIENCE, self.mails.recv()).await.expect("a mail in time").expect("a server that runs")
    }
}

async fn send(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> (StatusCode, axum::Json<Value>) {
    let refuse = |status: StatusCode, message: &str| {
        (status, axum::Json(json!({ "errors": [{ "message": message, "field": null, "help": null }] })))
    };
    if headers.get("authorization").is_none_or(|value| value.as_bytes() != format!("Bearer {KEY}").as_bytes()) {
        return refuse(StatusCode::UNAUTHORIZED, "The provided authorization grant is invalid");
    }
    if headers.get("content-type").is_none_or(|value| value != "application/json") {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type should be application/json.");
    }
    let Ok(mail) = serde_json::from_slice::<Value>(&body) else {
        return refuse(StatusCode::BAD_REQUEST, "Bad Request");
    };
    let texts = ["/personalizations/0/to/0/email", "/from/email", "/subject", "/content/0/type", "/content/0/value"];
    if let Some(missing) = texts.iter().find(|path| mail.pointer(path).and_then(Value::as_str).is_none()) {
        return refuse(StatusCode::BAD_REQUEST, missing);
    }
    let _ = shared.mails.send(mail);
    (shared.status.unwrap_or(StatusCode::ACCEPTED), axum::Json(Value::Null))
}
