use crate::cli::{CliError, Context, Output, Run, exit, input, offline};
use crate::domain::Error;
use crate::domain::accounts::break_glass_grant_admin;

#[derive(clap::Subcommand, Debug)]
#[command(arg_required_else_help = false)]
pub enum BreakGlass {
    /// Make somebody an admin in DATA_DIR, with the server stopped
    GrantAdmin {
        /// E-mail address; a user is added when there is none with it
        email: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
        /// Activate the user if deactivated
        #[arg(long)]
        activate: bool,
    },
}

impl Run for BreakGlass {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let Self::GrantAdmin { email, yes, activate } = self;
        let email = email.trim();
        if !email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty()) {
            return Err(CliError::usage(format!("'{email}' is not an e-mail address")).into());
        }
        let settings = offline::settings(context)?;
        let place = settings.data_dir.root().display().to_string();
        input::confirm(&format!("Make {email} an admin in {place}?"), yes, context)?;
        let granted = offline::with_store(context, &settings, offline::STOP_FIRST, async |store| {
            break_glass_grant_admin(store, email, activate).await
        })?;
        let granted = granted.map_err(|error| {
            let code = if matches!(error, Error::NotFound(_)) { exit::USAGE } else { exit::FAILED };
            CliError::new("not_granted", error.to_string()).exiting(code)
        })?;
        let new = if granted.created { "new user " } else { "" };
        let mut output = match granted.was_admin {
            true => Output::message(format_args!("{email} is a member of Admin already.")),
            false => Output::message(format_args!("Granted: {new}{email} is an admin now.")),
        };
        if granted.activated {
            output = output.line(format_args!("Activated {email}."));
        }
        if !granted.is_active {
            output =
                output.warn(format_args!("{email} is deactivated and cannot sign in; run this again with --activate"));
        }
        if !granted.has_password {
            output = output.note(format_args!(
                "{email} has no password. Start the server once with SEED_ADMIN_EMAIL={email} and SEED_ADMIN_PASSWORD \
                 set, or sign in with Google or a link by mail."
            ));
        }
        Ok(output)
    }
}
