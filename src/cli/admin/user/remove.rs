use reqwest::Method;

use crate::cli::admin::lookup;
use crate::cli::{Context, Output, Run, input};

/// Remove a user
#[derive(clap::Args, Debug)]
pub struct Remove {
    /// E-mail address, id, or unique prefix of an id
    user: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl Run for Remove {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let api = context.api()?;
        let user = lookup::user(&api, &self.user)?;
        input::confirm(&format!("Remove {}?", user.email), self.yes, context)?;
        api.call(Method::DELETE, &["api", "users", &user.id])?;
        Ok(Output::message("User removed."))
    }
}
