use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::{Map, Value};

use super::error::ServerConfigError;
use super::patch::changes;
use super::sections::{Applies, applies};
use crate::config::{Instance, InstanceFiles, LoadedInstance, Settings};
use crate::connectors::CurrentSources;

/// The settings that requests use, and the files that they come from.
pub struct InstanceSettings {
    current: ArcSwap<Instance>,
    sources: CurrentSources,
    /// The values that the server was started with.
    at_start: Value,
    pub(super) files: InstanceFiles,
    /// Whether a Keboola stack may be in a private network.
    pub(super) allow_private: bool,
}

/// What the files say now.
pub(super) struct State {
    pub loaded: Option<LoadedInstance>,
    pub fixed: Value,
    pub overlay: Value,
    pub overlay_error: Option<String>,
    pub restart_pending: Vec<String>,
}

impl InstanceSettings {
    /// `instance` is what was loaded at start.
    pub fn new(files: InstanceFiles, instance: Instance, sources: CurrentSources, allow_private: bool) -> Self {
        let at_start = files.load().map(|loaded| loaded.values).unwrap_or_default();
        Self { current: ArcSwap::from_pointee(instance), sources, at_start, files, allow_private }
    }

    pub fn current(&self) -> Arc<Instance> {
        self.current.load_full()
    }

    pub(super) fn replace(&self, settings: &Settings) {
        self.current.store(Arc::new(settings.instance.clone()));
        self.sources.configure(settings);
    }

    /// Reads the files. An overlay that cannot be read is left out.
    pub(super) async fn read(self: &Arc<Self>) -> Result<State, ServerConfigError> {
        let settings = Arc::clone(self);
        let state = tokio::task::spawn_blocking(move || settings.state()).await;
        Ok(state.map_err(std::io::Error::other)?)
    }

    fn state(&self) -> State {
        let overlay = self.files.overlay();
        let (loaded, overlay, overlay_error) =
            match overlay.and_then(|it| Ok((self.files.load_with(it.clone(), &[])?, it))) {
                Ok((loaded, overlay)) => (Some(loaded), overlay, None),
                Err(error) => (self.files.load_with(Map::new(), &[]).ok(), Map::new(), Some(error.to_string())),
            };
        let now = loaded.as_ref().map_or(&Value::Null, |loaded| &loaded.values);
        let pending =
            changes(&self.at_start, now).iter().map(|change| change.name()).filter(|name| waits(name)).collect();
        State {
            restart_pending: pending,
            loaded,
            fixed: self.files.fixed().unwrap_or_default(),
            overlay: Value::Object(overlay),
            overlay_error,
        }
    }
}

/// Returns whether a key is used at start only.
pub(super) fn waits(name: &str) -> bool {
    matches!(applies(name), Applies::AfterRestart(_))
}
