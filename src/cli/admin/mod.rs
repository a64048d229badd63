//! `agnes admin`: what the server's admin endpoints offer, and work on the data of a stopped server.

mod access_request;
mod audit;
mod break_glass;
mod grant;
mod group;
mod lookup;
mod set_role;
mod signing_key;
mod sync;
mod table;
mod token;
mod user;

use super::commands;

commands! {
    /// Manage users, groups, grants and tables
    Admin {
        #[command(subcommand)] User(user::User),
        #[command(subcommand)] Group(group::Group),
        #[command(subcommand)] Grant(grant::Grant),
        #[command(subcommand)] AccessRequest(access_request::AccessRequest),
        #[command(subcommand)] Token(token::Token),
        #[command(subcommand)] Table(table::Table),
        Sync(sync::Sync),
        #[command(subcommand)] Audit(audit::Audit),
        #[command(subcommand)] SigningKey(signing_key::SigningKey),
        #[command(subcommand)] BreakGlass(break_glass::BreakGlass),
        // Names of older versions.
        #[command(hide = true)] AddUser(user::add::Add),
        #[command(hide = true)] ListUsers(user::list::List),
        #[command(hide = true)] RemoveUser(user::remove::Remove),
        #[command(hide = true)] Activate(user::activate::Activate),
        #[command(hide = true)] Deactivate(user::activate::Deactivate),
        #[command(hide = true)] ResetPassword(user::reset_password::ResetPassword),
        #[command(hide = true)] SetPassword(user::set_password::SetPassword),
        #[command(hide = true)] SetRole(set_role::SetRole),
        #[command(hide = true)] RegisterTable(table::register::Register),
        #[command(hide = true)] UpdateTable(table::update::Update),
        #[command(hide = true)] UnregisterTable(table::unregister::Unregister),
        #[command(hide = true)] DiscoverTables(table::discover::Discover),
        #[command(hide = true)] ListTables(table::list::List),
        #[command(hide = true)] UploadTable(table::upload::Upload),
        #[command(hide = true)] RotateKey(signing_key::Rotate),
    }
}
