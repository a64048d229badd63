//! `agnes admin`: what the server's admin endpoints offer.

mod grants;
mod groups;
mod sync;
mod tables;
mod users;

use std::process::ExitCode;

use super::{CliError, Context, Mode};
use crate::client::{Client, ClientError};

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Create a user
    AddUser(users::Add),
    /// List users
    ListUsers(Listing),
    /// Set a user's password
    SetPassword(users::SetPassword),
    /// Groups and their members
    #[command(subcommand, arg_required_else_help = false)]
    Group(groups::Command),
    /// What groups may read
    #[command(subcommand, arg_required_else_help = false)]
    Grant(grants::Command),
    /// Register a table
    RegisterTable(tables::Register),
    /// Change a registered table
    UpdateTable(tables::Update),
    /// Remove a table from the registry
    UnregisterTable(tables::Unregister),
    /// List registered tables
    ListTables(Listing),
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
            Self::ListUsers(listing) | Self::ListTables(listing) => listing.json,
            Self::Sync(args) => args.json,
            Self::Group(command) => command.json(),
            Self::Grant(command) => command.json(),
            _ => false,
        };
        if json { Mode::Json } else { Mode::Normal }
    }
}

pub fn run(command: Command, context: &Context) -> anyhow::Result<ExitCode> {
    let client = context.client()?;
    context.block_on(async {
        match command {
            Command::AddUser(args) => users::add(args, &client, context).await,
            Command::ListUsers(_) => users::list(&client, context).await,
            Command::SetPassword(args) => users::set_password(args, &client, context).await,
            Command::Group(command) => groups::run(command, &client, context).await,
            Command::Grant(command) => grants::run(command, &client, context).await,
            Command::RegisterTable(args) => tables::register(args, &client, context).await,
            Command::UpdateTable(args) => tables::update(args, &client, context).await,
            Command::UnregisterTable(args) => tables::unregister(args, &client, context).await,
            Command::ListTables(_) => tables::list(&client, context).await,
            Command::Sync(args) => sync::run(args, &client, context).await,
        }
    })??;
    Ok(ExitCode::SUCCESS)
}

/// A list endpoint; in JSON mode the answer is printed as it came, and nothing is left to do.
async fn listed<T: serde::de::DeserializeOwned>(
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
