//! From a trigger to published tables: extractors run, the orchestrator publishes, people download.

mod assets;
mod current_run;
mod extractor;
pub mod manifest;
mod merged;
mod orchestrator;
mod parts;
mod profiling;
mod publication_file;
mod publish_remote;
mod publish_table;
mod rebuild;
mod run;
mod runner;
mod select;
mod sources;

pub use assets::Assets;
pub use merged::{MergeError, Merged};
pub use orchestrator::{Orchestrator, Problem, RebuildError, Rebuilt, Standing};
pub use rebuild::{Durations, rebuild_and_note};
pub use runner::{RunError, Runner, RunnerSettings};
pub use sources::SourceHealth;
