//! Agnes hands company tables to analysts and their AI agents: connectors write parquet, an orchestrator publishes it,
//! a server knows who may read what, and a laptop pulls exactly that.
//!
//! The floors of the house, from the ground up (`docs/architecture.md` tells who may use whom):
//!
//! * `base`, `config`, `protocol`: files, names, settings, request and response types
//! * `engine`, `extract`, `store`, `access`: DuckDB, the extract contract, the state database, who may do what
//! * `connectors`, `profiler`, `query`, `sync`: the work itself
//! * `client`: our own HTTP client
//! * `cli`, `roles`, `server`: what people and programs talk to

pub mod access;
pub mod base;
pub mod cli;
mod client;
pub mod config;
pub mod connectors;
mod domain;
pub mod engine;
pub mod extract;
mod logging;
mod profiler;
pub mod protocol;
mod query;
mod roles;
pub mod server;
pub mod store;
pub mod sync;
