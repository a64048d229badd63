//! Settings key by key: what is known about each, and what is set.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::ServerConfigError;
use super::masking::{is_secret, mask, masked};
use super::sections::{Applies, DANGER, EDITABLE, applies};
use super::settings::{InstanceSettings, State};
use crate::access::Admin;

/// By section and key.
pub(super) static KNOWN: LazyLock<Value> =
    LazyLock::new(|| serde_saphyr::from_str(include_str!("known_fields.yaml")).unwrap_or_default());

/// The settings as a page shows them.
pub struct ShownConfig {
    /// Those that this version uses or that are set.
    pub sections: Vec<ConfigSection>,
    /// See [`crate::protocol::server_config::ServerConfig`].
    pub restart_pending: Vec<String>,
    pub overlay_error: Option<String>,
}

pub struct ConfigSection {
    pub name: &'static str,
    /// Whether a change must be confirmed.
    pub is_danger: bool,
    pub fields: Vec<ConfigField>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    Text,
    LongText,
    Secret,
    Flag,
    Integer,
    Number,
    Choice,
    /// Texts, one on each line.
    Lines,
    /// Anything, as YAML.
    Yaml,
}

#[derive(Clone, Debug)]
pub struct ConfigField {
    /// Keys, the section first.
    pub path: Vec<String>,
    pub kind: FieldKind,
    pub hint: Option<String>,
    pub default: Option<Value>,
    /// Of a choice.
    pub options: Vec<String>,
    /// As it is written, with secrets masked.
    pub value: Option<Value>,
    /// Whether it was set here and can be reset.
    pub is_own: bool,
    /// Whether the static file sets it, which counts after a reset.
    pub is_fixed: bool,
    pub applies: Applies,
    /// A variable of the environment that is set, and wins.
    pub overridden_by: Option<String>,
    /// The value that counts instead of nothing.
    pub placeholder: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Known {
    kind: String,
    hint: Option<String>,
    default: Option<Value>,
    options: Vec<String>,
    fields: Map<String, Value>,
    item_kind: String,
    is_long: bool,
    env: Option<String>,
    placeholder_from: Vec<String>,
}

/// Returns all settings that can be changed here.
pub async fn show_server_config(settings: &Arc<InstanceSettings>, _: &Admin) -> Result<ShownConfig, ServerConfigError> {
    let state = settings.read().await?;
    let sections = EDITABLE.iter().filter_map(|name| {
        let mut found = Fields { settings, state: &state, found: Vec::new() };
        let known = KNOWN[name].as_object().cloned().unwrap_or_default();
        found.below(&[(*name).to_owned()], &known, written(&state).get(*name));
        let fields: Vec<ConfigField> = found.found;
        let is_danger = DANGER.contains(name);
        (!fields.is_empty()).then_some(ConfigSection { name, is_danger, fields })
    });
    let sections = sections.collect();
    let State { restart_pending, overlay_error, .. } = state;
    Ok(ShownConfig { sections, restart_pending, overlay_error })
}

fn written(state: &State) -> &Value {
    state.loaded.as_ref().map_or(&Value::Null, |loaded| &loaded.written)
}

struct Fields<'a> {
    settings: &'a InstanceSettings,
    state: &'a State,
    found: Vec<ConfigField>,
}

impl Fields<'_> {
    /// Adds the known keys of a mapping, and then those that are set besides.
    fn below(&mut self, path: &[String], known: &Map<String, Value>, value: Option<&Value>) {
        let set = value.and_then(Value::as_object);
        let others = set.into_iter().flat_map(Map::keys).filter(|key| !known.contains_key(*key));
        for key in known.keys().chain(others) {
            let path = [path, std::slice::from_ref(key)].concat();
            let about = known.get(key).and_then(|about| serde_json::from_value(about.clone()).ok()).unwrap_or_default();
            self.add(path, about, set.and_then(|set| set.get(key)));
        }
    }

    fn add(&mut self, path: Vec<String>, about: Known, value: Option<&Value>) {
        let is_secret = about.kind == "secret" || path.iter().any(|key| is_secret(key));
        let is_map = about.kind.is_empty() && value.is_some_and(Value::is_object);
        if !is_secret && (is_map || (about.kind == "object" && value.is_none_or(Value::is_object))) {
            return self.below(&path, &about.fields, value);
        }
        let applies = applies(&path.join("."));
        if applies == Applies::Never && value.is_none() {
            return;
        }
        let kind = if is_secret { FieldKind::Secret } else { kind(&about, value) };
        let shown = value.map(|value| if is_secret { mask(value) } else { masked(value) });
        self.found.push(ConfigField {
            kind,
            hint: about.hint,
            default: about.default,
            options: about.options,
            value: shown,
            is_own: at(&self.state.overlay, &path).is_some_and(|value| !value.is_null()),
            is_fixed: at(&self.state.fixed, &path).is_some(),
            applies,
            overridden_by: about.env.filter(|name| self.settings.files.is_set_outside(name)),
            placeholder: at(written(self.state), &about.placeholder_from)
                .filter(|_| !about.placeholder_from.is_empty())
                .cloned(),
            path,
        });
    }
}

fn kind(about: &Known, value: Option<&Value>) -> FieldKind {
    match (about.kind.as_str(), value) {
        ("array", None | Some(Value::String(_))) if about.item_kind == "string" => FieldKind::Lines,
        (_, Some(Value::Array(items))) if items.iter().all(is_line) => FieldKind::Lines,
        (_, Some(Value::Array(_) | Value::Object(_))) | ("map" | "array" | "object", _) => FieldKind::Yaml,
        ("bool", _) | ("", Some(Value::Bool(_))) => FieldKind::Flag,
        ("int", _) => FieldKind::Integer,
        ("float", _) => FieldKind::Number,
        ("", Some(Value::Number(number))) => {
            if number.is_f64() {
                FieldKind::Number
            } else {
                FieldKind::Integer
            }
        }
        ("select", _) => FieldKind::Choice,
        _ if about.is_long || value.and_then(Value::as_str).is_some_and(|text| text.contains('\n')) => {
            FieldKind::LongText
        }
        _ => FieldKind::Text,
    }
}

/// Returns whether an item is a text that stays the same on a line of its own.
fn is_line(item: &Value) -> bool {
    item.as_str().is_some_and(|text| !text.is_empty() && text.trim() == text && !text.contains(['\n', '\r']))
}

fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_known_fields_is_whole() {
        let known = KNOWN.as_object().unwrap();
        assert!(EDITABLE.iter().all(|section| known.contains_key(*section)) && known.len() == EDITABLE.len());
        fn check(fields: &Map<String, Value>, path: &str) {
            const KINDS: [&str; 9] = ["string", "secret", "bool", "int", "float", "select", "object", "array", "map"];
            for (key, about) in fields {
                let known: Known = serde_json::from_value(about.clone()).unwrap();
                assert!(KINDS.contains(&known.kind.as_str()), "{path}.{key}");
                assert_eq!(known.fields.is_empty(), known.kind != "object", "{path}.{key}");
                check(&known.fields, &format!("{path}.{key}"));
            }
        }
        for (section, fields) in known {
            check(fields.as_object().unwrap(), section);
        }
    }
}
