//! Calls to the server, with a token that is renewed where possible.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use url::Url;

use super::job::Job;
use super::settings::{Credentials, ScheduleSettings};
use crate::base::secret::Secret;
use crate::client::{Client, ClientError};
use crate::protocol::auth::TokenRequest;
use reqwest::Method;

/// Minimum time between attempts to sign in, which the server limits.
const SIGN_IN_INTERVAL: Duration = Duration::from_secs(60);

pub struct ServerSession {
    server: Url,
    credentials: Credentials,
    sign_in: Mutex<SignIn>,
}

#[derive(Default)]
struct SignIn {
    token: Option<Secret>,
    attempted: Option<Instant>,
}

impl ServerSession {
    pub fn new(settings: &ScheduleSettings) -> Self {
        let ScheduleSettings { server, credentials, .. } = settings;
        Self { server: server.clone(), credentials: credentials.clone(), sign_in: Mutex::default() }
    }

    /// Runs a job. If its session has expired, signs in again, once.
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

    /// A token other than the `rejected` one.
    async fn token(&self, rejected: Option<&Secret>) -> Result<Option<Secret>, ClientError> {
        let (email, password) = match &self.credentials {
            Credentials::Token(token) => return Ok(Some(token.clone())),
            Credentials::None => return Ok(None),
            Credentials::Password { email, password } => (email, password),
        };
        // Held while signing in, so that concurrent jobs sign in once.
        let mut session = self.sign_in.lock().await;
        let current = session.token.as_ref();
        if current.is_some_and(|current| rejected.is_none_or(|rejected| rejected.expose() != current.expose())) {
            return Ok(current.cloned());
        }
        session.token = None;
        if session.attempted.is_some_and(|at| at.elapsed() < SIGN_IN_INTERVAL) {
            return Err(ClientError::Setup("the scheduler could not sign in; it retries within a minute".into()));
        }
        session.attempted = Some(Instant::now());
        let request = TokenRequest { email: email.clone(), password: password.expose().to_owned(), code: None };
        let answer = self.client(None)?.sign_in(&request).await?;
        tracing::info!(email, "signed in");
        session.token = Some(Secret::new(answer.access_token));
        Ok(session.token.clone())
    }

    fn client(&self, token: Option<Secret>) -> Result<Client, ClientError> {
        Client::new(self.server.clone(), token, &[])
    }
}
