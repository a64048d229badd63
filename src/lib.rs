//! Agnes hands company tables to analysts and their AI agents: connectors write parquet, an orchestrator publishes it,
//! a server knows who may read what, and a laptop pulls exactly that.
//!
//! The layers, lowest first (`docs/architecture.md` lists which may use which):
//!
//! * `base`, `config`, `protocol`: files, names, settings, request and response types
//! * `engine`, `extract`, `store`, `access`, `access_log`, `logging`: DuckDB, the extract contract, the state database, who
//!   may do what, who read what
//! * `connectors`, `openmetadata`, `profiler`, `query`, `sync`: sources, the company's catalog, statistics, callers' SQL,
//!   publishing
//! * `domain`: what somebody can do; `client`: the client of our own HTTP API
//! * `cli`, `roles`, `server`: the command line, the scheduler, HTTP

pub mod access;
mod access_log;
pub mod base;
pub mod cli;
mod client;
pub mod config;
pub mod connectors;
mod domain;
pub mod engine;
pub mod extract;
mod logging;
pub mod openmetadata;
mod profiler;
pub mod protocol;
pub mod query;
mod roles;
mod search;
pub mod server;
pub mod store;
pub mod sync;
