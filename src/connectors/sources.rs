use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::source::{Extraction, Provided, Source};
use super::{custom, files, keboola};
use crate::base::ident;
use crate::config::{DataDir, Settings, env_vars};
use crate::extract::{self, RemoteAttach};
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
}

impl Sources {
    pub fn load(settings: &Settings) -> Self {
        Self {
            main: settings.instance.source_type().into(),
            provided: PROVIDED.iter().map(|entry| (entry.configure)(settings)).collect(),
            data_dir: settings.data_dir.clone(),
            connectors_folder: custom::folder(&settings.env),
            for_connectors: settings.env.list_if_set(&env_vars::CONNECTORS_ENV_ALLOW),
            for_remote: settings.env.list_if_set(&env_vars::AGNES_REMOTE_ATTACH_TOKEN_ENVS),
        }
    }

    pub fn with(mut self, source: impl Source + 'static) -> Self {
        self.provided.push(Arc::new(source));
        self
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

    /// How the sources are reached whose tables are not fetched.
    pub fn attachments(&self) -> Vec<RemoteAttach> {
        self.iter().filter_map(Source::attachment).collect()
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
