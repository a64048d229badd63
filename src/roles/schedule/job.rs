//! The scheduled jobs.

use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::Time;

use crate::base::schedule::Schedule;
use crate::config::env_vars::{self, EnvVar};
use crate::config::{Environment, WrongValue};

/// A scheduled call.
#[derive(Clone, Debug)]
pub struct Job {
    pub name: &'static str,
    pub schedule: Schedule,
    /// The schedule as text.
    pub shown: String,
    /// `GET` rather than `POST` without a body.
    pub is_get: bool,
    pub path: &'static [&'static str],
    /// Timeout of the call.
    pub timeout: Duration,
}

struct JobSpec {
    name: &'static str,
    /// The variable that holds the interval; `None` runs the job daily.
    interval: Option<&'static EnvVar>,
    is_get: bool,
    path: &'static [&'static str],
    timeout: u64,
}

const JOBS: [JobSpec; 7] = [
    JobSpec {
        name: "data-refresh",
        interval: Some(&env_vars::SCHEDULER_DATA_REFRESH_INTERVAL),
        is_get: false,
        path: &["api", "sync", "trigger"],
        timeout: 120,
    },
    JobSpec {
        name: "health-check",
        interval: Some(&env_vars::SCHEDULER_HEALTH_CHECK_INTERVAL),
        is_get: true,
        path: &["api", "health"],
        timeout: 30,
    },
    JobSpec {
        name: "script-runner",
        interval: Some(&env_vars::SCHEDULER_SCRIPT_RUN_INTERVAL),
        is_get: false,
        path: &["api", "scripts", "run-due"],
        timeout: 600,
    },
    JobSpec {
        name: "marketplaces",
        interval: None,
        is_get: false,
        path: &["api", "marketplaces", "sync-all"],
        timeout: 900,
    },
    JobSpec {
        name: "session-collector",
        interval: Some(&env_vars::SCHEDULER_SESSION_COLLECTOR_INTERVAL),
        is_get: false,
        path: &["api", "admin", "run-session-collector"],
        timeout: 300,
    },
    JobSpec {
        name: "verification-detector",
        interval: Some(&env_vars::SCHEDULER_VERIFICATION_DETECTOR_INTERVAL),
        is_get: false,
        path: &["api", "admin", "run-verification-detector"],
        timeout: 900,
    },
    JobSpec {
        name: "corporate-memory",
        interval: Some(&env_vars::SCHEDULER_CORPORATE_MEMORY_INTERVAL),
        is_get: false,
        path: &["api", "admin", "run-corporate-memory"],
        timeout: 900,
    },
];

/// Schedule of jobs without an interval.
const DAILY: &str = "daily 03:00";

/// All jobs, with their intervals from the environment.
pub fn jobs(env: &Environment) -> Result<Vec<Job>, WrongValue> {
    JOBS.iter().map(|spec| job(spec, env)).collect()
}

fn job(spec: &JobSpec, env: &Environment) -> Result<Job, WrongValue> {
    let JobSpec { name, interval, is_get, path, timeout } = *spec;
    let (schedule, shown) = match interval {
        Some(var) => {
            let seconds = seconds(env, var)?;
            (Schedule::Every(SignedDuration::from_secs(seconds)), every(seconds))
        }
        None => (Schedule::Daily(vec![Time::constant(3, 0, 0, 0)]), DAILY.to_owned()),
    };
    Ok(Job { name, schedule, shown, is_get, path, timeout: Duration::from_secs(timeout) })
}

/// A number of seconds. Unlike elsewhere, a variable that is set to an empty value is an error.
pub fn seconds(env: &Environment, var: &EnvVar) -> Result<i64, WrongValue> {
    match env.is_set(var) && env.get(var).is_none() {
        true => var.check("").and(Ok(0)),
        false => env.number(var),
    }
}

fn every(seconds: i64) -> String {
    match (seconds % 3600, seconds % 60) {
        (0, _) => format!("every {}h", seconds / 3600),
        (_, 0) => format!("every {}m", seconds / 60),
        _ => format!("every {seconds}s"),
    }
}
