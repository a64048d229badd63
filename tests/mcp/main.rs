//! `agnes mcp` with the official client of the protocol, against a real server.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a step that fails ends the test")]

#[path = "../support/program.rs"]
#[expect(dead_code, reason = "servers are ended by other tests")]
mod program;

mod ends;
mod install;
mod queries;
mod refusals;
mod session;
mod tools;
