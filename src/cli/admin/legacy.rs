//! Names of older versions.

use super::{metadata, signing_key, table, user};
use crate::cli::{CliError, Context, Output, Run, commands};

commands! {
    #[command(defer = true)]
    Legacy {
        #[command(hide = true)] AddUser(user::Add),
        #[command(hide = true)] ListUsers(user::List),
        #[command(hide = true)] RemoveUser(user::Remove),
        #[command(hide = true)] Activate(user::Activate),
        #[command(hide = true)] Deactivate(user::Deactivate),
        #[command(hide = true)] ResetPassword(user::ResetPassword),
        #[command(hide = true)] SetPassword(user::SetPassword),
        #[command(hide = true)] SetRole(SetRole),
        #[command(hide = true)] RegisterTable(table::Register),
        #[command(hide = true)] UpdateTable(table::Update),
        #[command(hide = true)] UnregisterTable(table::Unregister),
        #[command(hide = true)] DiscoverTables(table::Discover),
        #[command(hide = true)] DiscoverAndRegister(table::DiscoverAndRegister),
        #[command(hide = true)] ListTables(table::List),
        #[command(hide = true)] UploadTable(table::Upload),
        #[command(hide = true)] MetadataShow(metadata::Show),
        #[command(hide = true)] MetadataApply(metadata::Apply),
        #[command(hide = true)] RotateKey(signing_key::Rotate),
    }
}

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
