//! `icu` (time zones, collations): part of DuckDB's own library, an extension of the bundled engine.

use super::{Connection, Limits, Result, in_memory};

/// Looks for it in the extension directory, for the engines that are opened later. If it is missing there, DuckDB installs it
/// in the background, which needs the network; a warning says what does not work until then. Returns whether it is there.
pub fn find_icu(limits: &Limits) -> Result<bool> {
    let connection = in_memory(limits)?;
    if load_icu(&connection) {
        return Ok(true);
    }
    tracing::warn!(
        "the DuckDB extension icu is not installed: time zones other than UTC and collations do not work; \
         put it below AGNES_EXTENSION_DIR, or let the server reach DuckDB's extension repository"
    );
    let install = move || {
        if connection.execute_batch("INSTALL icu").is_ok() && load_icu(&connection) {
            tracing::info!("the DuckDB extension icu was installed");
        }
    };
    // If the thread cannot be started, nothing is installed, and the warning is right.
    let _ = std::thread::Builder::new().name("install-icu".into()).spawn(install);
    Ok(false)
}

/// Loads it into a database that is not locked yet, whose instants stay in UTC; `false` if it is not available.
pub fn load_icu(connection: &Connection) -> bool {
    let is_loaded = connection
        .query_row("SELECT loaded FROM duckdb_extensions() WHERE extension_name = 'icu'", [], |row| row.get(0))
        .unwrap_or(false)
        || connection.execute_batch("LOAD icu").is_ok();
    is_loaded && connection.execute_batch("SET GLOBAL TimeZone = 'UTC'").is_ok()
}
