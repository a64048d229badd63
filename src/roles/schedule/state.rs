//! The last runs of jobs, written after each of them.

use std::path::PathBuf;
use std::sync::Mutex;

use crate::base::{atomic_file, locked};
pub use crate::domain::schedule::{LastRun, State};

/// The state of the running scheduler, written after each run.
pub struct Journal {
    path: PathBuf,
    state: Mutex<State>,
}

impl Journal {
    pub fn open(path: PathBuf) -> Self {
        Self { state: Mutex::new(State::read(&path)), path }
    }

    pub fn last(&self, job: &str) -> LastRun {
        locked(&self.state).jobs.get(job).cloned().unwrap_or_default()
    }

    pub fn record(&self, job: &str, last: LastRun) {
        let mut state = locked(&self.state);
        state.jobs.insert(job.to_owned(), last);
        let written = serde_json::to_vec_pretty(&*state).map_err(std::io::Error::from);
        let written = written.and_then(|text| atomic_file::write(&self.path, &text));
        if let Err(error) = written {
            tracing::warn!(path = %self.path.display(), %error, "cannot be written; after a restart jobs run again");
        }
    }
}
