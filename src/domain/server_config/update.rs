use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::error::ServerConfigError;
use super::masking::without_masked;
use super::network::public_addresses;
use super::patch;
use super::plan::{Plan, carry_out};
use super::sections::{Applies, DANGER, EDITABLE, applies};
use super::settings::InstanceSettings;
use crate::access::Admin;
use crate::base::secret::Secret;
use crate::config::env_vars;
use crate::domain::Error;
use crate::protocol::server_config::{ConfigChange, ServerConfigUpdated, UpdateServerConfig};
use crate::protocol::vocabulary::SourceType;
use crate::store::Store;

type Sections = BTreeMap<String, Map<String, Value>>;

/// In seconds.
const LOCK_TTL: std::ops::RangeInclusive<i64> = 60..=604_800;

/// Changes settings. Nothing changes if the server could not start with the result.
pub async fn update_server_config(
    store: &Store,
    settings: &Arc<InstanceSettings>,
    admin: &Admin,
    request: UpdateServerConfig,
) -> Result<ServerConfigUpdated, ServerConfigError> {
    let dangerous: Vec<&str> = DANGER.into_iter().filter(|name| request.sections.contains_key(*name)).collect();
    check_names(&request.sections)?;
    if !dangerous.is_empty() && !request.confirm_danger {
        let reason = format!("section(s) {} require confirm_danger=true", dangerous.join(", "));
        return Err(Error::Invalid(reason).into());
    }
    let sections = checked(settings, request.sections).await?;
    let plan = carry_out(store, settings, admin, move |settings| plan(settings, sections)).await?;
    let names = plan.changes.iter().map(|change| change.name());
    let restart_reason = plan.restart_reason();
    Ok(ServerConfigUpdated {
        status: "ok".into(),
        restart_required: restart_reason.is_some(),
        restart_reason,
        diff_count: plan.changes.len(),
        not_used: names.filter(|name| applies(name) == Applies::Never).collect(),
        sections_updated: plan.sections,
    })
}

/// Returns what a change would change, if it were made now.
pub async fn preview_server_config(
    settings: &Arc<InstanceSettings>,
    _: &Admin,
    sections: Sections,
) -> Result<Vec<ConfigChange>, ServerConfigError> {
    check_names(&sections)?;
    let sections = checked(settings, sections).await?;
    let settings = Arc::clone(settings);
    let planned = tokio::task::spawn_blocking(move || plan(&settings, sections)).await.map_err(io::Error::other)??;
    Ok(planned.changes.iter().map(|change| change.shown()).collect())
}

fn check_names(sections: &Sections) -> Result<(), Error> {
    if sections.is_empty() {
        return Err(Error::Unprocessable("sections cannot be empty".into()));
    }
    let unknown: Vec<&str> = sections.keys().map(String::as_str).filter(|name| !EDITABLE.contains(name)).collect();
    if !unknown.is_empty() {
        let reason = format!("unknown section(s): {}. Editable: {}", unknown.join(", "), EDITABLE.join(", "));
        return Err(Error::Invalid(reason));
    }
    Ok(())
}

/// Checks values for which it is not enough that the settings can be loaded, and leaves out masked secrets.
async fn checked(settings: &InstanceSettings, mut sections: Sections) -> Result<Sections, Error> {
    let source = sections.get("data_source").and_then(|source| source.get(SourceType::KEBOOLA.as_str()));
    for key in ["stack_url", "url"] {
        let Some(url) = source.and_then(|keboola| keboola[key].as_str()) else { continue };
        let field = format!("data_source.keboola.{key}");
        public_addresses(&field, &settings.files.resolved(url), settings.allow_private).await?;
    }
    let ttl = sections.get("materialize").and_then(|section| section.get("lock_ttl_seconds"));
    if let Some(ttl) = ttl.filter(|ttl| !ttl.is_null()) {
        let wrong = |reason: String| Err(Error::Unprocessable(format!("materialize.lock_ttl_seconds {reason}")));
        match ttl.as_i64() {
            None => return wrong("must be an integer".into()),
            Some(seconds) if !LOCK_TTL.contains(&seconds) => {
                return wrong(format!("must be between {} and {} (got {seconds})", LOCK_TTL.start(), LOCK_TTL.end()));
            }
            Some(_) => {}
        }
    }
    for (name, patch) in &mut sections {
        without_masked(patch, name).map_err(|path| {
            Error::Invalid(format!("{path} has masked secrets, and replaces all of the list; send their values"))
        })?;
    }
    Ok(sections)
}

fn plan(settings: &InstanceSettings, sections: Sections) -> Result<Plan, ServerConfigError> {
    let named = EDITABLE.into_iter().filter(|name| sections.contains_key(*name)).map(str::to_owned).collect();
    let variables = stored_address(settings, &sections);
    Plan::new(settings, named, variables, |overlay| {
        // A patch that leaves nothing to store does not add its section either.
        let patches = sections.into_iter().map(|(name, patch)| (name, Value::Object(patch))).collect();
        patch::apply(overlay, patches);
    })
}

/// A change of the stack's address is one of the variable, too, that [`super::configure`] has stored and that would win.
fn stored_address(settings: &InstanceSettings, sections: &Sections) -> Vec<(&'static str, Secret)> {
    let name = env_vars::KEBOOLA_STACK_URL.name;
    let keboola = sections.get("data_source").and_then(|source| source.get(SourceType::KEBOOLA.as_str()));
    let address = keboola.and_then(|keboola| keboola.get("stack_url")).map(|url| url.as_str().unwrap_or_default());
    let stored = address.filter(|_| settings.files.is_overlaid(name));
    stored.map(|address| (name, Secret::new(settings.files.resolved(address).trim()))).into_iter().collect()
}
