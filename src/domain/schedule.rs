//! The last runs of scheduled jobs, kept across restarts so that nothing runs twice and missed runs are made up for.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::if_exists;

/// What the scheduler keeps.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct State {
    /// By job name.
    #[serde(default)]
    pub jobs: BTreeMap<String, LastRun>,
}

/// The last run of one job.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct LastRun {
    /// Start of the last run that succeeded.
    pub succeeded_at: Option<Timestamp>,
    /// Start of the last run.
    pub tried_at: Option<Timestamp>,
    /// `ok`, `skipped`, or the error.
    pub result: Option<String>,
    /// Failures since the last success.
    pub failures: u32,
    /// The earliest next run, after a failure.
    pub not_before: Option<Timestamp>,
}

impl State {
    /// Empty, with a warning, if the file cannot be read.
    pub fn read(path: &Path) -> Self {
        let read = match if_exists(std::fs::read(path)) {
            Ok(None) => return Self::default(),
            Ok(Some(bytes)) => serde_json::from_slice(&bytes).map_err(|error| ("is damaged", error.to_string())),
            Err(error) => Err(("cannot be read", error.to_string())),
        };
        read.unwrap_or_else(|(problem, error)| {
            tracing::warn!(path = %path.display(), error, "{problem}; every job counts as never run");
            Self::default()
        })
    }
}
