use crate::cli::admin::lookup::USERS;
use crate::cli::{Context, Output, Run};
use crate::protocol::users::User;

/// List users
#[derive(clap::Args, Debug)]
pub struct List {}

impl Run for List {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let users = context.api()?.get::<Vec<User>>(&USERS, &[])?;
        let output = users.body.iter().fold(Output::default(), |output, user| {
            let role = if user.is_admin { "admin" } else { "user" };
            let state = if user.active { "active" } else { "DEACTIVATED" };
            output.line(format_args!("  {:<30} {role:<6} {state:<12} id={:.8}", user.email, user.id))
        });
        output.json(&users.json)
    }
}
