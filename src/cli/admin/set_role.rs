use crate::cli::{CliError, Context, Output, Run};

/// Removed: rights come from groups
#[derive(clap::Args, Debug)]
pub struct SetRole {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _rest: Vec<String>,
}

impl Run for SetRole {
    fn run(self, _: &Context) -> anyhow::Result<Output> {
        let hint = "Make an admin: agnes admin group add-member Admin EMAIL. Let somebody read a table: agnes admin \
                    grant create GROUP table TABLE.";
        Err(CliError::usage("set-role was removed: rights come from groups now").hint(hint).into())
    }
}
