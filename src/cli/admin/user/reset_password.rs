use reqwest::Method;
use serde_json::json;

use crate::cli::admin::lookup;
use crate::cli::{Context, Output, Run};
use crate::protocol::users::ResetLink;

/// Create a link for choosing a new password, and email it if email is configured
#[derive(clap::Args, Debug)]
pub struct ResetPassword {
    /// E-mail address, id, or unique prefix of an id
    user: String,
}

impl Run for ResetPassword {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let user = lookup::user(&api, &self.user)?;
        let path = ["api", "users", &user.id, "reset-password"];
        let link = api.send::<ResetLink>(Method::POST, &path, &json!({}))?;
        Output::message(format_args!("Reset URL: {}", link.body.reset_url))
            .line(format_args!("Email sent: {}", if link.body.email_sent { "True" } else { "False" }))
            .json(&link.json)
    }
}
