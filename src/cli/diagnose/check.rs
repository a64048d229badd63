//! What was looked at, and what came out.

use serde::Serialize;
use serde_json::{Map, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    Unknown,
    Warning,
    Error,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct Check {
    pub name: String,
    pub status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What the server adds, or a program may want to know.
    #[serde(flatten)]
    pub facts: Map<String, Value>,
}

impl Check {
    fn new(name: &str, status: Status, detail: Option<String>, action: Option<String>) -> Self {
        Self { name: name.to_owned(), status, detail, action, facts: Map::new() }
    }

    pub fn ok(name: &str, detail: impl Into<String>) -> Self {
        Self::new(name, Status::Ok, Some(detail.into()), None)
    }

    pub fn unknown(name: &str, detail: impl Into<String>) -> Self {
        Self::new(name, Status::Unknown, Some(detail.into()), None)
    }

    pub fn warning(name: &str, detail: impl Into<String>, action: impl Into<String>) -> Self {
        Self::new(name, Status::Warning, Some(detail.into()), Some(action.into()))
    }

    pub fn error(name: &str, detail: impl Into<String>, action: impl Into<String>) -> Self {
        Self::new(name, Status::Error, Some(detail.into()), Some(action.into()))
    }

    pub fn fact(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(key.to_owned(), value.into());
        self
    }

    /// A check that the server made of itself.
    pub fn of_server(name: &str, service: &Value) -> Self {
        let status = match service["status"].as_str() {
            Some("ok") => Status::Ok,
            Some("warning") => Status::Warning,
            Some("error") => Status::Error,
            _ => Status::Unknown,
        };
        let mut facts = service.as_object().cloned().unwrap_or_default();
        facts.retain(|key, _| !["name", "status", "detail", "action", "hint"].contains(&key.as_str()));
        let text = |key: &str| service[key].as_str().map(str::to_owned);
        let action = text("hint").or_else(|| (status > Status::Unknown).then(|| "Tell an admin of the server.".into()));
        Self { facts, ..Self::new(name, status, text("detail").or_else(|| summary(service)), action) }
    }
}

/// What a service says without words.
fn summary(service: &Value) -> Option<String> {
    let stale = service["stale_tables"].as_array().filter(|stale| !stale.is_empty());
    let stale = stale.map(|stale| {
        let names: Vec<_> = stale.iter().filter_map(Value::as_str).take(5).collect();
        format!("{} of them not updated for long: {}", stale.len(), names.join(", "))
    });
    let tables = service["tables"].as_u64().map(|tables| format!("{tables} tables"));
    let parts: Vec<_> = tables.into_iter().chain(stale).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
