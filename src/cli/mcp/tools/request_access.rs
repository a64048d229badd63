//! `request_access`

use reqwest::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cli::CliError;
use crate::cli::mcp::call::Call;
use crate::cli::mcp::tool::{Answer, Effect, Tool};
use crate::protocol::access::{AccessRequest, CreateAccessRequest};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestAccess {
    /// Id of the table, as the person or an error has named it
    table: String,
    /// What the person needs it for, in a sentence or two. An admin reads it and decides by it
    reason: String,
}

#[derive(Debug, JsonSchema, Serialize)]
pub struct Requested {
    /// Id of the table
    table: String,
    /// Id of the request; none if there is nothing new to decide
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    /// Whether this call made the request: false if there is one already, or the person may read the table
    is_new: bool,
}

impl Tool for RequestAccess {
    const NAME: &str = "request_access";
    const TITLE: &str = "Request access to a table";
    const DESCRIPTION: &str = "\
Asks the admins of the server, in the name of the person, to let them read a table. Use it only when the person wants that, with a reason \
that is theirs. An admin decides later; nothing can be read before. The server does not say whether there is such a table, so check the \
name. Calling it again changes nothing.";
    const EFFECT: Effect = Effect::Asks;
    type Data = Requested;

    fn run(self, call: &Call) -> anyhow::Result<Answer<Requested>> {
        let Self { table, reason } = self;
        if reason.trim().is_empty() {
            let error = CliError::new("wrong_arguments", "reason is empty");
            return Err(error.hint("Ask the person what they need the table for.").into());
        }
        let body = CreateAccessRequest { table_id: table.clone(), reason };
        let sent = call.context.api()?.try_send::<AccessRequest>(Method::POST, &["api", "access-requests"], &body);
        match sent {
            Ok(sent) => {
                let summary =
                    format!("Requested access to {table}. An admin decides; the person is asked nothing more.");
                Ok(Answer::new(summary, Requested { table, request: Some(sent.body.id), is_new: true }))
            }
            // Requested before, or granted.
            Err(error) if error.status() == Some(409) => {
                let summary = format!("{}.", error.detail());
                Ok(Answer::new(summary, Requested { table, request: None, is_new: false }))
            }
            Err(error) => Err(CliError::failed(error).into()),
        }
    }
}
