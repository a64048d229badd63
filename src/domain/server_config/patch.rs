//! Patches of the overlay, and what they change.

use serde_json::{Map, Value};

use super::masking::{is_secret, mask, masked};
use crate::protocol::server_config::ConfigChange;

/// Merges a patch: mappings key by key, everything else replaces. Null deletes a key, and what is empty without it.
pub fn apply(target: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, value) in patch {
        match (target.get_mut(&key), value) {
            (_, Value::Null) => _ = target.shift_remove(&key),
            (Some(Value::Object(there)), Value::Object(patch)) => {
                apply(there, patch);
                if there.is_empty() {
                    target.shift_remove(&key);
                }
            }
            (_, Value::Object(patch)) => {
                let mut new = Map::new();
                apply(&mut new, patch);
                if !new.is_empty() {
                    target.insert(key, Value::Object(new));
                }
            }
            (_, value) => _ = target.insert(key, value),
        }
    }
}

/// A change of one key.
#[derive(Debug, PartialEq)]
pub struct Changed {
    pub path: Vec<String>,
    pub before: Value,
    pub after: Value,
}

impl Changed {
    /// The keys with dots between them.
    pub fn name(&self) -> String {
        self.path.join(".")
    }

    /// As it may be shown.
    pub fn shown(&self) -> ConfigChange {
        let is_secret = self.path.iter().any(|key| is_secret(key));
        let show = |value: &Value| if is_secret { mask(value) } else { masked(value) };
        ConfigChange { path: self.name(), before: show(&self.before), after: show(&self.after) }
    }
}

/// The keys whose values differ; null stands for one that is not there.
pub fn changes(before: &Value, after: &Value) -> Vec<Changed> {
    let mut found = Vec::new();
    compare(&mut Vec::new(), before, after, &mut found);
    found
}

fn compare(path: &mut Vec<String>, before: &Value, after: &Value, found: &mut Vec<Changed>) {
    let empty = Map::new();
    let maps = match (before, after) {
        (Value::Object(before), Value::Object(after)) => Some((before, after)),
        (Value::Null, Value::Object(after)) => Some((&empty, after)),
        (Value::Object(before), Value::Null) => Some((before, &empty)),
        _ => None,
    };
    let Some((old, new)) = maps else {
        if before != after {
            found.push(Changed { path: path.clone(), before: before.clone(), after: after.clone() });
        }
        return;
    };
    for key in old.keys().chain(new.keys().filter(|key| !old.contains_key(*key))) {
        let of = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or_default();
        path.push(key.clone());
        compare(path, &of(old), &of(new), found);
        path.pop();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(mut target: Value, patch: Value) -> Value {
        let Value::Object(patch) = patch else { unreachable!() };
        apply(target.as_object_mut().unwrap(), patch);
        target
    }

    #[test]
    fn only_what_is_named_changes() {
        let there = json!({ "a": { "x": 1, "y": [1, 2] }, "b": null, "c": "${C}" });
        assert_eq!(patched(there.clone(), json!({})), there);
        assert_eq!(
            patched(there.clone(), json!({ "a": { "y": [3], "z": { "n": null, "m": 1 } } })),
            json!({ "a": { "x": 1, "y": [3], "z": { "m": 1 } }, "b": null, "c": "${C}" })
        );
        // A mapping that has nothing left would count as there.
        assert_eq!(patched(there.clone(), json!({ "a": { "x": null, "y": null } })), json!({ "b": null, "c": "${C}" }));
        assert_eq!(patched(there, json!({ "a": 1, "new": { "n": null } })), json!({ "a": 1, "b": null, "c": "${C}" }));
    }

    #[test]
    fn changes_are_found_before_secrets_are_masked() {
        let (before, after) =
            (json!({ "a": { "token": "1", "b": 1 } }), json!({ "a": { "token": "2" }, "c": { "d": 1 } }));
        let shown: Vec<_> = changes(&before, &after).iter().map(|change| json!(change.shown())).collect();
        assert_eq!(
            json!(shown),
            json!([{ "path": "a.token", "before": "***", "after": "***" }, { "path": "a.b", "before": 1, "after": null },
                { "path": "c.d", "before": null, "after": 1 }])
        );
    }
}
