use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::source::{Extraction, Provided, Source};
use super::{custom, files, keboola};
use crate::base::ident;
use crate::config::{DataDir, Settings, env_vars};
use crate::extract::{self, RemotePolicy, SharedPolicy};
use crate::protocol::vocabulary::SourceType;

/// The sources that Agnes provides. A new one is a file with its [`Provided`] and [`Source`] (and the `mod` line of that
/// file), and a line here. No custom connector can have the same name.
pub const PROVIDED: &[Provided] = &[keboola::SOURCE, files::SOURCE];

/// The sources of this instance, with their settings.
#[derive(Clone, Debug)]
pub struct Sources {
    main: SourceType,
    provided: Vec<Arc<dyn Source>>,
    data_dir: DataDir,
    connectors_folder: PathBuf,
    /// Variables that the operator allows for custom connectors, and for sources that are attached.
    for_connectors: Vec<String>,
    for_remote: Vec<String>,
    remote: RemotePolicy,
}

/// The sources as they are now: admins can change their settings while the server runs. Whoever works with them for some
/// time, such as a sync, keeps those that it began with.
#[derive(Clone, Debug)]
pub struct CurrentSources {
    sources: Arc<ArcSwap<Sources>>,
    remote: SharedPolicy,
}

impl Sources {
    pub fn load(settings: &Settings) -> Self {
        let provided: Vec<_> = PROVIDED.iter().map(|entry| (entry.configure)(settings)).collect();
        let attachments: Vec<_> = provided.iter().filter_map(|source| source.attachment()).collect();
        Self {
            main: settings.instance.source_type().into(),
            provided,
            data_dir: settings.data_dir.clone(),
            connectors_folder: custom::folder(&settings.env),
            for_connectors: settings.env.list_if_set(&env_vars::CONNECTORS_ENV_ALLOW),
            for_remote: settings.env.list_if_set(&env_vars::AGNES_REMOTE_ATTACH_TOKEN_ENVS),
            remote: RemotePolicy::new(&settings.env, &attachments),
        }
    }

    /// The same with other settings. A source that is not on the list has none.
    fn with_settings(&self, settings: &Settings) -> Self {
        let is_listed = |kind: &SourceType| PROVIDED.iter().any(|entry| entry.kind == *kind);
        let others = self.provided.iter().filter(|source| !is_listed(&source.kind())).cloned();
        let mut changed = Self::load(settings);
        changed.provided.extend(others);
        changed
    }

    /// The source that the instance was set up for: `DATA_SOURCE` or `data_source.type`.
    pub fn main(&self) -> &SourceType {
        &self.main
    }

    /// The sources that Agnes provides.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Source> {
        self.provided.iter().map(Arc::as_ref)
    }

    pub fn get(&self, kind: &SourceType) -> Option<&dyn Source> {
        self.iter().find(|source| source.kind() == *kind)
    }

    /// Returns whether tables may be registered for the source: it is the main one, is set up beside it, or nothing
    /// else is.
    pub fn is_configured(&self, source: &dyn Source) -> bool {
        [SourceType::LOCAL, source.kind()].contains(&self.main) || source.is_configured()
    }

    /// Returns whether there is an extract of that name, whoever wrote it.
    pub fn has_extract(&self, kind: &SourceType) -> bool {
        let name = kind.as_str();
        ident::is_strict(name) && self.data_dir.extract(name).join(extract::DATABASE).is_file()
    }

    /// Returns whether the extract of that name is written by a custom connector, or by hand.
    pub fn is_foreign(&self, name: &str) -> bool {
        let kind = SourceType::from(name);
        !kind.is_reserved() && self.get(&kind).is_none()
    }

    /// How tables may be reached that are not fetched.
    pub fn remote(&self) -> &RemotePolicy {
        &self.remote
    }

    pub fn connectors_folder(&self) -> &Path {
        &self.connectors_folder
    }

    /// How each custom connector is started that exists now, in order of their names, which are also those of their
    /// sources. It sees at most these variables; its program sees [`Environment::for_connectors`] of them.
    ///
    /// [`Environment::for_connectors`]: crate::config::Environment::for_connectors
    pub fn custom(&self) -> io::Result<Vec<(String, Extraction)>> {
        let own = ["CONNECTORS_*", "AGNES_PYTHON", "AGNES_CONNECTOR_TIMEOUT"].map(str::to_owned);
        let seen = self.everything([&own, self.for_connectors.as_slice()].concat());
        let found = custom::discover(&self.connectors_folder)?.into_iter().map(|connector| connector.name);
        let start = |name: String| Extraction::new(["custom".into(), name.into()]).seeing(&seen);
        Ok(found.map(|name| (name.clone(), start(name))).collect())
    }

    /// How the process is started that runs the SQL of a source's materialized tables.
    pub fn materialization(&self, source: &SourceType) -> Extraction {
        let variables = [vec!["AGNES_REMOTE_*".to_owned()], self.for_remote.clone()].concat();
        Extraction::new(["materialize".into(), source.as_str().into()]).seeing(&self.everything(variables))
    }

    /// These variables, and what the extractions of all provided sources see.
    fn everything(&self, variables: Vec<String>) -> Extraction {
        let seen = Extraction { variables, ..Extraction::default() };
        self.iter().fold(seen, |seen, source| seen.seeing(&source.extraction()))
    }
}

impl CurrentSources {
    pub fn new(sources: Sources) -> Self {
        let remote = SharedPolicy::new(sources.remote.clone());
        Self { sources: Arc::new(ArcSwap::from_pointee(sources)), remote }
    }

    pub fn get(&self) -> Arc<Sources> {
        self.sources.load_full()
    }

    /// How tables may be reached that are not fetched, now and after each change.
    pub fn remote(&self) -> SharedPolicy {
        self.remote.clone()
    }

    /// Adds a source that is not on the list.
    pub fn add(&self, source: impl Source + 'static) {
        let mut sources = Sources::clone(&self.get());
        sources.provided.push(Arc::new(source));
        self.sources.store(Arc::new(sources));
    }

    /// Takes other settings over.
    pub fn configure(&self, settings: &Settings) {
        let sources = self.get().with_settings(settings);
        self.remote.replace(sources.remote.clone());
        self.sources.store(Arc::new(sources));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    #[test]
    fn a_change_reaches_whoever_holds_them() {
        let dir = tempfile::tempdir().unwrap();
        let settings = |url: &str| {
            let env = Environment::from_pairs([
                ("DATA_DIR", dir.path().to_str().unwrap()),
                ("KEBOOLA_STACK_URL", url),
                ("KEBOOLA_STORAGE_TOKEN", "token"),
            ]);
            Settings::load(env).unwrap()
        };
        let current = CurrentSources::new(Sources::load(&settings("https://one.example")));
        let (begun, holder, remote) = (current.get(), current.clone(), current.remote());
        current.configure(&settings("https://two.example"));
        let hosts = |policy: &RemotePolicy| policy.describe().rsplit_once("hosts ").unwrap().1.to_owned();
        assert_eq!(
            (hosts(&remote.current()).as_str(), hosts(holder.get().remote()).as_str()),
            ("two.example", "two.example")
        );
        assert_eq!(hosts(begun.remote()), "one.example");
    }
}
