//! From a trigger to published tables: extractors run, the orchestrator publishes, people download.

mod assets;
mod extractor;
pub mod manifest;
mod orchestrator;
mod publication_file;
mod publish_table;
mod runner;
pub mod schedule;
mod select;

pub use orchestrator::{Orchestrator, Problem, RebuildError, Rebuilt};
pub use runner::{Runner, RunnerSettings};
