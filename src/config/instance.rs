//! `instance.yaml`: the static file and its overlay, deep-merged, with `${NAME}` replaced from the environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::{DataDir, Environment, env_vars};
use crate::base::if_exists;

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
}

impl Default for Naming {
    fn default() -> Self {
        Self { name: "AI Data Analyst".into(), subtitle: None, sync_interval: None, copyright: None, logo_svg: None }
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
    /// Reads `CONFIG_DIR/instance.yaml` and the overlay; variables win over both. Missing files are fine; a broken one is
    /// an error, since starting with half of the settings would be worse than not starting.
    pub fn load(env: &Environment, data_dir: &DataDir) -> Result<Self, InstanceError> {
        let path = Path::new(env.text(&env_vars::CONFIG_DIR)).join("instance.yaml");
        let mut merged = read(&path, env)?;
        let overlay = data_dir.instance_overlay();
        merge(&mut merged, read(&overlay, env)?);
        let mut instance = typed(merged, &path)?;
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

fn read(path: &Path, env: &Environment) -> Result<Value, InstanceError> {
    let text =
        if_exists(std::fs::read_to_string(path)).map_err(|source| InstanceError::Read { path: path.into(), source })?;
    let value: Option<Value> = serde_saphyr::from_str(&text.unwrap_or_default())
        .map_err(|error| InstanceError::Yaml { path: path.into(), message: error.to_string() })?;
    let mut value = value.filter(|value| !value.is_null()).unwrap_or_else(|| Value::Object(Default::default()));
    if !value.is_object() {
        return Err(InstanceError::Shape { path: path.into() });
    }
    expand(&mut value, env);
    // Each file on its own, so that the error names the right one.
    typed(value.clone(), path)?;
    Ok(value)
}

fn typed(value: Value, path: &Path) -> Result<Instance, InstanceError> {
    serde_path_to_error::deserialize(value).map_err(|error| InstanceError::Value {
        path: path.into(),
        key: error.path().to_string(),
        message: error.into_inner().to_string(),
    })
}

/// Mappings merge key by key; everything else of `over` replaces.
fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

/// Replaces `${NAME}` in every string; an unset variable becomes nothing, with a warning. A key without a value, e.g.
/// because all below it is commented out, counts as not there.
fn expand(value: &mut Value, env: &Environment) {
    match value {
        Value::String(text) if text.contains("${") => *text = expand_text(text, env),
        Value::Array(items) => items.iter_mut().for_each(|item| expand(item, env)),
        Value::Object(map) => {
            map.retain(|_, item| !item.is_null());
            map.values_mut().for_each(|item| expand(item, env));
        }
        _ => {}
    }
}

fn expand_text(text: &str, env: &Environment) -> String {
    let mut rest = text;
    let mut expanded = String::new();
    while let Some((before, after)) = rest.split_once("${") {
        expanded.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            expanded.push_str("${");
            rest = after;
            continue;
        };
        match env.named(name) {
            Some(value) => expanded.push_str(value),
            None => tracing::warn!(variable = name, "instance.yaml names a variable that is not set; using nothing"),
        }
        rest = tail;
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(fixed: &str, overlay: &str, env: &[(&str, &str)]) -> Result<Instance, InstanceError> {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = DataDir::new(dir.path().join("data")).unwrap();
        std::fs::create_dir_all(data_dir.state()).unwrap();
        std::fs::write(dir.path().join("instance.yaml"), fixed).unwrap();
        std::fs::write(data_dir.instance_overlay(), overlay).unwrap();
        let config = ("CONFIG_DIR", dir.path().to_str().unwrap());
        Instance::load(&Environment::from_pairs(env.iter().copied().chain([config])), &data_dir)
    }

    #[test]
    fn overlay_wins_per_leaf_and_variables_expand() {
        let instance = load(
            "instance:\n  name: Acme\ndata_source:\n  type: keboola\n  keboola:\n    stack_url: https://${HOST}/x${NONE}\n",
            "data_source:\n  keboola:\n    token_env: OTHER\n",
            &[("HOST", "kbc.example.com")],
        )
        .unwrap();
        let keboola = instance.data_source.keboola.unwrap();
        assert_eq!(instance.instance.name, "Acme");
        assert_eq!(keboola.stack_url.as_deref(), Some("https://kbc.example.com/x"));
        assert_eq!(keboola.token_env.as_deref(), Some("OTHER"));
    }

    #[test]
    fn broken_files_are_errors_and_missing_ones_are_not() {
        assert!(matches!(load("a: [1,", "", &[]), Err(InstanceError::Yaml { .. })));
        assert!(matches!(load("- a\n- b\n", "", &[]), Err(InstanceError::Shape { .. })));
        assert_eq!(load("", "", &[]).unwrap().instance.name, "AI Data Analyst");
        assert_eq!(load("instance:\n  # name: Acme\n", "", &[]).unwrap().instance.name, "AI Data Analyst");
        let wrong = load("", "data_source:\n  keboola:\n    stack_url: [1]\n", &[]).unwrap_err().to_string();
        assert!(wrong.contains("state/instance.yaml: wrong value of data_source.keboola.stack_url"), "{wrong}");
    }
}
