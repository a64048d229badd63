//! `agnes admin`: what the server's admin endpoints offer.

mod access_requests;
mod accounts;
mod audit;
mod break_glass;
mod discover;
mod grants;
mod groups;
mod offline;
mod signing_key;
mod sync;
mod tables;
mod tokens;
mod upload_table;
mod users;

use std::process::ExitCode;

use super::{CliError, Context, Mode};
use crate::client::{Client, ClientError};

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    #[command(flatten)]
    Online(Online),
    /// Who did what
    #[command(subcommand, arg_required_else_help = false)]
    Audit(audit::Command),
    /// When nobody can sign in as an admin any more
    #[command(subcommand, arg_required_else_help = false)]
    BreakGlass(break_glass::Command),
    #[command(hide = true)]
    SetRole(accounts::SetRole),
}

/// What only a running server does.
#[derive(clap::Subcommand, Debug)]
pub enum Online {
    /// Create a user
    AddUser(users::Add),
    /// List users
    ListUsers(Listing),
    /// Remove a user
    RemoveUser(accounts::Remove),
    /// Let a deactivated user in again
    Activate(accounts::Account),
    /// Shut a user out; sessions and tokens end at once
    Deactivate(accounts::Account),
    /// Make a link for choosing a new password, and mail it where mail is set up
    ResetPassword(accounts::Account),
    /// Set a user's password
    SetPassword(users::SetPassword),
    /// What users may read
    #[command(subcommand, arg_required_else_help = false)]
    User(accounts::Command),
    /// Groups and their members
    #[command(subcommand, arg_required_else_help = false)]
    Group(groups::Command),
    /// What groups may read
    #[command(subcommand, arg_required_else_help = false)]
    Grant(grants::Command),
    /// Requests for access to tables
    #[command(subcommand, arg_required_else_help = false)]
    AccessRequest(access_requests::Command),
    /// Personal access tokens of everybody
    #[command(subcommand, arg_required_else_help = false)]
    Token(tokens::Command),
    /// Replace the key that signs sessions
    RotateKey,
    /// Register a table
    RegisterTable(tables::Register),
    /// Change a registered table
    UpdateTable(tables::Update),
    /// Remove a table from the registry
    UnregisterTable(tables::Unregister),
    /// List the tables that the data source offers, or register them all
    DiscoverTables(discover::Args),
    /// List registered tables
    ListTables(Listing),
    /// Make a table of a file, or replace the table's file
    UploadTable(upload_table::Args),
    /// Start a sync of all tables, or of the named ones
    Sync(sync::Args),
}

/// Options of every listing.
#[derive(clap::Args, Debug)]
pub struct Listing {
    /// Print the answer as JSON
    #[arg(long)]
    pub json: bool,
}

impl Command {
    pub fn mode(&self) -> Mode {
        let json = match self {
            Self::Online(command) => command.json(),
            Self::Audit(command) => command.json(),
            Self::BreakGlass(_) | Self::SetRole(_) => false,
        };
        if json { Mode::Json } else { Mode::Normal }
    }
}

impl Online {
    fn json(&self) -> bool {
        match self {
            Self::ListUsers(listing) | Self::ListTables(listing) => listing.json,
            Self::Sync(args) => args.json,
            Self::DiscoverTables(args) => args.json,
            Self::UploadTable(args) => args.json,
            Self::Group(command) => command.json(),
            Self::Grant(command) => command.json(),
            Self::User(command) => command.json(),
            Self::AccessRequest(command) => command.json(),
            Self::Token(command) => command.json(),
            _ => false,
        }
    }
}

pub fn run(command: Command, context: &Context) -> anyhow::Result<ExitCode> {
    match command {
        Command::Audit(command) => audit::run(command, context),
        Command::BreakGlass(command) => break_glass::run(command, context),
        Command::SetRole(_) => Err(accounts::set_role().into()),
        Command::Online(command) => {
            let client = context.client()?;
            context.block_on(online(command, &client, context))?
        }
    }
}

async fn online(command: Online, client: &Client, context: &Context) -> anyhow::Result<ExitCode> {
    let done = match command {
        Online::Sync(args) => return sync::run(args, client, context).await,
        Online::UploadTable(args) => return upload_table::run(args, client, context).await,
        Online::AddUser(args) => users::add(args, client, context).await,
        Online::ListUsers(_) => users::list(client, context).await,
        Online::RemoveUser(args) => accounts::remove(args, client, context).await,
        Online::Activate(account) => accounts::activate(account, client, context).await,
        Online::Deactivate(account) => accounts::deactivate(account, client, context).await,
        Online::ResetPassword(account) => accounts::reset_password(account, client, context).await,
        Online::User(command) => accounts::run(command, client, context).await,
        Online::SetPassword(args) => users::set_password(args, client, context).await,
        Online::Group(command) => groups::run(command, client, context).await,
        Online::Grant(command) => grants::run(command, client, context).await,
        Online::AccessRequest(command) => access_requests::run(command, client, context).await,
        Online::Token(command) => tokens::run(command, client, context).await,
        Online::RotateKey => signing_key::rotate(client, context).await,
        Online::RegisterTable(args) => tables::register(args, client, context).await,
        Online::UpdateTable(args) => tables::update(args, client, context).await,
        Online::UnregisterTable(args) => tables::unregister(args, client, context).await,
        Online::DiscoverTables(args) => discover::run(args, client, context).await,
        Online::ListTables(_) => tables::list(client, context).await,
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// A list endpoint; in JSON mode the answer is printed as it came, and nothing is left to do.
pub async fn listed<T: serde::de::DeserializeOwned>(
    client: &Client,
    context: &Context,
    path: &[&str],
    query: &[(&str, &str)],
) -> anyhow::Result<Option<T>> {
    let answer: serde_json::Value = client.get(path, query).await.map_err(CliError::failed)?;
    if context.printer.mode() == Mode::Json {
        context.printer.pretty_json(&answer)?;
        return Ok(None);
    }
    let list = serde_json::from_value(answer).map_err(|error| {
        CliError::failed(ClientError::NotAgnes { server: client.server().to_owned(), reason: error.to_string() })
    })?;
    Ok(Some(list))
}
