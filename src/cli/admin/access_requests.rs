use clap::ValueEnum;
use reqwest::Method;

use super::{Listing, groups, listed};
use crate::cli::{CliError, Context};
use crate::client::Client;
use crate::protocol::access::{AccessRequest, AccessRequests, Review};

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// List requests for access to tables
    List {
        /// Which ones
        #[arg(long, value_enum, default_value_t = Status::Pending)]
        status: Status,
        #[command(flatten)]
        listing: Listing,
    },
    /// Grant what was asked for
    Approve {
        /// Id of the request
        request: String,
        /// Grant to this group (name or id) and put the user into it, instead of to the user alone
        #[arg(long)]
        group: Option<String>,
        #[arg(long)]
        note: Option<String>,
    },
    /// Refuse a request
    Deny {
        /// Id of the request
        request: String,
        /// Why
        #[arg(long)]
        note: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Status {
    Pending,
    Approved,
    Denied,
    All,
}

impl Command {
    pub fn json(&self) -> bool {
        matches!(self, Self::List { listing, .. } if listing.json)
    }
}

pub async fn run(command: Command, client: &Client, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::List { status, .. } => list(status, client, context).await,
        Command::Approve { request, group, note } => {
            let group_id = match group {
                Some(reference) => Some(groups::find(client, &reference).await?.id),
                None => None,
            };
            let reviewed = review(client, &request, "approve", &Review { group_id, note }).await?;
            let who = reviewed.user_email.unwrap_or(reviewed.user_id);
            Ok(context.printer.line(format_args!("Approved: {who} may read {}", reviewed.table_id))?)
        }
        Command::Deny { request, note } => {
            let reviewed = review(client, &request, "deny", &Review { group_id: None, note }).await?;
            let who = reviewed.user_email.unwrap_or(reviewed.user_id);
            Ok(context.printer.line(format_args!("Denied: {who}, table {}", reviewed.table_id))?)
        }
    }
}

async fn review(client: &Client, id: &str, verb: &str, review: &Review) -> Result<AccessRequest, CliError> {
    client.send(Method::POST, &["api", "access-requests", id, verb], review).await.map_err(CliError::failed)
}

async fn list(status: Status, client: &Client, context: &Context) -> anyhow::Result<()> {
    let all = ["api", "access-requests"];
    let pending = ["api", "access-requests", "pending"];
    let (path, query): (&[&str], &[(&str, &str)]) = match status {
        Status::Pending => (&pending, &[]),
        Status::Approved => (&all, &[("status", "approved")]),
        Status::Denied => (&all, &[("status", "denied")]),
        Status::All => (&all, &[]),
    };
    let Some(answer) = listed::<AccessRequests>(client, context, path, query).await? else { return Ok(()) };
    let row = |id: &str, user: &str, table: &str, status: &str, reason: &str| {
        format!("{id:<36}  {user:<30}  {table:<30}  {status:<8}  {reason}").trim_end().to_owned()
    };
    context.printer.line(row("ID", "USER", "TABLE", "STATUS", "REASON"))?;
    for request in answer.requests {
        let user = request.user_email.unwrap_or(request.user_id);
        let reason = request.reason.unwrap_or_default();
        context.printer.line(row(&request.id, &user, &request.table_id, &request.status, &reason))?;
    }
    Ok(())
}
