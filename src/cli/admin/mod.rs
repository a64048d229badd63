//! `agnes admin`: what the server's admin endpoints offer, and work on the data of a stopped server.

mod access_log;
mod access_request;
mod audit;
mod break_glass;
mod catalog_export;
mod grant;
mod group;
mod legacy;
mod lookup;
mod metadata;
mod metric;
mod second_factor_key;
mod signing_key;
mod sync;
mod table;
mod token;
mod user;

use super::{Lazy, commands};

commands! {
    Admin {
        /// User accounts
        #[command(subcommand)] User(Lazy<user::User>),
        /// Groups and their members
        #[command(subcommand)] Group(Lazy<group::Group>),
        /// Grants: what groups may read
        #[command(subcommand)] Grant(Lazy<grant::Grant>),
        /// Requests for access to tables
        #[command(subcommand)] AccessRequest(Lazy<access_request::AccessRequest>),
        /// Personal access tokens of everybody
        #[command(subcommand)] Token(Lazy<token::Token>),
        /// Registered tables
        #[command(subcommand)] Table(Lazy<table::Table>),
        /// Metric definitions
        #[command(subcommand, visible_alias = "metrics")] Metric(Lazy<metric::Metric>),
        /// Descriptions of columns
        #[command(subcommand)] Metadata(Lazy<metadata::Metadata>),
        CatalogExport(catalog_export::CatalogExport),
        #[command(alias = "trigger-sync")] Sync(sync::Sync),
        /// The audit log: who did what
        #[command(subcommand)] Audit(Lazy<audit::Audit>),
        AccessLog(access_log::AccessLog),
        /// The key that signs sessions
        #[command(subcommand)] SigningKey(Lazy<signing_key::SigningKey>),
        /// The key that encrypts second factors
        #[command(subcommand)] SecondFactorKey(Lazy<second_factor_key::SecondFactorKey>),
        /// Recover access when nobody can sign in as an admin
        #[command(subcommand)] BreakGlass(Lazy<break_glass::BreakGlass>),
        #[command(flatten)] Legacy(legacy::Legacy),
    }
}
