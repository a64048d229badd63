//! The state database of a stopped server.

use super::{CliError, Context};
use crate::config::Settings;
use crate::store::{MigrationContext, OpenError, Seeds, Store};

/// The settings of a server that has run here before: never makes a data directory.
pub fn settings(context: &Context) -> anyhow::Result<Settings> {
    let settings = Settings::load(context.env.clone())?;
    let database = settings.data_dir.system_db();
    if !database.is_file() {
        let text = format!("there is no state database {}", database.display());
        return Err(CliError::new("data_dir", text).hint("Set DATA_DIR to the data directory of the server.").into());
    }
    Ok(settings)
}

/// Opens the store for `work`, and closes it; `when_in_use` is the hint to give while a running server holds it.
pub fn with_store<T>(
    context: &Context,
    settings: &Settings,
    when_in_use: &str,
    work: impl AsyncFnOnce(&Store) -> T,
) -> anyhow::Result<T> {
    let migration = MigrationContext::of(&settings.instance);
    let store = Store::open(&settings.data_dir, &migration, &Seeds::default()).map_err(|error| {
        let shown = CliError::new("data_dir", error.to_string());
        match error {
            OpenError::InUse { .. } => shown.hint(when_in_use),
            _ => shown,
        }
    })?;
    Ok(context.block_on(async {
        let result = work(&store).await;
        store.close().await;
        result
    })?)
}

/// Hint for commands that only work on a stopped server.
pub const STOP_FIRST: &str = "Stop the server, run this, and start it again.";
/// Hint for work that a running server does itself.
pub const SERVER_DOES_IT: &str = "A running server does this itself: agnes admin sync";
