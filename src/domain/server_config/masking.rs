//! Secrets go in and never come out.

use serde_json::{Map, Value};

/// A key whose name contains one of these is a secret.
pub const SECRET_PATTERNS: [&str; 4] = ["secret", "token", "password", "api_key"];

const SET: &str = "***";
const EMPTY: &str = "<empty>";

pub fn is_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    SECRET_PATTERNS.iter().any(|pattern| key.contains(pattern))
}

/// What is shown instead of a secret.
pub fn mask(value: &Value) -> Value {
    let is_empty = value.is_null() || value.as_str().is_some_and(str::is_empty);
    Value::from(if is_empty { EMPTY } else { SET })
}

/// Replaces secrets at any depth.
pub fn masked(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(masked_map(map)),
        Value::Array(items) => items.iter().map(masked).collect(),
        other => other.clone(),
    }
}

fn masked_map(map: &Map<String, Value>) -> Map<String, Value> {
    let entry = |(key, value): (&String, &Value)| {
        let value = if is_secret(key) { mask(value) } else { masked(value) };
        (key.clone(), value)
    };
    map.iter().map(entry).collect()
}

/// Removes secrets that are still masked, i.e. that nobody has changed. Returns the path of one that cannot be removed,
/// because it is in a list: the list replaces the stored one as a whole.
pub fn without_masked(map: &mut Map<String, Value>, path: &str) -> Result<(), String> {
    let is_mask = |value: &Value| [SET, EMPTY].iter().any(|mask| value == mask);
    map.retain(|key, value| !(is_secret(key) && is_mask(value)));
    for (key, value) in map {
        let path = format!("{path}.{key}");
        match value {
            Value::Object(inner) => without_masked(inner, &path)?,
            Value::Array(items) if items.iter().any(holds_mask) => return Err(path),
            _ => {}
        }
    }
    Ok(())
}

fn holds_mask(value: &Value) -> bool {
    match value {
        Value::Object(map) => map
            .iter()
            .any(|(key, value)| (is_secret(key) && [SET, EMPTY].iter().any(|mask| value == mask)) || holds_mask(value)),
        Value::Array(items) => items.iter().any(holds_mask),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn at_any_depth_in_any_spelling() {
        let value = json!({ "a": { "JWT_Secret": "x", "n": [{ "api_key": null, "b": 1 }] }, "tokens": { "a": "b" }, "password": "" });
        let shown = json!({ "a": { "JWT_Secret": "***", "n": [{ "api_key": "<empty>", "b": 1 }] }, "tokens": "***",
            "password": "<empty>" });
        assert_eq!(masked(&value), shown);
    }

    #[test]
    fn what_comes_back_masked_was_not_changed() {
        let mut patch = json!({ "a": { "token": "***", "b": "***" }, "password": "<empty>", "secret": "new" });
        without_masked(patch.as_object_mut().unwrap(), "email").unwrap();
        assert_eq!(patch, json!({ "a": { "b": "***" }, "secret": "new" }));
        let mut list = json!({ "bots": [{ "token": "***" }] });
        assert_eq!(without_masked(list.as_object_mut().unwrap(), "telegram").unwrap_err(), "telegram.bots");
    }
}
