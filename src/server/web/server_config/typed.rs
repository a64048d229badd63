//! What was typed into the form of a section.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::texts::{name, stamp, text};
use crate::domain::server_config::{ConfigField, ConfigSection, FieldKind};
use crate::server::web::form::FormState;

/// A form that was sent.
pub struct Sent {
    /// What was typed, and what is wrong with it.
    pub state: FormState,
    /// What it changes.
    pub patch: Map<String, Value>,
    /// The fields that change something, without secrets.
    pub fields: Vec<(String, String)>,
    /// Names and labels of secrets that change.
    pub secrets: Vec<(String, String)>,
}

pub fn read(section: &ConfigSection, form: &BTreeMap<String, String>) -> Sent {
    let state = FormState::new(section.name);
    let mut sent = Sent { state, patch: Map::new(), fields: Vec::new(), secrets: Vec::new() };
    for field in &section.fields {
        sent.add(field, form);
    }
    sent
}

impl Sent {
    fn add(&mut self, field: &ConfigField, form: &BTreeMap<String, String>) {
        let name = name(field);
        let of = |part: &str| form.get(&format!("{part}:{name}"));
        if field.is_own && of("reset").is_some() {
            self.change(field, Value::Null);
            self.fields.push((format!("reset:{name}"), "1".into()));
            return;
        }
        let Some(typed) = of("set").map(|text| text.replace("\r\n", "\n")) else { return };
        if field.kind == FieldKind::Secret {
            if !typed.is_empty() {
                self.change(field, typed.into());
                self.secrets.push((format!("set:{name}"), field.path.join(".")));
            }
            return;
        }
        let current = text(field);
        let was = of("was").map(String::as_str).unwrap_or_default();
        if stamp(&typed) == was {
            return;
        }
        let value = match stamp(&current) == was {
            true => parse(field, &current, &typed),
            false => Err("It was changed in the meantime; this is what you typed".into()),
        };
        let state = std::mem::take(&mut self.state).with_value(&name, &typed);
        self.state = match value {
            Ok(value) => {
                self.change(field, value);
                self.fields.extend([(format!("set:{name}"), typed), (format!("was:{name}"), was.to_owned())]);
                state
            }
            Err(reason) => state.with_error(&name, &reason),
        };
    }

    /// Adds a value to the patch.
    fn change(&mut self, field: &ConfigField, value: Value) {
        let [keys @ .., last] = &field.path[1..] else { return };
        let mut target = &mut self.patch;
        for key in keys {
            let below = target.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(below) = below else { return };
            target = below;
        }
        target.insert(last.clone(), value);
    }
}

/// The value to store; null removes the one that is stored.
fn parse(field: &ConfigField, current: &str, typed: &str) -> Result<Value, String> {
    let is_text = matches!(field.kind, FieldKind::Text | FieldKind::LongText);
    if typed.trim().is_empty() {
        return match (field.is_fixed, field.is_own) {
            (true, _) if is_text => Ok(Value::from("")),
            (true, false) => {
                Err("instance.yaml sets this: another value can replace it, but it can be removed only there".into())
            }
            _ => Ok(Value::Null),
        };
    }
    // A variable is always a text; what it holds is checked when it is used.
    let is_variable = typed.trim().starts_with("${");
    match field.kind {
        FieldKind::Integer if !is_variable => {
            typed.trim().parse::<i64>().map(Value::from).map_err(|_| "Must be a whole number".into())
        }
        FieldKind::Number if !is_variable => {
            let number = typed.trim().parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            number.map(Value::Number).ok_or_else(|| "Must be a number".into())
        }
        FieldKind::Flag if typed == "true" || typed == "false" => Ok(Value::from(typed == "true")),
        FieldKind::Lines => Ok(typed.lines().map(str::trim).filter(|line| !line.is_empty()).map(Value::from).collect()),
        FieldKind::Yaml => {
            let wrong = |error: serde_saphyr::Error| format!("Not valid YAML: {error}");
            let value: Value = serde_saphyr::from_str(typed).map_err(wrong)?;
            let before: Value = serde_saphyr::from_str(current).unwrap_or_default();
            match (&before, &value) {
                (Value::Array(_), Value::Array(_)) => Ok(value),
                (Value::Array(_), _) => Err("Must be a list: lines that start with “- ”".into()),
                (_, Value::Object(_)) => Ok(changed_keys(&before, value)),
                _ => Err("Must be a mapping: lines such as “key: value”".into()),
            }
        }
        _ => Ok(Value::from(typed)),
    }
}

/// Only what differs, with null for what is gone: masked secrets stay as they are.
fn changed_keys(before: &Value, after: Value) -> Value {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let gone = before.keys().filter(|key| !after.contains_key(*key)).map(|key| (key.clone(), Value::Null));
            let mut patch: Map<String, Value> = gone.collect();
            let new = after.into_iter().filter(|(key, value)| before.get(key) != Some(value));
            patch.extend(new.map(|(key, value)| {
                let value = changed_keys(before.get(&key).unwrap_or(&Value::Null), value);
                (key, value)
            }));
            Value::Object(patch)
        }
        (_, after) => after,
    }
}
