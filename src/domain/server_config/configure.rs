use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::error::ServerConfigError;
use super::network::public_addresses;
use super::patch;
use super::plan::{Plan, carry_out};
use super::settings::InstanceSettings;
use crate::access::Admin;
use crate::base::secret::Secret;
use crate::config::env_vars;
use crate::connectors::keboola::{ConnectionError, SettingsError, test_connection};
use crate::domain::{Error, Result};
use crate::protocol::server_config::{Configure, Configured};
use crate::protocol::vocabulary::SourceType;
use crate::store::Store;

/// Variables that hold a key of the language model, with the one that is preferred first.
const MODEL_KEYS: [&str; 2] = ["ANTHROPIC_API_KEY", "LLM_API_KEY"];

/// Fields of the request.
const URL: &str = "keboola_url";
const TOKEN: &str = "keboola_token";
const FAILED: &str = "Keboola connection failed. Check your token and URL.";

/// The source that was chosen, and how far it was tried.
struct Chosen {
    block: Map<String, Value>,
    variables: Vec<(&'static str, Secret)>,
    connection: String,
}

/// Sets up the main source: in one step, for a new server.
pub async fn configure(
    store: &Store,
    settings: &Arc<InstanceSettings>,
    admin: &Admin,
    request: Configure,
) -> Result<Configured, ServerConfigError> {
    let kind = SourceType::from(request.data_source.as_str());
    let Chosen { block, variables, connection } = if kind == SourceType::KEBOOLA {
        keboola(settings, &request).await?
    } else if kind == SourceType::BIGQUERY {
        bigquery(&request)?
    } else if kind == SourceType::LOCAL {
        Chosen { block: Map::new(), variables: Vec::new(), connection: kind.as_str().to_owned() }
    } else {
        return Err(Error::invalid("data_source must be 'keboola', 'bigquery', or 'local'").into());
    };
    let names: Vec<&str> = variables.iter().map(|(name, _)| *name).chain([env_vars::DATA_SOURCE.name]).collect();
    let overridden_by =
        names.into_iter().filter(|name| settings.files.is_set_outside(name)).map(str::to_owned).collect();
    let plan = carry_out(store, settings, admin, move |settings| plan(settings, &request, block, variables)).await?;
    let restart_reason = plan.restart_reason();
    Ok(Configured {
        status: "ok".into(),
        data_source: kind.as_str().to_owned(),
        connection,
        restart_required: restart_reason.is_some(),
        restart_reason,
        overridden_by,
    })
}

async fn keboola(settings: &InstanceSettings, request: &Configure) -> Result<Chosen, ServerConfigError> {
    let wrong = |field, reason: String| ServerConfigError::Source { field, reason };
    let filled =
        |value: &Option<String>| value.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let (Some(token), Some(url)) = (filled(&request.keboola_token), filled(&request.keboola_url)) else {
        let field = if filled(&request.keboola_url).is_none() { URL } else { TOKEN };
        return Err(wrong(field, "keboola_token and keboola_url are required for Keboola data source".into()));
    };
    let token = Secret::new(token);
    let addresses = public_addresses(URL, &url, settings.allow_private).await;
    let addresses = addresses.map_err(|error| wrong(URL, error.to_string()))?;
    if let Err(error) = test_connection(&url, token.clone(), &addresses).await {
        tracing::warn!(%error, "the connection to Keboola that an admin wants to set up does not work");
        return Err(match error {
            ConnectionError::Settings(error @ SettingsError::Token) => wrong(TOKEN, error.to_string()),
            ConnectionError::Settings(error @ SettingsError::StackUrl) => wrong(URL, error.to_string()),
            error => wrong(if error.is_of_the_token() { TOKEN } else { URL }, FAILED.into()),
        });
    }
    let mut block = Map::new();
    let (token_env, url_env) = (env_vars::KEBOOLA_STORAGE_TOKEN.name, env_vars::KEBOOLA_STACK_URL.name);
    block.insert(SourceType::KEBOOLA.into(), json!({ "stack_url": url, "token_env": token_env }));
    Ok(Chosen {
        block,
        variables: vec![(token_env, token), (url_env, Secret::new(url))],
        connection: "verified".into(),
    })
}

/// Nothing here can ask BigQuery yet.
fn bigquery(request: &Configure) -> Result<Chosen> {
    let project = request.bigquery_project.as_deref().map(str::trim).filter(|project| !project.is_empty());
    let project = project.ok_or_else(|| Error::invalid("bigquery_project is required for BigQuery data source"))?;
    let location = request.bigquery_location.as_deref().map(str::trim).filter(|text| !text.is_empty()).unwrap_or("us");
    let mut block = Map::new();
    block.insert(SourceType::BIGQUERY.into(), json!({ "project": project, "location": location }));
    Ok(Chosen { block, variables: Vec::new(), connection: "not_checked".into() })
}

fn plan(
    settings: &InstanceSettings,
    request: &Configure,
    mut block: Map<String, Value>,
    variables: Vec<(&'static str, Secret)>,
) -> Result<Plan, ServerConfigError> {
    block.insert("type".into(), request.data_source.clone().into());
    let given = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
    let mut patch = Map::new();
    let mut sections = vec!["data_source".to_owned()];
    for (section, key, value) in [
        ("instance", "name", given(&request.instance_name)),
        ("auth", "allowed_domain", given(&request.allowed_domain)),
    ] {
        if let Some(value) = value {
            patch.insert(section.into(), json!({ key: value }));
            sections.push(section.into());
        }
    }
    let model_key = MODEL_KEYS.into_iter().find(|name| settings.files.has_variable(name));
    Plan::new(settings, sections, variables, |overlay| {
        // As a whole, so that nothing of the previous source stays.
        overlay.insert("data_source".into(), Value::Object(block));
        patch::apply(overlay, patch);
        if let Some(name) = model_key.filter(|_| !overlay.contains_key("ai")) {
            let ai = json!({ "provider": "anthropic", "api_key": format!("${{{name}}}"),
                "model": "claude-haiku-4-5-20251001", "structured_output": "auto" });
            overlay.insert("ai".into(), ai);
        }
    })
}
