//! The state database of a stopped server.

use crate::cli::{CliError, Context, extract};
use crate::config::Settings;
use crate::store::Store;

/// The settings of a server that has run here before: never makes a data directory.
pub fn settings(context: &Context) -> anyhow::Result<Settings> {
    let settings = Settings::load(context.env.clone())?;
    let database = settings.data_dir.system_db();
    if !database.is_file() {
        let text = format!("Error: there is no state database {}", database.display());
        return Err(CliError::new("data_dir", text).hint("Set DATA_DIR to the data directory of the server.").into());
    }
    Ok(settings)
}

/// Takes the data directory, which a running server does not give away.
pub fn open(settings: &Settings) -> Result<Store, CliError> {
    extract::open_store(settings).map_err(|error| match error.hint {
        Some(_) => error.hint("Stop the server, run this, and start it again."),
        None => error,
    })
}
