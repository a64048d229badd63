use std::process::ExitCode;

use crate::cli::{CliError, Context, exit, input};
use crate::domain::Error;
use crate::domain::accounts::{BreakGlassGrant, break_glass_grant_admin};
use crate::store::Store;

#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Make somebody an admin in DATA_DIR, with the server stopped
    GrantAdmin {
        /// E-mail address; a user is added when there is none with it
        email: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
        /// Let the user in again if deactivated
        #[arg(long)]
        activate: bool,
    },
}

pub fn run(command: Command, context: &Context) -> anyhow::Result<ExitCode> {
    let Command::GrantAdmin { email, yes, activate } = command;
    let email = email.trim().to_owned();
    if !email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()) {
        return Err(CliError::usage(format!("Error: '{email}' is not an e-mail address")).into());
    }
    let settings = super::offline::settings(context)?;
    let place = settings.data_dir.root().display().to_string();
    input::confirm(&format!("Make {email} an admin in {place}?"), yes, context)?;
    let store = super::offline::open(&settings)?;
    let granted = context.block_on(grant(&store, &email, activate))??;
    let printer = &context.printer;
    if granted.was_admin {
        printer.line(format_args!("{email} is a member of Admin already."))?;
    } else {
        let new = if granted.created { "new user " } else { "" };
        printer.line(format_args!("Granted: {new}{email} is an admin now."))?;
    }
    if granted.activated {
        printer.line(format_args!("Activated {email}."))?;
    }
    if !granted.is_active {
        printer.warn(format_args!("{email} is deactivated and cannot sign in; run this again with --activate"));
    }
    if !granted.has_password {
        printer.note(format_args!(
            "{email} has no password. Start the server once with SEED_ADMIN_EMAIL={email} and SEED_ADMIN_PASSWORD set, \
             or sign in with Google or a link by mail."
        ));
    }
    Ok(ExitCode::SUCCESS)
}

async fn grant(store: &Store, email: &str, activate: bool) -> Result<BreakGlassGrant, CliError> {
    let granted = break_glass_grant_admin(store, email, activate).await;
    store.close().await;
    granted.map_err(|error| {
        let code = if matches!(error, Error::NotFound(_)) { exit::USAGE } else { exit::FAILED };
        CliError::new("not_granted", format!("Error: {error}")).exiting(code)
    })
}
