//! The built binary against a stand-in for the server: exit code, stdout, stderr and files.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test ends where its preparation fails"
)]

#[expect(dead_code, reason = "one request is sent by hand here")]
#[path = "../support/http.rs"]
mod http;
#[path = "../support/program.rs"]
mod program;

#[path = "../faults/mount.rs"]
mod mount;

mod access_log;
mod accounts;
mod admin;
mod arrow_stream;
mod audit;
mod auth;
mod bad_proxy;
mod break_glass;
mod catalog;
mod check;
mod commands;
mod completions;
mod compose;
mod escape;
mod every_command;
mod explore;
mod first_pull;
mod foreign;
mod global_options;
mod help;
mod init;
mod laptop;
mod metrics;
mod own_account;
mod pull;
mod pull_faults;
mod pull_hard;
mod pull_hostile;
mod pull_large;
mod pull_options;
mod pull_parts;
mod pull_proxy;
mod query;
mod sandbox;
mod saved;
mod server_stand_in;
mod session;
mod setup;
mod shell;
mod skills;
mod snapshot;
mod snapshot_faults;
mod sync;
mod tokens;
mod types;
mod v0_35;
