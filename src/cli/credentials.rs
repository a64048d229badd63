//! `CFG`: the configured server, and one token for each server.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use url::Url;

use super::CliError;
use crate::base::atomic_file;
use crate::base::if_exists;
use crate::base::platform;
use crate::base::secret::Secret;
use crate::config::{Environment, env_vars};

/// The directory that holds `config.yaml`, `tokens.json` and, from older versions, `token.json`.
#[derive(Clone, Debug)]
pub struct ConfigDir(PathBuf);

#[derive(Default, Deserialize, Serialize)]
struct Tokens {
    /// By server address.
    #[serde(default)]
    servers: BTreeMap<String, StoredToken>,
}

#[derive(Deserialize, Serialize)]
struct StoredToken {
    access_token: String,
    #[serde(default)]
    email: String,
}

impl ConfigDir {
    /// `AGNES_CONFIG_DIR`, else `~/.config/agnes`. Nothing is created.
    pub fn locate(env: &Environment) -> Result<Self, CliError> {
        if let Some(directory) = env.get(&env_vars::AGNES_CONFIG_DIR) {
            return Ok(Self(directory.into()));
        }
        env.home()
            .map(|home| Self(home.join(".config").join("agnes")))
            .ok_or_else(|| CliError::new("no_home", "HOME is not set").hint("Set AGNES_CONFIG_DIR."))
    }

    /// The server of `config.yaml`.
    pub fn server(&self) -> Result<Option<String>, CliError> {
        #[derive(Default, Deserialize)]
        struct File {
            #[serde(default)]
            server: Option<String>,
        }
        let path = self.0.join("config.yaml");
        let Some(text) = read(&path)? else { return Ok(None) };
        let file: Option<File> = serde_saphyr::from_str(&text).map_err(|error| {
            CliError::new("bad_config", format!("{} is not valid YAML: {error}", path.display()))
                .hint("Correct or delete the file; its one key is `server`.")
        })?;
        Ok(file.and_then(|file| file.server).filter(|server| !server.trim().is_empty()))
    }

    /// The token stored for `server`. Older versions kept one token, which belongs to the configured server only.
    pub fn token(&self, server: &Url) -> Result<Option<Secret>, CliError> {
        if let Some(stored) = self.tokens()?.servers.get(&key(server)) {
            return Ok(Some(Secret::new(&stored.access_token)));
        }
        let configured = self.server()?.unwrap_or_else(|| "http://localhost:8000".into());
        if server_url(&configured).is_ok_and(|configured| key(&configured) == key(server))
            && let Some(text) = read(&self.0.join("token.json"))?
        {
            let old: Option<StoredToken> = serde_json::from_str(&text).ok();
            return Ok(old.map(|old| Secret::new(old.access_token)));
        }
        Ok(None)
    }

    /// Stores server and token. Call this only after the server has accepted the token.
    pub fn save(&self, server: &Url, token: &Secret, email: &str) -> Result<(), CliError> {
        let mut tokens = self.tokens()?;
        let stored = StoredToken { access_token: token.expose().to_owned(), email: email.to_owned() };
        tokens.servers.insert(key(server), stored);
        let config = self.config_with(server)?;
        let tokens = serde_json::to_vec_pretty(&tokens).map_err(io::Error::from);
        self.write(|dir| {
            atomic_file::write(&dir.join("tokens.json"), &tokens?)?;
            atomic_file::write(&dir.join("config.yaml"), config.as_bytes())
        })
    }

    /// Stores the server only, and returns the file that it is in.
    pub fn save_server(&self, server: &Url) -> Result<PathBuf, CliError> {
        let (path, config) = (self.0.join("config.yaml"), self.config_with(server)?);
        self.write(|_| atomic_file::write(&path, config.as_bytes()))?;
        Ok(path)
    }

    /// The text of `config.yaml` with another server.
    fn config_with(&self, server: &Url) -> Result<String, CliError> {
        Ok(with_server(&read(&self.0.join("config.yaml"))?.unwrap_or_default(), &key(server)))
    }

    fn write(&self, files: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), CliError> {
        let write = || -> io::Result<()> {
            fs::create_dir_all(&self.0)?;
            platform::files::make_private(&self.0)?;
            files(&self.0)
        };
        write().map_err(|error| {
            CliError::new("config_not_written", format!("cannot write to {}: {error}", self.0.display()))
                .hint("Set AGNES_CONFIG_DIR to a directory that you may write to.")
        })
    }

    /// Forgets the token of `server` and returns whether there was one. The server stays configured.
    pub fn forget(&self, server: &Url) -> Result<bool, CliError> {
        let mut forgotten = false;
        while self.token(server)?.is_some() {
            let mut tokens = self.tokens()?;
            let outcome = match tokens.servers.remove(&key(server)) {
                Some(_) => serde_json::to_vec_pretty(&tokens)
                    .map_err(io::Error::from)
                    .and_then(|text| atomic_file::write(&self.0.join("tokens.json"), &text)),
                // It is that of an older version.
                None => fs::remove_file(self.0.join("token.json")),
            };
            outcome.map_err(|error| {
                let text = format!("cannot forget the token in {}: {error}", self.0.display());
                CliError::new("config_not_written", text).hint("Delete tokens.json and token.json there yourself.")
            })?;
            forgotten = true;
        }
        Ok(forgotten)
    }

    /// What was typed into `agnes shell`.
    pub fn history(&self) -> PathBuf {
        self.0.join("history")
    }

    /// The file that says when a newer version was last looked for.
    pub fn update_check(&self) -> PathBuf {
        self.0.join("update_check.json")
    }

    /// The file with the stored tokens, if there is one.
    pub fn token_file(&self) -> Option<(PathBuf, fs::Metadata)> {
        let mut paths = ["tokens.json", "token.json"].iter().map(|name| self.0.join(name));
        paths.find_map(|path| fs::metadata(&path).ok().map(|file| (path, file)))
    }

    fn tokens(&self) -> Result<Tokens, CliError> {
        let path = self.0.join("tokens.json");
        let Some(text) = read(&path)? else { return Ok(Tokens::default()) };
        serde_json::from_str(&text).map_err(|error| {
            // Only the position: serde's message may quote the content.
            let place = format!("line {}, column {}", error.line(), error.column());
            CliError::new("bad_config", format!("{} is not valid JSON ({place})", path.display()))
                .hint("Delete the file and sign in again.")
        })
    }
}

/// Checks a server address: `http` or `https`, a host, no name and password, no query.
pub fn server_url(text: &str) -> Result<Url, CliError> {
    let bad = |reason: &str| {
        CliError::usage(format!("'{text}' is not a server address: {reason}"))
            .hint("Write it like https://agnes.example.com")
    };
    let mut url = Url::parse(text.trim().trim_end_matches('/')).map_err(|error| bad(&error.to_string()))?;
    if !["http", "https"].contains(&url.scheme()) {
        return Err(bad("it must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(CliError::usage("a server address must not carry a name or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("it must not have ? or #"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// A token as given on the command line; `@FILE` reads it from a file.
pub fn token_argument(text: &str) -> Result<Secret, CliError> {
    let token = match text.strip_prefix('@') {
        None => text.to_owned(),
        Some(path) => fs::read_to_string(path)
            .map_err(|error| CliError::usage(format!("cannot read the token from {path}: {error}")))?,
    };
    match token.trim() {
        "" => Err(CliError::usage("the token is empty")),
        token => Ok(Secret::new(token)),
    }
}

/// Files of additional certificate authorities: `AGNES_CA_FILE`, and `~/.agnes/ca.pem` if it exists.
pub fn ca_files(env: &Environment) -> Vec<PathBuf> {
    let named = env.get(&env_vars::AGNES_CA_FILE).map(PathBuf::from);
    let at_home = env.home().map(|home| home.join(".agnes").join("ca.pem"));
    named.into_iter().chain(at_home.filter(|path| path.is_file())).collect()
}

/// The address without trailing slash: the key of the stored tokens.
pub fn key(server: &Url) -> String {
    server.as_str().trim_end_matches('/').to_owned()
}

/// The text of `config.yaml` with its `server` replaced; comments and other keys are kept.
fn with_server(text: &str, server: &str) -> String {
    let others = text.lines().filter(|line| !line.starts_with("server:"));
    let mut lines: Vec<&str> = others.collect();
    let line = format!("server: {server}");
    lines.push(&line);
    lines.join("\n") + "\n"
}

fn read(path: &Path) -> Result<Option<String>, CliError> {
    if_exists(fs::read_to_string(path))
        .map_err(|error| CliError::new("bad_config", format!("cannot read {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn tokens_belong_to_servers() {
        let home = tempfile::tempdir().unwrap();
        let config = ConfigDir(home.path().join("agnes"));
        let (one, two) = (server_url("https://one.example/").unwrap(), server_url("https://two.example").unwrap());
        fs::create_dir_all(&config.0).unwrap();
        fs::write(config.0.join("config.yaml"), "# mine\nserver: https://one.example\nother: 1\n").unwrap();
        fs::write(config.0.join("token.json"), r#"{"access_token":"old","email":"a@b","role":"x"}"#).unwrap();
        assert_eq!(config.token(&one).unwrap(), Some(Secret::new("old")));
        assert_eq!(config.token(&two).unwrap(), None);

        config.save(&two, &Secret::new("new"), "a@b").unwrap();
        assert_eq!(config.token(&two).unwrap(), Some(Secret::new("new")));
        assert_eq!(config.server().unwrap().as_deref(), Some("https://two.example"));
        let text = fs::read_to_string(config.0.join("config.yaml")).unwrap();
        assert!(text.contains("# mine") && text.contains("other: 1"), "{text}");
        assert_eq!(fs::metadata(config.0.join("tokens.json")).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&config.0).unwrap().permissions().mode() & 0o777, 0o700);

        config.save(&one, &Secret::new("newer"), "a@b").unwrap();
        assert!(config.forget(&one).unwrap(), "the one of the older version as well");
        assert_eq!(config.token(&one).unwrap(), None);
        assert!(!config.forget(&one).unwrap());
        assert_eq!(config.token(&two).unwrap(), Some(Secret::new("new")));
    }

    #[test]
    fn addresses() {
        assert_eq!(key(&server_url("http://h:8000/agnes/").unwrap()), "http://h:8000/agnes");
        for bad in ["", "agnes.example.com", "ftp://x", "http://u:p@x", "http://x?y"] {
            assert!(server_url(bad).is_err(), "{bad}");
        }
        assert!(!server_url("http://u:hunter2@x").unwrap_err().render().contains("hunter2"));
    }
}
