//! The API over the wire, laid out like its paths.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test ends where its preparation fails")]

#[path = "../support/mod.rs"]
mod support;

mod auth;
mod download;
mod frame;
mod grants;
mod groups;
mod lifecycle;
mod matrix;
mod query;
mod readable;
mod registry;
mod sync;
mod system;
mod users;
