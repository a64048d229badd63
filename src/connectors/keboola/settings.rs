//! Address, token and limits, from the environment first and `instance.yaml` second.

use std::time::Duration;

use url::Url;

use super::retry::Retry;
use crate::base::secret::Secret;
use crate::config::{Environment, Instance, WrongValue, env_vars};
use crate::extract::RemoteAttach;

/// Everything one run needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The stack, e.g. `https://connection.keboola.com/`.
    pub stack_url: Url,
    pub token: Secret,
    /// How long one export job may take.
    pub job_timeout: Duration,
    /// Memory limit of DuckDB while it writes parquet, e.g. `1GB`.
    pub memory: String,
    pub retry: Retry,
    /// The first delay between two polls of a job; grows tenfold.
    pub poll: Duration,
    pub endpoints: Endpoints,
}

/// Where object stores are that manifests name without a host.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// Host of `gs://` addresses.
    pub gcs: Url,
    /// Host of `s3://` addresses; `None` is Amazon's own in the file's region.
    pub s3: Option<Url>,
}

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error(
        "Missing KEBOOLA_STACK_URL or KEBOOLA_STORAGE_TOKEN (set both in the environment, e.g. \
         KEBOOLA_STACK_URL=https://connection.keboola.com; the address can also be set in instance.yaml as \
         data_source.keboola.stack_url)"
    )]
    Missing,
    #[error("the Keboola stack URL must look like https://connection.keboola.com (check KEBOOLA_STACK_URL)")]
    StackUrl,
    #[error("the Keboola Storage token holds characters that no token has (check KEBOOLA_STORAGE_TOKEN)")]
    Token,
    #[error(transparent)]
    Variable(#[from] WrongValue),
    #[error("cannot set up the HTTP client: {0}")]
    Client(String),
}

impl Settings {
    /// How tables that stay there are attached. Names the variable of the token, never the token.
    pub fn attach(&self) -> RemoteAttach {
        RemoteAttach {
            alias: "kbc".into(),
            extension: "keboola".into(),
            url: self.stack_url.as_str().trim_end_matches('/').into(),
            token_env: env_vars::KEBOOLA_STORAGE_TOKEN.name.into(),
        }
    }

    /// Resolves address and token. The token comes from the variable that `token_env` names, from
    /// `KEBOOLA_STORAGE_TOKEN` or `KBC_STORAGE_TOKEN`, last from `storage_token` (meant for `${NAME}`).
    pub fn resolve(instance: &Instance, env: &Environment) -> Result<Self, SettingsError> {
        let block = instance.data_source.keboola.as_ref();
        let older = &instance.keboola;
        let in_files = [
            block.and_then(|block| block.stack_url.as_deref()),
            block.and_then(|block| block.url.as_deref()),
            older.url.as_deref(),
            older.stack_url.as_deref(),
        ];
        let stack_url = env
            .get(&env_vars::KEBOOLA_STACK_URL)
            .or_else(|| env.get(&env_vars::KBC_STACK_URL))
            .or_else(|| in_files.into_iter().flatten().find(|url| !url.trim().is_empty()))
            .ok_or(SettingsError::Missing)?;
        let named = block.and_then(|block| block.token_env.as_deref()).or(older.token_env.as_deref());
        let token = named
            .and_then(|name| env.named(name))
            .map(|text| Secret::new(text.trim()))
            .or_else(|| env.secret(&env_vars::KEBOOLA_STORAGE_TOKEN))
            .or_else(|| env.secret(&env_vars::KBC_STORAGE_TOKEN))
            .or_else(|| block.and_then(|block| block.storage_token.clone()))
            .filter(|token| !token.expose().trim().is_empty())
            .ok_or(SettingsError::Missing)?;
        let job_timeout = env.duration(&env_vars::AGNES_KEBOOLA_JOB_TIMEOUT)?;
        Self::new(stack_url, token, job_timeout, env.text(&env_vars::AGNES_EXTRACT_MEMORY))
    }

    /// Settings with the default delays and object stores.
    pub fn new(
        stack_url: &str,
        token: Secret,
        job_timeout: Duration,
        memory: impl Into<String>,
    ) -> Result<Self, SettingsError> {
        let stack_url = Url::parse(stack_url.trim()).map_err(|_| SettingsError::StackUrl)?;
        let plain = stack_url.username().is_empty() && stack_url.password().is_none();
        if !["http", "https"].contains(&stack_url.scheme()) || stack_url.host_str().is_none() || !plain {
            return Err(SettingsError::StackUrl);
        }
        if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SettingsError::Token);
        }
        let gcs = Url::parse("https://storage.googleapis.com").map_err(|_| SettingsError::StackUrl)?;
        Ok(Self {
            stack_url,
            token,
            job_timeout,
            memory: memory.into(),
            retry: Retry::default(),
            poll: Duration::from_secs(1),
            endpoints: Endpoints { gcs, s3: None },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(yaml: serde_json::Value) -> Instance {
        serde_json::from_value(yaml).unwrap()
    }

    #[test]
    fn the_environment_wins_and_token_env_names_the_variable() {
        let file = instance(serde_json::json!({"data_source": {"keboola": {
            "stack_url": "https://file.example/", "token_env": "OTHER", "storage_token": "from-file"}}}));
        let none = Environment::default();
        let settings = Settings::resolve(&file, &none).unwrap();
        assert_eq!((settings.stack_url.as_str(), settings.token.expose()), ("https://file.example/", "from-file"));
        let env = Environment::from_pairs([
            ("KBC_STACK_URL", "https://env.example"),
            ("OTHER", "other-token\n"),
            ("KEBOOLA_STORAGE_TOKEN", "usual-token"),
        ]);
        let settings = Settings::resolve(&file, &env).unwrap();
        assert_eq!((settings.stack_url.as_str(), settings.token.expose()), ("https://env.example/", "other-token"));
        assert!(!format!("{settings:?}").contains("other-token"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_said_without_the_token() {
        let none = Instance::default();
        let resolve = |pairs: &[(&str, &str)]| {
            Settings::resolve(&none, &Environment::from_pairs(pairs.iter().copied())).unwrap_err().to_string()
        };
        let missing = "Missing KEBOOLA_STACK_URL or KEBOOLA_STORAGE_TOKEN";
        assert!(resolve(&[("KEBOOLA_STORAGE_TOKEN", "t")]).starts_with(missing));
        assert!(resolve(&[("KEBOOLA_STACK_URL", "https://x.example")]).starts_with(missing));
        let bad_url = resolve(&[("KEBOOLA_STACK_URL", "x.example"), ("KEBOOLA_STORAGE_TOKEN", "t")]);
        assert!(bad_url.contains("must look like https://"), "{bad_url}");
        let bad = resolve(&[("KEBOOLA_STACK_URL", "https://x.example"), ("KEBOOLA_STORAGE_TOKEN", "12\n34")]);
        assert!(bad.contains("KEBOOLA_STORAGE_TOKEN") && !bad.contains("34"), "{bad}");
        let bad = resolve(&[
            ("KEBOOLA_STACK_URL", "https://x.example"),
            ("KEBOOLA_STORAGE_TOKEN", "t"),
            ("AGNES_KEBOOLA_JOB_TIMEOUT", "long"),
        ]);
        assert!(bad.contains("AGNES_KEBOOLA_JOB_TIMEOUT"), "{bad}");
    }
}
