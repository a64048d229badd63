//! The way to the server, with a token that is renewed where that is possible.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use url::Url;

use super::job::Job;
use super::settings::{Credentials, Settings};
use crate::base::secret::Secret;
use crate::client::{Client, ClientError, Endpoint};
use crate::protocol::auth::TokenRequest;
use reqwest::Method;

/// Between two attempts to sign in: the server allows few.
const SIGN_IN_EVERY: Duration = Duration::from_secs(60);

pub struct Access {
    server: Url,
    credentials: Credentials,
    session: Mutex<Session>,
}

#[derive(Default)]
struct Session {
    token: Option<Secret>,
    tried: Option<Instant>,
}

impl Access {
    pub fn new(settings: &Settings) -> Self {
        let Settings { server, credentials, .. } = settings;
        Self { server: server.clone(), credentials: credentials.clone(), session: Mutex::default() }
    }

    /// Does what a job says. A session that has ended is begun again, once.
    pub async fn call(&self, job: &Job) -> Result<(), ClientError> {
        let token = self.token(None).await?;
        match self.send(job, token.clone()).await {
            Err(error) if error.status() == Some(401) && matches!(self.credentials, Credentials::Password { .. }) => {
                let renewed = self.token(token.as_ref()).await?;
                self.send(job, renewed).await
            }
            outcome => outcome,
        }
    }

    async fn send(&self, job: &Job, token: Option<Secret>) -> Result<(), ClientError> {
        let method = if job.is_get { Method::GET } else { Method::POST };
        self.client(token)?.call(method, job.path, job.timeout).await
    }

    /// A token, but not the `rejected` one.
    async fn token(&self, rejected: Option<&Secret>) -> Result<Option<Secret>, ClientError> {
        let (email, password) = match &self.credentials {
            Credentials::Token(token) => return Ok(Some(token.clone())),
            Credentials::None => return Ok(None),
            Credentials::Password { email, password } => (email, password),
        };
        // Held while signing in, so that many jobs sign in once.
        let mut session = self.session.lock().await;
        let known = session.token.as_ref();
        if known.is_some_and(|known| rejected.is_none_or(|rejected| rejected.expose() != known.expose())) {
            return Ok(known.cloned());
        }
        session.token = None;
        if session.tried.is_some_and(|tried| tried.elapsed() < SIGN_IN_EVERY) {
            return Err(ClientError::Setup("the scheduler could not sign in; it tries again within a minute".into()));
        }
        session.tried = Some(Instant::now());
        let request = TokenRequest { email: email.clone(), password: password.expose().to_owned() };
        let answer = self.client(None)?.sign_in(&request).await?;
        tracing::info!(email, "signed in");
        session.token = Some(Secret::new(answer.access_token));
        Ok(session.token.clone())
    }

    fn client(&self, token: Option<Secret>) -> Result<Client, ClientError> {
        Client::new(Endpoint { server: self.server.clone(), token, ca_files: Vec::new() })
    }
}
