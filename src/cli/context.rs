//! What every command gets: environment, global options, printer, and access to the server.

use std::future::Future;
use std::sync::Mutex;

use tokio_util::sync::CancellationToken;
use url::Url;

use super::api::Api;
use super::credentials::{self, ConfigDir};
use super::{CliError, Globals, Printer};
use crate::base::locked;
use crate::base::secret::Secret;
use crate::client::Client;
use crate::config::{Environment, WrongValue, env_vars};

/// Where a token comes from, in the order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenSource {
    Argument,
    Environment,
    Stored,
}

impl TokenSource {
    /// As shown to people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Argument => "--token",
            Self::Environment => "AGNES_TOKEN",
            Self::Stored => "agnes auth login or import-token",
        }
    }
}

#[derive(Debug)]
pub struct Context {
    pub env: Environment,
    pub globals: Globals,
    pub printer: Printer,
    /// Set by whoever does not want the result any more.
    pub cancellation: CancellationToken,
    /// The client that was made last.
    pub used: Mutex<Option<Client>>,
}

impl Context {
    pub fn config_dir(&self) -> Result<ConfigDir, CliError> {
        ConfigDir::locate(&self.env)
    }

    /// [`Self::chosen_server`], else `http://localhost:8000`.
    pub fn server(&self) -> Result<Url, CliError> {
        match self.chosen_server()? {
            Some(server) => Ok(server),
            None => credentials::server_url("http://localhost:8000"),
        }
    }

    /// `--server`, `AGNES_SERVER`, `config.yaml`.
    pub fn chosen_server(&self) -> Result<Option<Url>, CliError> {
        if let Some(server) = self.globals.server.as_deref().or_else(|| self.env.get(&env_vars::AGNES_SERVER)) {
            return credentials::server_url(server).map(Some);
        }
        self.config_dir()?.server()?.map(|server| credentials::server_url(&server)).transpose()
    }

    /// The token given for this run: `--token` or `AGNES_TOKEN`.
    pub fn given_token(&self) -> Result<Option<Secret>, CliError> {
        match &self.globals.token {
            Some(text) => credentials::token_argument(text).map(Some),
            None => Ok(self.env.secret(&env_vars::AGNES_TOKEN)),
        }
    }

    /// The token to use with a server, and where it comes from.
    pub fn token(&self, server: &Url) -> Result<Option<(Secret, TokenSource)>, CliError> {
        if let Some(token) = self.given_token()? {
            let source = if self.globals.token.is_some() { TokenSource::Argument } else { TokenSource::Environment };
            return Ok(Some((token, source)));
        }
        Ok(self.config_dir()?.token(server)?.map(|token| (token, TokenSource::Stored)))
    }

    /// A client with the token for the server, or an error that says how to sign in.
    pub fn client(&self) -> Result<Client, CliError> {
        let server = self.server()?;
        match self.token(&server)? {
            Some((token, _)) => self.client_for(server, Some(token)),
            None if self.chosen_server()?.is_none() => Err(CliError::no_server()),
            None => Err(CliError::signed_out(server.as_str().trim_end_matches('/'))),
        }
    }

    /// The API of the server, signed in like [`Self::client`].
    pub fn api(&self) -> anyhow::Result<Api> {
        self.api_of(self.client()?)
    }

    pub fn api_of(&self, client: Client) -> anyhow::Result<Api> {
        Ok(Api::new(client, self.cancellation.clone())?)
    }

    pub fn client_for(&self, server: Url, token: Option<Secret>) -> Result<Client, CliError> {
        let client = Client::new(server, token, &credentials::ca_files(&self.env))?;
        *locked(&self.used) = Some(client.clone());
        Ok(client)
    }

    /// The client of a command that has talked to the server.
    pub fn used_client(&self) -> Option<Client> {
        locked(&self.used).clone()
    }

    /// A number from the environment; for an invalid one it warns and returns the default.
    pub fn number(&self, var: &env_vars::EnvVar) -> usize {
        self.env.number(var).unwrap_or_else(|wrong: WrongValue| {
            self.printer.warn(format_args!("{}; using {}", wrong.problem, var.default));
            var.default.parse().unwrap_or(1)
        })
    }

    /// Runs a future on this thread, on a new runtime: only commands that need one create it. Fails when the result is not
    /// wanted any more.
    pub fn block_on<F: Future>(&self, work: F) -> std::io::Result<F::Output> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let work = self.cancellation.run_until_cancelled(work);
        runtime.block_on(work).ok_or_else(|| std::io::Error::other("cancelled"))
    }
}
