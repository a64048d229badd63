//! From a trigger to published tables: extractors run, the orchestrator publishes, clients download.

mod analytics_db;
mod current_run;
mod extractor;
mod health;
pub(crate) mod manifest;
mod merged;
mod offers;
mod orchestrator;
mod profiling;
mod publish_remote;
mod publish_table;
mod rebuild;
mod run;
mod runner;
mod saved;
mod select;
mod table_backoff;

pub use health::{Problem, SourceHealth};
pub use manifest::Assets;
pub use merged::Merged;
pub use orchestrator::{Orchestrator, RebuildError, Rebuilt, Standing};
pub use rebuild::{Durations, RunError, rebuild_and_record};
pub use runner::{Runner, RunnerSettings};
pub use saved::PublishError;
