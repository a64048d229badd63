use minijinja::Value;
use serde_json::value::RawValue;

/// A value of a result as it was sent; nothing for NULL.
pub fn shown(value: &RawValue) -> Value {
    match value.get() {
        "null" => Value::from(()),
        text => serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned()).into(),
    }
}
