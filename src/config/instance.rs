//! What `instance.yaml` can hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::{DataDir, Environment, env_vars};

/// The keys that are in use. Unknown keys are ignored: they belong to other features or to older versions.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Instance {
    pub api: super::api::ApiConfig,
    pub auth: super::auth::Auth,
    pub instance: Naming,
    pub data_source: DataSource,
    pub openmetadata: super::OpenMetadataConfig,
    pub profiler: super::ProfilerConfig,
    /// Colours and the like of the pages.
    pub theme: BTreeMap<String, Value>,
    /// Older place of the Keboola URL.
    pub keboola: Keboola,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Naming {
    pub name: String,
    /// Who runs it.
    pub subtitle: Option<String>,
    /// How often tables are refreshed, as prompts say it.
    pub sync_interval: Option<String>,
    /// Who owns it, for the foot of the pages.
    pub copyright: Option<String>,
    /// The text of an SVG picture.
    pub logo_svg: Option<String>,
    /// Whether everybody who is signed in sees the names and descriptions of tables that they may not read.
    pub show_ungranted_tables: bool,
}

impl Default for Naming {
    fn default() -> Self {
        Self {
            name: "AI Data Analyst".into(),
            subtitle: None,
            sync_interval: None,
            copyright: None,
            logo_svg: None,
            show_ungranted_tables: false,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DataSource {
    /// `keboola`, `bigquery` or `local`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub keboola: Option<Keboola>,
    pub local: Local,
    pub bigquery: Option<Value>,
    #[serde(skip)]
    bigquery_project: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Keboola {
    pub stack_url: Option<String>,
    pub url: Option<String>,
    pub token_env: Option<String>,
    pub storage_token: Option<crate::base::secret::Secret>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Local {
    pub folder: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{path} is not valid YAML: {message}")]
    Yaml { path: PathBuf, message: String },
    /// The path of keys, e.g. `data_source.keboola.stack_url`, and what is wrong there.
    #[error("{path}: wrong value of {key}: {message}")]
    Value { path: PathBuf, key: String, message: String },
    #[error("{path} must hold a mapping of keys, e.g. `instance:` with `name:` below it")]
    Shape { path: PathBuf },
}

impl Instance {
    /// The settings that the merged files hold, with what variables say instead. `path` is the file to blame.
    pub(super) fn of(values: Value, path: &Path, env: &Environment) -> Result<Self, InstanceError> {
        let mut instance = typed(values, path)?;
        let source = &mut instance.data_source;
        source.kind = env.get(&env_vars::DATA_SOURCE).map(str::to_owned).or(source.kind.take());
        source.local.folder = env.get(&env_vars::AGNES_FILES_DIR).map(PathBuf::from).or(source.local.folder.take());
        source.bigquery_project = env.get(&env_vars::BIGQUERY_PROJECT).map(str::to_owned);
        Ok(instance)
    }

    /// The type of the main data source.
    pub fn source_type(&self) -> &str {
        self.data_source.kind.as_deref().unwrap_or("local")
    }

    /// The BigQuery project, from the environment or else from its block.
    pub fn bigquery_project(&self) -> Option<&str> {
        let source = &self.data_source;
        let configured = source.bigquery.as_ref().and_then(|block| block["project"].as_str());
        source.bigquery_project.as_deref().or(configured)
    }

    /// The folder of the `local` source.
    pub fn files_folder(&self, data_dir: &DataDir) -> PathBuf {
        self.data_source.local.folder.clone().unwrap_or_else(|| data_dir.uploaded_tables())
    }
}

pub(super) fn typed(value: Value, path: &Path) -> Result<Instance, InstanceError> {
    serde_path_to_error::deserialize(value).map_err(|error| InstanceError::Value {
        path: path.into(),
        key: error.path().to_string(),
        message: error.into_inner().to_string(),
    })
}
