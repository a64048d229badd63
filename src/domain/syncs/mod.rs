//! Sync runs: starting one, and what they did.

mod runs;
mod trigger;

pub use runs::{DEFAULT_RUNS, MAX_RUNS, get_run, list_runs};
pub use trigger::trigger_sync;
