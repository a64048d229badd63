use reqwest::Method;

use crate::cli::admin::lookup;
use crate::cli::{Context, Output, Run};

/// Reactivate a deactivated user
#[derive(clap::Args, Debug)]
pub struct Activate {
    /// E-mail address, id, or unique prefix of an id
    user: String,
}

/// Deactivate a user; sessions and tokens end immediately
#[derive(clap::Args, Debug)]
pub struct Deactivate {
    /// E-mail address, id, or unique prefix of an id
    user: String,
}

impl Run for Activate {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        change(&self.user, "activate", context)?;
        Ok(Output::message(format_args!("Activated {}", self.user)))
    }
}

impl Run for Deactivate {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        change(&self.user, "deactivate", context)?;
        Ok(Output::message(format_args!("Deactivated {}", self.user)))
    }
}

fn change(reference: &str, verb: &str, context: &Context) -> anyhow::Result<()> {
    let api = context.api()?;
    let user = lookup::user(&api, reference)?;
    Ok(api.call(Method::POST, &["api", "users", &user.id, verb])?)
}
