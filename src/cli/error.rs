//! The one place that turns errors into text, hint and exit code.

use serde_json::{Map, Value, json};

use crate::client::ClientError;

/// Exit codes other than 0.
pub mod exit {
    pub const FAILED: u8 = 1;
    /// Wrong arguments; also clap's code.
    pub const USAGE: u8 = 2;
    /// Some of the work is done.
    pub const PARTIAL: u8 = 4;
    /// Too much in too short a time.
    pub const QUOTA: u8 = 3;
    /// The server failed.
    pub const SERVER_FAILED: u8 = 5;
    /// There is a snapshot of that name.
    pub const EXISTS: u8 = 6;
    /// Signed out, or the server cannot be reached.
    pub const NO_SERVER: u8 = 7;
    /// The caller may not read it.
    pub const DENIED: u8 = 8;
    /// The server answered with a status that stands for nothing else.
    pub const OTHER_STATUS: u8 = 9;
}

/// Keys of a `detail` object that come first, in this order.
const FIRST_KEYS: [&str; 12] = [
    "kind",
    "reason",
    "path",
    "registered_as",
    "billing_project",
    "data_project",
    "scan_bytes",
    "limit_bytes",
    "tables",
    "current",
    "limit",
    "retry_after_seconds",
];

/// What went wrong, what to do about it, and the exit code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CliError {
    pub kind: &'static str,
    /// All that is shown but prefix and hint; may have several lines.
    pub message: String,
    /// Whether the text is shown behind `Error: `.
    prefixed: bool,
    pub hint: Option<String>,
    /// HTTP status, where a server gave one.
    pub status: Option<u16>,
    pub exit: u8,
}

impl CliError {
    pub fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), prefixed: true, hint: None, status: None, exit: exit::FAILED }
    }

    /// An error whose text is shown as it is, such as `User not found: …`.
    pub fn bare(kind: &'static str, message: impl Into<String>) -> Self {
        Self { prefixed: false, ..Self::new(kind, message) }
    }

    /// Arguments that do not fit together: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new("usage", message).exiting(exit::USAGE)
    }

    /// No token at all for this server.
    pub fn signed_out(server: &str) -> Self {
        Self::new("auth_failed", format!("not signed in to {server}"))
            .hint("Run: agnes auth login, or: agnes auth import-token")
            .exiting(exit::NO_SERVER)
    }

    /// Nobody has said yet which server it is.
    pub fn no_server() -> Self {
        Self::new("auth_failed", "no server is configured")
            .hint("Run: agnes init --server-url URL, in an empty folder, or: agnes auth login --server URL")
            .exiting(exit::NO_SERVER)
    }

    pub fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    pub fn exiting(mut self, code: u8) -> Self {
        self.exit = code;
        self
    }

    /// `Failed: <detail>`, as the admin commands report what the server refused.
    pub fn failed(error: ClientError) -> Self {
        match &error {
            ClientError::Status { status, .. } | ClientError::Foreign { status, .. } if !asks_for_sign_in(*status) => {
                let failed = Self::bare("refused", format!("Failed: {}", error.detail())).status(*status);
                Self { hint: error.hint().map(str::to_owned), ..failed }
            }
            _ => error.into(),
        }
    }

    /// `Error: schema fetch failed: HTTP 404: …`, with the exit code that a command has for an error status.
    pub fn during(what: &str, error: ClientError, code: impl Fn(u16) -> u8) -> Self {
        let status = error.any_status();
        let error = Self::from(error);
        let Some(status) = status else { return error };
        let prefix = if error.prefixed { "Error: " } else { "" };
        let message = format!("{what} failed: {prefix}{}", error.message);
        Self { message, prefixed: true, status: Some(status), exit: code(status), ..error }
    }

    /// The text for a terminal.
    pub fn render(&self) -> String {
        let mut text = if self.prefixed { format!("Error: {}", self.message) } else { self.message.clone() };
        if let Some(hint) = &self.hint {
            text.push('\n');
            text.push_str(&wrapped("hint", hint));
        }
        text
    }

    /// The object for `--json`.
    pub fn to_json(&self) -> Value {
        json!({"error": {"kind": self.kind, "message": self.message, "hint": self.hint, "status": self.status}})
    }
}

impl From<anyhow::Error> for CliError {
    fn from(error: anyhow::Error) -> Self {
        error.downcast().unwrap_or_else(|other| Self::new("failed", format!("{other:#}")))
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        match &error {
            ClientError::Unreachable { .. } => Self::new("server_unreachable", error.to_string())
                .hint("Is the server running, and is the address right? Set it with --server or AGNES_SERVER.")
                .exiting(exit::NO_SERVER),
            ClientError::Interrupted { .. } => Self::new("server_unreachable", error.to_string())
                .hint(
                    "Try again. If it breaks each time, a proxy in between may limit the size or the duration of \
                     transfers (nginx: client_max_body_size, proxy_read_timeout).",
                )
                .exiting(exit::NO_SERVER),
            ClientError::NotAgnes { .. } | ClientError::Redirect { .. } => Self::new(
                "server_unreachable",
                error.to_string(),
            )
            .hint(
                "Check the address (--server or AGNES_SERVER). A proxy or the login page of a network may stand in \
                         between: open the address in a browser.",
            )
            .exiting(exit::NO_SERVER),
            ClientError::Foreign { status, .. } => {
                let code = if asks_for_sign_in(*status) { exit::NO_SERVER } else { exit::FAILED };
                Self::new("refused", error.to_string()).status(*status).exiting(code)
            }
            ClientError::Setup(message) => Self::new("client_setup", message.as_str()),
            ClientError::Status { status, body, .. } => {
                let refused = describe(*status, body, &error).status(*status);
                if *status != 401 {
                    return refused;
                }
                let sign_in =
                    "The token is missing, expired or revoked. Run: agnes auth login, or: agnes auth import-token";
                let hint = refused.hint.or_else(|| Some(sign_in.to_owned()));
                Self { kind: "auth_failed", hint, exit: exit::NO_SERVER, ..refused }
            }
        }
    }
}

/// 401: the server or a proxy; 407: a proxy; 511: the login page of a network.
fn asks_for_sign_in(status: u16) -> bool {
    [401, 407, 511].contains(&status)
}

/// The text and the hint for an error response.
fn describe(status: u16, body: &Value, error: &ClientError) -> CliError {
    let bare = || CliError::bare("refused", format!("HTTP {status}: {}", error.detail()));
    let Some(Value::Object(detail)) = body.get("detail") else { return bare() };
    let named = |key: &str| detail.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let label = if named("kind").is_some() { "kind" } else { "reason" };
    let Some(name) = named(label) else { return bare() };
    let mut text = format!("{name} (HTTP {status})");
    for (key, value) in in_order(detail) {
        if key != label && !["hint", "suggestion"].contains(&key) && !value.is_null() {
            text.push_str(&format!("\n  {key}: {}", shown(value)));
        }
    }
    if let Some(suggestion) = named("suggestion") {
        text.push('\n');
        text.push_str(&wrapped("suggestion", suggestion));
    }
    CliError { hint: named("hint").map(str::to_owned), ..CliError::new("refused", text) }
}

fn in_order(detail: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    let first = FIRST_KEYS.iter().filter_map(|key| Some((*key, detail.get(*key)?)));
    let rest = detail.iter().filter(|(key, _)| !FIRST_KEYS.contains(&key.as_str()));
    first.chain(rest.map(|(key, value)| (key.as_str(), value)))
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "(empty)".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "(empty)".into(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// `  label: text`, wrapped at 80 columns, further lines indented by four.
fn wrapped(label: &str, text: &str) -> String {
    let mut lines = vec![format!("  {label}:")];
    for word in text.split_whitespace() {
        let fits = lines.last().is_some_and(|line| line.chars().count() + 1 + word.chars().count() <= 80);
        match lines.last_mut() {
            Some(line) if fits => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("    {word}")),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(status: u16, body: Value) -> String {
        CliError::from(ClientError::Status { status, body, retry_after: None }).render()
    }

    #[test]
    fn server_errors_become_readable() {
        insta::assert_snapshot!(render(400, json!({"detail": {"tables": ["a", "b"], "kind": "row_limit", "x": {}, "n": null,
            "hint": "Ask for fewer rows, or for fewer columns, or add a WHERE clause that narrows the result down."}})), @r"
        Error: row_limit (HTTP 400)
          tables: a, b
          x: {}
          hint: Ask for fewer rows, or for fewer columns, or add a WHERE clause that
            narrows the result down.
        ");
        insta::assert_snapshot!(render(404, json!({"detail": "table 'x' not found"})), @"HTTP 404: table 'x' not found");
        insta::assert_snapshot!(render(422, json!({"detail": [{"loc": ["body", "sql"], "msg": "Field required"}]})), @"HTTP 422: sql: Field required");
        assert_eq!(render(502, Value::String("failed".repeat(200))).chars().count(), "HTTP 502: ".len() + 500);
    }
}
