//! The settings of the scheduler; a wrong value stops it at start.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::job::{self, Job};
use crate::base::schedule::Schedule;
use crate::base::secret::Secret;
use crate::config::{DataDir, Environment, WrongValue, env_vars};

pub struct ScheduleSettings {
    pub server: Url,
    pub jobs: Vec<Job>,
    /// Maximum time between checks of the clock, and first delay after a failure.
    pub tick: Duration,
    /// Maximum random delay of a run; `None`: 30 s, at most a tenth of the job's interval.
    pub jitter: Option<Duration>,
    pub state_file: PathBuf,
    pub credentials: Credentials,
}

/// How the scheduler authenticates.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// The secret shared with the server.
    Token(Secret),
    /// Those of an admin, if there is no such secret.
    Password { email: String, password: Secret },
    /// Accepted only by a server in development mode.
    None,
}

#[derive(Debug, thiserror::Error)]
pub enum ScheduleSettingsError {
    #[error("API_URL '{0}' is not the URL of a server, such as http://app:8000")]
    Server(String),
    #[error(transparent)]
    Variable(#[from] WrongValue),
    #[error(
        "SCHEDULER_TICK_SECONDS={tick} is longer than the shortest interval, {interval} s of {job}; make it shorter"
    )]
    Tick { tick: u64, interval: u64, job: &'static str },
    #[error("SCHEDULER_API_TOKEN has {0} characters; the server takes 32 or more. Make one with: openssl rand -hex 32")]
    ShortToken(usize),
}

impl ScheduleSettings {
    pub fn load(env: &Environment, data_dir: &DataDir) -> Result<Self, ScheduleSettingsError> {
        let address = env.text(&env_vars::API_URL);
        let server = Url::parse(address).ok().filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host());
        let jobs = job::jobs(env)?;
        let tick = job::seconds(env, &env_vars::SCHEDULER_TICK_SECONDS)?.unsigned_abs();
        for job in &jobs {
            let Schedule::Every(interval) = job.schedule else { continue };
            let interval = interval.as_secs().unsigned_abs();
            if interval < tick {
                return Err(ScheduleSettingsError::Tick { tick, interval, job: job.name });
            }
        }
        Ok(Self {
            server: server.ok_or_else(|| ScheduleSettingsError::Server(address.to_owned()))?,
            jobs,
            tick: Duration::from_secs(tick),
            jitter: env.number_if_set(&env_vars::SCHEDULER_JITTER_SECONDS)?.map(Duration::from_secs),
            state_file: data_dir.scheduler_state(),
            credentials: credentials(env)?,
        })
    }
}

fn credentials(env: &Environment) -> Result<Credentials, ScheduleSettingsError> {
    if let Some(token) = env.secret(&env_vars::SCHEDULER_API_TOKEN) {
        return match token.expose().len() {
            32.. => Ok(Credentials::Token(token)),
            length => Err(ScheduleSettingsError::ShortToken(length)),
        };
    }
    let (email, password) = (env.get(&env_vars::SEED_ADMIN_EMAIL), env.secret(&env_vars::SEED_ADMIN_PASSWORD));
    match (email, password) {
        (Some(email), Some(password)) => Ok(Credentials::Password { email: email.trim().to_owned(), password }),
        _ => {
            tracing::warn!(
                "neither SCHEDULER_API_TOKEN nor SEED_ADMIN_EMAIL and SEED_ADMIN_PASSWORD are set; \
                 only a server in development mode accepts that"
            );
            Ok(Credentials::None)
        }
    }
}
