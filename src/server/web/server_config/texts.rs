use serde_json::Value as Json;

use crate::base::hash::sha256_hex;
use crate::domain::server_config::{ConfigField, FieldKind};

/// The name of a field: its path as a JSON pointer.
pub fn name(field: &ConfigField) -> String {
    field.path.iter().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1"))).collect()
}

/// What a form has of the text that it was shown with.
pub fn stamp(text: &str) -> String {
    sha256_hex(text)[..16].to_owned()
}

/// What the field shows.
pub fn text(field: &ConfigField) -> String {
    match (&field.value, field.kind) {
        (None, _) | (_, FieldKind::Secret) => String::new(),
        (Some(Json::Array(items)), FieldKind::Lines) => {
            items.iter().filter_map(Json::as_str).collect::<Vec<_>>().join("\n")
        }
        (Some(value), _) => text_of(value),
    }
}

pub fn text_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.replace("\r\n", "\n"),
        Json::Array(_) | Json::Object(_) => serde_saphyr::to_string(value).unwrap_or_default().trim_end().to_owned(),
        other => other.to_string(),
    }
}
