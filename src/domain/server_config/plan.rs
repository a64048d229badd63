use std::io;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::error::ServerConfigError;
use super::patch::{Changed, changes};
use super::references;
use super::replaced::Replaced;
use super::sections::{Applies, DANGER, applies};
use super::settings::InstanceSettings;
use crate::access::{Admin, Proof};
use crate::base::atomic_file::{self, Pending};
use crate::base::secret::Secret;
use crate::config::{InstanceError, LoadedInstance, env_overlay};
use crate::domain::{Error, write_as};
use crate::openmetadata::{self, OpenMetadata};
use crate::store::Store;
use crate::store::audit::{self, Action};

/// Changes take turns: each starts from the files that the one before it has left.
static TURNS: Mutex<()> = Mutex::const_new(());

const ABOUT: &str = "# Written by Agnes, from what admins set in the browser or over the API. Comments are not kept.\n";
/// The audit log has longer values abbreviated, in characters.
const MAX_SHOWN: usize = 500;

/// A change that would work, and has not been made.
pub(super) struct Plan {
    /// Of the patch.
    pub sections: Vec<String>,
    pub overlay: Map<String, Value>,
    /// Whether the overlay differs from the stored one.
    pub is_new: bool,
    pub loaded: LoadedInstance,
    /// Keys whose value as it is written changes.
    pub changes: Vec<Changed>,
    /// Keys whose value with `${NAME}` replaced changes.
    pub in_effect: Vec<Changed>,
    /// Variables that are stored with them.
    pub variables: Vec<(&'static str, Secret)>,
}

impl Plan {
    /// Blocks.
    pub fn new(
        settings: &InstanceSettings,
        sections: Vec<String>,
        variables: Vec<(&'static str, Secret)>,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Result<Self, ServerConfigError> {
        let files = &settings.files;
        let stored = files.overlay().map_err(|error| ServerConfigError::Corrupt {
            path: files.overlay_path().display().to_string(),
            reason: match error {
                InstanceError::Yaml { message, .. } => message,
                other => other.to_string(),
            },
        })?;
        let mut overlay = stored.clone();
        change(&mut overlay);
        let loaded = files.load_with(overlay.clone(), &variables).map_err(|error| match error {
            InstanceError::Value { key, message, .. } => Error::invalid(format!("{key}: {message}")),
            other => Error::invalid(other.to_string()),
        })?;
        let before = files.load_with(stored.clone(), &[]).ok();
        let (written, values) = before.map(|it| (it.written, it.values)).unwrap_or_default();
        let in_effect = changes(&values, &loaded.values);
        if in_effect.iter().any(|change| change.path.first().is_some_and(|section| section == "openmetadata")) {
            let catalog = openmetadata::Settings::of(&loaded.settings.instance.openmetadata).map_err(Error::Invalid)?;
            OpenMetadata::new(catalog).map_err(|error| Error::invalid(format!("openmetadata: {error}")))?;
        }
        let changes = changes(&written, &loaded.written);
        changes.iter().try_for_each(references::check)?;
        Ok(Self { sections, is_new: overlay != stored, overlay, changes, in_effect, loaded, variables })
    }

    /// Parts of the server that are set up at start, and change.
    pub fn restart_reason(&self) -> Option<String> {
        let mut parts: Vec<&str> = Vec::new();
        for change in &self.in_effect {
            match applies(&change.name()) {
                Applies::AfterRestart(part) if !parts.contains(&part) => parts.push(part),
                _ => {}
            }
        }
        (!parts.is_empty()).then(|| format!("Restart the server: it sets up {} when it starts", parts.join(" and ")))
    }

    fn staged(&self, settings: &InstanceSettings) -> Result<Vec<Pending>, ServerConfigError> {
        let mut files = Vec::new();
        if !self.variables.is_empty() {
            let path = settings.files.env_overlay_path();
            let text = env_overlay::with_variables(&path, &self.variables)?;
            let text = text.map_err(|error| Error::invalid(error.to_string()))?;
            files.push(atomic_file::stage(&path, text.as_bytes())?);
        }
        if self.is_new {
            let text = serde_saphyr::to_string(&self.overlay).map_err(io::Error::other)?;
            let read: Map<String, Value> = serde_saphyr::from_str(&text).map_err(io::Error::other)?;
            if read != self.overlay {
                return Err(io::Error::other("the settings cannot be written as YAML without loss").into());
            }
            files.push(atomic_file::stage(&settings.files.overlay_path(), format!("{ABOUT}{text}").as_bytes())?);
        }
        Ok(files)
    }

    fn details(&self) -> Value {
        let diff: Vec<Value> = self.changes.iter().map(|change| abbreviated(json!(change.shown()))).collect();
        let danger: Vec<&String> = self.sections.iter().filter(|section| DANGER.contains(&section.as_str())).collect();
        let mut details =
            json!({ "sections": self.sections, "danger_sections": danger, "diff": diff, "diff_count": diff.len() });
        if !self.variables.is_empty() {
            details["variables"] = self.variables.iter().map(|(name, _)| *name).collect();
        }
        details
    }
}

fn abbreviated(value: Value) -> Value {
    match value {
        Value::String(text) if text.chars().nth(MAX_SHOWN).is_some() => {
            let start: String = text.chars().take(MAX_SHOWN).collect();
            format!("{start}… ({} characters)", text.chars().count()).into()
        }
        Value::Array(items) => items.into_iter().map(abbreviated).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, abbreviated(value))).collect(),
        other => other,
    }
}

/// Makes the change that `plan` returns: files and audit row together, or nothing. Requests see it from then on.
pub(super) async fn carry_out(
    store: &Store,
    settings: &Arc<InstanceSettings>,
    admin: &Admin,
    plan: impl FnOnce(&InstanceSettings) -> Result<Plan, ServerConfigError> + Send + 'static,
) -> Result<Plan, ServerConfigError> {
    let (store, settings, admin) = (store.clone(), Arc::clone(settings), admin.clone());
    // A caller who goes away does not stop it half-way.
    let changing = tokio::spawn(async move {
        let _turn = TURNS.lock().await;
        admin.confirm(&store.snapshot()).map_err(Error::from)?;
        let planned = Arc::clone(&settings);
        let placing = tokio::task::spawn_blocking(move || {
            let plan = plan(&planned)?;
            let replaced = Replaced::commit(plan.staged(&planned)?)?;
            Ok::<_, ServerConfigError>((plan, replaced))
        });
        let (plan, replaced) = placing.await.map_err(io::Error::other)??;
        let (actor, details) = (admin.actor(), plan.details());
        let recorded = write_as(&store, admin, move |change| {
            Ok(audit::record(change, &actor, Action::InstanceConfigUpdate, "instance.yaml", details)?)
        });
        if let Err(error) = recorded.await {
            tokio::task::spawn_blocking(move || replaced.undo()).await.map_err(io::Error::other)??;
            return Err(error.into());
        }
        // The previous files can go.
        let _ = tokio::task::spawn_blocking(move || drop(replaced)).await;
        settings.replace(&plan.loaded.settings);
        Ok(plan)
    });
    changing.await.map_err(io::Error::other)?
}
