//! `agnes admin access-request`

use clap::ValueEnum;
use reqwest::Method;

use crate::cli::admin::lookup;
use crate::cli::{Context, Output, Run, Table};
use crate::protocol::access::{self, AccessRequests, Review};

#[derive(clap::Subcommand, Debug)]
#[command(arg_required_else_help = false)]
pub enum AccessRequest {
    /// List requests for access to tables
    List {
        /// Only requests with this status
        #[arg(long, value_enum, default_value_t = Status::Pending)]
        status: Status,
    },
    /// Approve a request: grant what it asks for
    Approve {
        /// Id of the request
        request: String,
        /// Grant to this group (name or id) and add the user to it, instead of to the user alone
        #[arg(long)]
        group: Option<String>,
        /// Note for the requester
        #[arg(long)]
        note: Option<String>,
    },
    /// Deny a request
    Deny {
        /// Id of the request
        request: String,
        /// Note for the requester
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

impl Run for AccessRequest {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let review = |id: &str, verb: &str, review: &Review| {
            api.send::<access::AccessRequest>(Method::POST, &["api", "access-requests", id, verb], review)
        };
        match self {
            Self::List { status } => {
                let all = ["api", "access-requests"];
                let pending = ["api", "access-requests", "pending"];
                let (path, query): (&[&str], &[(&str, &str)]) = match status {
                    Status::Pending => (&pending, &[]),
                    Status::Approved => (&all, &[("status", "approved")]),
                    Status::Denied => (&all, &[("status", "denied")]),
                    Status::All => (&all, &[]),
                };
                let answer = api.get::<AccessRequests>(path, query)?;
                let mut table = Table::listing([("ID", 36), ("USER", 30), ("TABLE", 30), ("STATUS", 8), ("REASON", 0)]);
                for request in &answer.body.requests {
                    let reason = request.reason.as_deref().unwrap_or_default();
                    table.row([&request.id, user(request), &request.table_id, &request.status, reason]);
                }
                Output::default().table(table).json(&answer.json)
            }
            Self::Approve { request, group, note } => {
                let group = group.map(|reference| lookup::group(&api, &reference)).transpose()?;
                let approved = review(&request, "approve", &Review { group_id: group.map(|group| group.id), note })?;
                let (user, table) = (user(&approved.body), &approved.body.table_id);
                Output::message(format_args!("Approved: {user} may read {table}")).json(&approved.json)
            }
            Self::Deny { request, note } => {
                let denied = review(&request, "deny", &Review { group_id: None, note })?;
                let (user, table) = (user(&denied.body), &denied.body.table_id);
                Output::message(format_args!("Denied: {user}, table {table}")).json(&denied.json)
            }
        }
    }
}

/// Who made the request.
fn user(request: &access::AccessRequest) -> &str {
    request.user_email.as_ref().unwrap_or(&request.user_id)
}
