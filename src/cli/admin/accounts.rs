//! What happens to an account after it was made.

use reqwest::Method;
use serde_json::Value;

use super::{Listing, listed, users};
use crate::cli::{CliError, Context, input};
use crate::client::Client;
use crate::protocol::access::EffectiveAccess;
use crate::protocol::users::ResetLink;

#[derive(clap::Args, Debug)]
pub struct Account {
    /// E-mail address, id, or unique beginning of an id
    user: String,
}

#[derive(clap::Args, Debug)]
pub struct Remove {
    #[command(flatten)]
    account: Account,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Show what a user may read, and through which groups
    Access {
        #[command(flatten)]
        account: Account,
        #[command(flatten)]
        listing: Listing,
    },
}

impl Command {
    pub fn json(&self) -> bool {
        let Self::Access { listing, .. } = self;
        listing.json
    }
}

pub async fn remove(args: Remove, client: &Client, context: &Context) -> anyhow::Result<()> {
    let user = users::find(client, &args.account.user).await?;
    input::confirm(&format!("Remove {}?", user.email), args.yes, context)?;
    let path = ["api", "users", &user.id];
    client.tell(Method::DELETE, &path, &Value::Null).await.map_err(CliError::failed)?;
    Ok(context.printer.line("User removed.")?)
}

pub async fn activate(account: Account, client: &Client, context: &Context) -> anyhow::Result<()> {
    tell(&account, "activate", client).await?;
    Ok(context.printer.line(format_args!("Activated {}", account.user))?)
}

pub async fn deactivate(account: Account, client: &Client, context: &Context) -> anyhow::Result<()> {
    tell(&account, "deactivate", client).await?;
    Ok(context.printer.line(format_args!("Deactivated {}", account.user))?)
}

async fn tell(account: &Account, verb: &str, client: &Client) -> Result<(), CliError> {
    let user = users::find(client, &account.user).await?;
    let path = ["api", "users", &user.id, verb];
    client.tell(Method::POST, &path, &Value::Null).await.map_err(CliError::failed)
}

pub async fn reset_password(account: Account, client: &Client, context: &Context) -> anyhow::Result<()> {
    let user = users::find(client, &account.user).await?;
    let path = ["api", "users", &user.id, "reset-password"];
    let link: ResetLink = client.send(Method::POST, &path, &serde_json::json!({})).await.map_err(CliError::failed)?;
    context.printer.line(format_args!("Reset URL: {}", link.reset_url))?;
    Ok(context.printer.line(format_args!("Email sent: {}", if link.email_sent { "True" } else { "False" }))?)
}

pub async fn run(command: Command, client: &Client, context: &Context) -> anyhow::Result<()> {
    let Command::Access { account, .. } = command;
    let user = users::find(client, &account.user).await?;
    let path = ["api", "admin", "users", &user.id, "effective-access"];
    let Some(access) = listed::<EffectiveAccess>(client, context, &path, &[]).await? else { return Ok(()) };
    if access.is_admin {
        context.printer.line(format_args!("{} is an admin and may use everything.", user.email))?;
    }
    if access.items.is_empty() {
        return Ok(context.printer.line(format_args!("{} has no grants.", user.email))?);
    }
    let row = |kind: &str, id: &str, groups: &str| format!("{kind:<22}  {id:<40}  {groups}");
    context.printer.line(row("RESOURCE TYPE", "RESOURCE ID", "THROUGH"))?;
    for item in &access.items {
        let groups: Vec<&str> = item.via_groups.iter().map(|group| group.group_name.as_str()).collect();
        context.printer.line(row(&item.resource_type, &item.resource_id, &groups.join(", ")))?;
    }
    Ok(())
}

/// Roles are no more; whoever still sets them is told what to do instead.
#[derive(clap::Args, Debug)]
pub struct SetRole {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _rest: Vec<String>,
}

pub fn set_role() -> CliError {
    CliError::usage("Error: set-role was removed: rights come from groups now").hint(
        "Make an admin: agnes admin group add-member Admin EMAIL. Let somebody read a table: agnes admin grant create \
         GROUP table TABLE.",
    )
}
