//! Variables that settings name: `${NAME}`, or the name in `token_env`. Whoever changes settings must not read secrets of the
//! server with them, nor have them sent elsewhere.

use serde_json::Value;

use super::masking::is_secret;
use super::patch::Changed;
use crate::config::env_vars;
use crate::domain::{Error, Result};

/// Secrets of this section are meant for settings.
const SOURCES: &str = "Data sources";

/// Checks what a change stores.
pub fn check(change: &Changed) -> Result<()> {
    check_value(&change.name(), change.path.iter().any(|key| is_secret(key)), &change.after)
}

fn check_value(path: &str, is_masked: bool, value: &Value) -> Result<()> {
    match value {
        Value::String(text) => {
            let is_name = path.ends_with("token_env").then_some(text.trim());
            named(text).chain(is_name).try_for_each(|name| check_name(path, is_masked, name))
        }
        Value::Array(items) => items.iter().try_for_each(|item| check_value(path, is_masked, item)),
        Value::Object(map) => map
            .iter()
            .try_for_each(|(key, item)| check_value(&format!("{path}.{key}"), is_masked || is_secret(key), item)),
        _ => Ok(()),
    }
}

fn named(text: &str) -> impl Iterator<Item = &str> {
    text.split("${").skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

fn check_name(path: &str, is_masked: bool, name: &str) -> Result<()> {
    let declared = env_vars::ALL.iter().find(|var| var.name.eq_ignore_ascii_case(name) && var.secret);
    if declared.is_some_and(|var| var.section != SOURCES) {
        return Err(Error::Invalid(format!("{path}: {name} is a secret of this server, and cannot be used here")));
    }
    let looks_secret = is_secret(name) || name.to_ascii_uppercase().contains("KEY");
    if !is_masked && (declared.is_some() || looks_secret) {
        return Err(Error::Invalid(format!("{path}: {name} is a secret, and would be shown here")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_stay_where_they_belong() {
        let check = |path: &str, after: Value| {
            let path = path.split('.').map(str::to_owned).collect();
            check(&Changed { path, before: Value::Null, after }).map_err(|error| error.to_string())
        };
        for (path, value) in [
            ("instance.name", json!("${COMPANY} ${x")),
            ("openmetadata.token", json!("${OM_TOKEN}")),
            ("data_source.keboola.storage_token", json!("${KEBOOLA_STORAGE_TOKEN}")),
            ("data_source.keboola.token_env", json!("MY_TOKEN")),
            ("ai.api_key", json!("${ANTHROPIC_API_KEY}")),
        ] {
            assert_eq!(check(path, value), Ok(()), "{path}");
        }
        for (path, value) in [
            ("instance.subtitle", json!("a ${b} ${jwt_secret_key}")),
            ("openmetadata.token", json!("${JWT_SECRET_KEY}")),
            ("data_source.keboola.token_env", json!("SCHEDULER_API_TOKEN")),
            ("email.list", json!([{ "password": "${SMTP_PASSWORD}" }])),
        ] {
            assert!(check(path, value).unwrap_err().contains("is a secret of this server"), "{path}");
        }
        for name in ["KEBOOLA_STORAGE_TOKEN", "OM_TOKEN", "AWS_ACCESS_KEY_ID"] {
            let error = check("theme.primary", json!(format!("${{{name}}}"))).unwrap_err();
            assert!(error.ends_with("is a secret, and would be shown here"), "{error}");
        }
    }
}
