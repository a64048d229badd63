use reqwest::Method;

use crate::cli::admin::lookup;
use crate::cli::{CliError, Context, Output, Run, input};
use crate::protocol::users;

/// Set a user's password
#[derive(clap::Args, Debug)]
pub struct SetPassword {
    /// E-mail address, id, or unique prefix of an id
    user: String,
    #[command(flatten)]
    password: input::PasswordOptions,
}

impl Run for SetPassword {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let password = match self.password.given(context)? {
            Some(password) => password,
            None => {
                let first = input::hidden_prompt(context, "Password", "--password-stdin")?;
                if first != input::hidden_prompt(context, "Repeat the password", "--password-stdin")? {
                    return Err(CliError::new("mismatch", "the two passwords differ").into());
                }
                first
            }
        };
        let api = context.api()?;
        let user = lookup::user(&api, &self.user)?;
        let request = users::SetPassword { password: password.expose().to_owned() };
        api.tell(Method::POST, &["api", "users", &user.id, "set-password"], &request)?;
        Ok(Output::message(format_args!("Password set for {}", self.user)))
    }
}
