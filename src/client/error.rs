//! Why a request failed.

use std::time::Duration;

use serde_json::Value;

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No response: name resolution, connection, TLS or timeout.
    #[error("cannot reach {server}: {reason}")]
    Unreachable { server: String, reason: String },
    /// The connection broke during the request or the response, or the response ended early.
    #[error("the connection to {server} broke: {reason}")]
    Interrupted { server: String, reason: String },
    /// The server answered with an error status and a JSON object, `Null` if it was empty; `retry_after` is the delay that
    /// the server asks for.
    #[error("HTTP {status}")]
    Status { status: u16, body: Value, retry_after: Option<Duration> },
    /// An error status of something between here and the server.
    #[error("{explanation}")]
    Foreign { status: u16, explanation: String, retry_after: Option<Duration> },
    /// A success status with an unexpected body: usually the page of a proxy.
    #[error("{server} does not answer like an Agnes server: {reason}")]
    NotAgnes { server: String, reason: String },
    /// A redirect that is not followed.
    #[error("{server} redirects to {location}, which is not followed")]
    Redirect { server: String, location: String },
    /// The client cannot be set up: certificates, address.
    #[error("{0}")]
    Setup(String),
}

impl ClientError {
    /// The error status of the server itself.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The error status, whoever sent it.
    pub fn any_status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } | Self::Foreign { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// The delay that the other side asks for.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } | Self::Foreign { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether a retry may help: no response or only a part of it, a server error, a timeout or too many requests.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Interrupted { .. } => true,
            // 511 is the login page of a network.
            _ => self.any_status().is_some_and(|status| status >= 500 && status != 511 || [408, 429].contains(&status)),
        }
    }

    /// Whether the password was right, but not the second factor.
    pub fn is_about_second_factor(&self) -> bool {
        let Self::Status { body, .. } = self else { return false };
        body["detail"]["code"].as_str().is_some_and(|code| code.starts_with("second_factor"))
    }

    /// What the server says to do about it.
    pub fn hint(&self) -> Option<&str> {
        let Self::Status { body, .. } = self else { return None };
        body["detail"]["hint"].as_str().filter(|hint| !hint.is_empty())
    }

    /// The `detail` of an error body if it is a text, else the body itself, truncated to 500 characters.
    pub fn detail(&self) -> String {
        let Self::Status { status, body, .. } = self else { return self.to_string() };
        let text = match body.get("detail").unwrap_or(body) {
            Value::String(text) => text.clone(),
            Value::Array(problems) => problems.iter().map(problem).collect::<Vec<_>>().join("; "),
            Value::Null => String::new(),
            Value::Object(object) if object.get("message").is_some_and(Value::is_string) => {
                object["message"].as_str().unwrap_or_default().to_owned()
            }
            other => other.to_string(),
        };
        if text.trim().is_empty() { format!("HTTP {status}") } else { truncated(text.trim()) }
    }
}

/// One field error of a 422 body: `name: field required`.
fn problem(problem: &Value) -> String {
    let field = problem["loc"].as_array().and_then(|path| path.last()).map(|last| match last {
        Value::String(name) => name.clone(),
        other => other.to_string(),
    });
    match (field, problem["msg"].as_str()) {
        (Some(field), Some(message)) => format!("{field}: {message}"),
        _ => problem.to_string(),
    }
}

fn truncated(text: &str) -> String {
    if text.chars().count() <= 500 {
        return text.to_owned();
    }
    text.chars().take(497).chain("...".chars()).collect()
}
