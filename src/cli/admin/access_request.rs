//! `agnes admin access-request`

use clap::ValueEnum;
use reqwest::Method;

use crate::cli::admin::lookup;
use crate::cli::{Api, CliError, Context, Output, Response, Run, Table, commands};
use crate::protocol::access::{self, AccessRequests};

commands! {
    AccessRequest {
        List(List),
        Approve(Approve),
        Deny(Deny),
    }
}

/// List requests for access to tables
#[derive(clap::Args, Debug)]
pub struct List {
    /// Only requests with this status
    #[arg(long, value_enum, default_value_t = Status::Pending)]
    status: Status,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Status {
    Pending,
    Approved,
    Denied,
    All,
}

impl Run for List {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let all = ["api", "access-requests"];
        let pending = ["api", "access-requests", "pending"];
        let (path, query): (&[&str], &[(&str, &str)]) = match self.status {
            Status::Pending => (&pending, &[]),
            Status::Approved => (&all, &[("status", "approved")]),
            Status::Denied => (&all, &[("status", "denied")]),
            Status::All => (&all, &[]),
        };
        let answer = context.api()?.get::<AccessRequests>(path, query)?;
        let mut table = Table::listing([("ID", 36), ("USER", 30), ("TABLE", 30), ("STATUS", 8), ("REASON", 0)]);
        for request in &answer.body.requests {
            let user = request.user_email.as_ref().unwrap_or(&request.user_id);
            let reason = request.reason.as_deref().unwrap_or_default();
            table.row([&request.id, user, &request.table_id, &request.status, reason]);
        }
        Output::default().table(table).json(&answer.json)
    }
}

/// Approve a request: grant what it asks for
#[derive(clap::Args, Debug)]
pub struct Approve {
    /// Id of the request
    request: String,
    /// Grant to this group (name or id) and add the user to it, instead of to the user alone
    #[arg(long)]
    group: Option<String>,
    /// Note for the requester
    #[arg(long)]
    note: Option<String>,
}

/// Deny a request
#[derive(clap::Args, Debug)]
pub struct Deny {
    /// Id of the request
    request: String,
    /// Note for the requester
    #[arg(long)]
    note: Option<String>,
}

impl Run for Approve {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let group = self.group.map(|reference| lookup::group(&api, &reference)).transpose()?;
        let review = access::Review { group_id: group.map(|group| group.id), note: self.note };
        let Response { body, json } = send(&api, &self.request, "approve", &review)?;
        let user = body.user_email.unwrap_or(body.user_id);
        Output::message(format_args!("Approved: {user} may read {}", body.table_id)).json(&json)
    }
}

impl Run for Deny {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let review = access::Review { group_id: None, note: self.note };
        let Response { body, json } = send(&context.api()?, &self.request, "deny", &review)?;
        let user = body.user_email.unwrap_or(body.user_id);
        Output::message(format_args!("Denied: {user}, table {}", body.table_id)).json(&json)
    }
}

fn send(api: &Api, id: &str, verb: &str, review: &access::Review) -> Result<Response<access::AccessRequest>, CliError> {
    api.send(Method::POST, &["api", "access-requests", id, verb], review)
}
