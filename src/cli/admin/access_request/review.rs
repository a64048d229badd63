use reqwest::Method;

use crate::cli::admin::lookup;
use crate::cli::{Api, CliError, Context, Output, Response, Run};
use crate::protocol::access;

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
