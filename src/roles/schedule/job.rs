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

/// Name, variable that holds the interval (`None` runs the job daily), path, and timeout in seconds.
type JobSpec = (&'static str, Option<&'static EnvVar>, &'static [&'static str], u64);

/// The only job that is a `GET`.
const HEALTH_CHECK: &str = "health-check";

const JOBS: [JobSpec; 8] = [
    ("data-refresh", Some(&env_vars::SCHEDULER_DATA_REFRESH_INTERVAL), &["api", "sync", "trigger"], 120),
    (HEALTH_CHECK, Some(&env_vars::SCHEDULER_HEALTH_CHECK_INTERVAL), &["api", "health"], 30),
    ("script-runner", Some(&env_vars::SCHEDULER_SCRIPT_RUN_INTERVAL), &["api", "scripts", "run-due"], 600),
    (
        "saved-queries",
        Some(&env_vars::SCHEDULER_SAVED_QUERIES_INTERVAL),
        &["api", "admin", "saved-queries", "run-due"],
        3600,
    ),
    ("marketplaces", None, &["api", "marketplaces", "sync-all"], 900),
    (
        "session-collector",
        Some(&env_vars::SCHEDULER_SESSION_COLLECTOR_INTERVAL),
        &["api", "admin", "run-session-collector"],
        300,
    ),
    (
        "verification-detector",
        Some(&env_vars::SCHEDULER_VERIFICATION_DETECTOR_INTERVAL),
        &["api", "admin", "run-verification-detector"],
        900,
    ),
    (
        "corporate-memory",
        Some(&env_vars::SCHEDULER_CORPORATE_MEMORY_INTERVAL),
        &["api", "admin", "run-corporate-memory"],
        900,
    ),
];

/// Schedule of jobs without an interval.
const DAILY: &str = "daily 03:00";

/// All jobs, with their intervals from the environment.
pub fn jobs(env: &Environment) -> Result<Vec<Job>, WrongValue> {
    let job = |&(name, interval, path, timeout): &JobSpec| {
        let (schedule, shown) = match interval {
            Some(var) => {
                let seconds = seconds(env, var)?;
                (Schedule::Every(SignedDuration::from_secs(seconds)), every(seconds))
            }
            None => (Schedule::Daily(vec![Time::constant(3, 0, 0, 0)]), DAILY.to_owned()),
        };
        Ok(Job { name, schedule, shown, is_get: name == HEALTH_CHECK, path, timeout: Duration::from_secs(timeout) })
    };
    JOBS.iter().map(job).collect()
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
