//! `instance.yaml`: the static file and its overlay, deep-merged, with `${NAME}` replaced from the environment.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::instance::{Instance, InstanceError, typed};
use super::{DataDir, Environment, Settings, env_vars};
use crate::base::if_exists;
use crate::base::secret::Secret;

/// The files that the settings of an instance come from.
#[derive(Clone, Debug)]
pub struct InstanceFiles {
    /// As it was at start.
    env: Environment,
    data_dir: DataDir,
    fixed: PathBuf,
}

/// Settings as values and as what the program uses.
#[derive(Clone, Debug)]
pub struct LoadedInstance {
    /// With `${NAME}` as it is written.
    pub written: Value,
    /// With `${NAME}` replaced.
    pub values: Value,
    pub settings: Settings,
}

impl InstanceFiles {
    pub fn new(env: &Environment, data_dir: &DataDir) -> Self {
        Self {
            env: env.clone(),
            fixed: Path::new(env.text(&env_vars::CONFIG_DIR)).join("instance.yaml"),
            data_dir: data_dir.clone(),
        }
    }

    pub fn overlay_path(&self) -> PathBuf {
        self.data_dir.instance_overlay()
    }

    pub fn env_overlay_path(&self) -> PathBuf {
        self.data_dir.env_overlay()
    }

    /// Returns whether the environment of the process sets a variable to something, which wins over the files.
    pub fn is_set_outside(&self, name: &str) -> bool {
        self.env.is_inherited(name)
    }

    /// Returns whether the overlay of the environment gives a variable a value.
    pub fn is_overlaid(&self, name: &str) -> bool {
        let overlay = Environment::default().with_overlay(&self.env_overlay_path());
        overlay.is_ok_and(|env| env.named(name).is_some())
    }

    /// Returns whether a variable has a value, wherever it comes from.
    pub fn has_variable(&self, name: &str) -> bool {
        self.env.named(name).is_some()
    }

    /// A text with `${NAME}` replaced.
    pub fn resolved(&self, text: &str) -> String {
        expand_text(text, &self.env)
    }

    /// The static file as it is written; without keys that have no value.
    pub fn fixed(&self) -> Result<Value, InstanceError> {
        read(&self.fixed).map(|values| filled(Value::Object(values)))
    }

    /// The overlay as it is written.
    pub fn overlay(&self) -> Result<Map<String, Value>, InstanceError> {
        read(&self.overlay_path())
    }

    /// The settings as a server would read them that starts now.
    pub fn load(&self) -> Result<LoadedInstance, InstanceError> {
        self.load_with(self.overlay()?, &[])
    }

    /// The settings with other content in the overlay, and with these variables in that of the environment.
    pub fn load_with(
        &self,
        overlay: Map<String, Value>,
        variables: &[(&'static str, Secret)],
    ) -> Result<LoadedInstance, InstanceError> {
        let path = self.env_overlay_path();
        let env = self.env.clone().with_overlay(&path).map_err(|source| InstanceError::Read { path, source })?;
        let env = env.overlaid(variables);
        let (mut written, overlay) = (self.fixed()?, filled(Value::Object(overlay)));
        let (mut values, over) = (expanded(written.clone(), &env), expanded(overlay.clone(), &env));
        // Each file on its own, so that the error names the right one.
        for (path, file) in [(&self.fixed, &values), (&self.overlay_path(), &over)] {
            typed(file.clone(), path)?;
        }
        merge(&mut written, overlay);
        merge(&mut values, over);
        let instance = Instance::of(values.clone(), &self.fixed, &env)?;
        Ok(LoadedInstance { written, values, settings: Settings { data_dir: self.data_dir.clone(), env, instance } })
    }
}

impl Instance {
    /// Reads `CONFIG_DIR/instance.yaml` and the overlay; variables win over both. Missing files are fine; a broken one is
    /// an error, since starting with half of the settings would be worse than not starting.
    pub fn load(env: &Environment, data_dir: &DataDir) -> Result<Self, InstanceError> {
        Ok(InstanceFiles::new(env, data_dir).load()?.settings.instance)
    }
}

fn read(path: &Path) -> Result<Map<String, Value>, InstanceError> {
    let text =
        if_exists(std::fs::read_to_string(path)).map_err(|source| InstanceError::Read { path: path.into(), source })?;
    let value: Option<Value> = serde_saphyr::from_str(&text.unwrap_or_default())
        .map_err(|error| InstanceError::Yaml { path: path.into(), message: error.to_string() })?;
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(values)) => Ok(values),
        Some(_) => Err(InstanceError::Shape { path: path.into() }),
    }
}

/// Leaves out keys without a value, e.g. because all below them is commented out: they count as not there.
fn filled(mut value: Value) -> Value {
    if let Value::Object(map) = &mut value {
        map.retain(|_, item| !item.is_null());
        map.values_mut().for_each(|item| *item = filled(item.take()));
    }
    value
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

fn expanded(mut value: Value, env: &Environment) -> Value {
    expand(&mut value, env);
    value
}

/// Replaces `${NAME}` in every string; an unset variable becomes nothing, with a warning.
fn expand(value: &mut Value, env: &Environment) {
    match value {
        Value::String(text) if text.contains("${") => *text = expand_text(text, env),
        Value::Array(items) => items.iter_mut().for_each(|item| expand(item, env)),
        Value::Object(map) => map.values_mut().for_each(|item| expand(item, env)),
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
