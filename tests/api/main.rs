//! The API over the wire, laid out like its paths.

#![expect(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test ends where its preparation fails")]

#[path = "../../src/query/testing/cases.rs"]
mod cases;
#[path = "../support/google/mod.rs"]
mod google;
#[expect(dead_code, reason = "what exports need is used by the tests of the connector")]
#[path = "../support/keboola/mod.rs"]
mod keboola_server;
#[path = "../support/openmetadata.rs"]
mod openmetadata_server;
#[path = "../support/mail/mod.rs"]
mod relay;
#[expect(dead_code, reason = "what statements hold is counted where they are tried in bulk")]
#[path = "../../src/query/testing/gate/grammar/mod.rs"]
mod statements;
#[path = "../support/mod.rs"]
mod support;

mod access_log;
mod access_property;
mod access_requests;
mod admin_pages;
mod audit;
mod auth;
mod bare;
mod catalog;
mod catalog_export;
mod client_program;
mod client_v0_35;
mod download;
mod effective_access;
mod first_run;
mod forms;
mod frame;
mod grants;
mod groups;
mod install_script;
mod lifecycle;
mod limits;
mod live_sources;
mod matrix;
mod memberships;
mod metadata;
mod metrics;
mod names;
mod openmetadata;
mod other_tables;
mod overview;
mod own_files;
mod pages;
mod parts;
mod permissions;
mod profile;
mod prompts;
mod query;
mod query_hostile;
mod query_pivot;
mod readable;
mod registry;
mod saved_queries;
mod search;
mod server_config;
mod settings;
mod signing_key;
mod sources;
mod sync;
mod system;
mod tpc;
mod transcripts;
mod ungranted;
mod upload;
mod users;
mod v2;
