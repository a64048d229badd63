use reqwest::Method;

use crate::cli::admin::lookup::USERS;
use crate::cli::{Context, Output, Run};
use crate::protocol::users::{CreateUser, User};

/// Create a user
#[derive(clap::Args, Debug)]
pub struct Add {
    /// E-mail address
    email: String,
    /// Display name [default: the part of the address before @]
    #[arg(long)]
    name: Option<String>,
}

impl Run for Add {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let name = self.name.unwrap_or_else(|| self.email.split('@').next().unwrap_or_default().to_owned());
        let request = CreateUser { email: self.email, name, send_invite: false };
        let answer = context.api()?.send::<User>(Method::POST, &USERS, &request)?;
        let user = &answer.body;
        Output::message(format_args!("Created user: {} (id: {})", user.email, user.id)).json(&answer.json)
    }
}
