//! `icu` (time zones, collations): part of DuckDB's own library, an extension of the bundled engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Connection, Limits, Result, in_memory};

/// Whether `icu` can be loaded here. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Icu(Arc<AtomicBool>);

impl Icu {
    /// Looks for it in the extension directory. If it is missing there, DuckDB installs it in the background, which needs the
    /// network; a warning says what does not work until then.
    pub fn find(limits: &Limits) -> Result<Self> {
        let icu = Self::default();
        let connection = in_memory(limits)?;
        if load(&connection) {
            icu.0.store(true, Ordering::Release);
            return Ok(icu);
        }
        tracing::warn!(
            "the DuckDB extension icu is not installed: time zones other than UTC and collations do not work; \
             put it below AGNES_EXTENSION_DIR, or let the server reach DuckDB's extension repository"
        );
        let installed = icu.clone();
        let install = move || {
            if connection.execute_batch("INSTALL icu").is_ok() && load(&connection) {
                installed.0.store(true, Ordering::Release);
                tracing::info!("the DuckDB extension icu was installed");
            }
        };
        // If the thread cannot be started, nothing is installed, and the warning is right.
        let _ = std::thread::Builder::new().name("install-icu".into()).spawn(install);
        Ok(icu)
    }

    /// Loads it into a database that is not locked yet; `false` if it is not available.
    pub fn load(&self, connection: &Connection) -> bool {
        self.0.load(Ordering::Acquire) && load(connection)
    }
}

fn load(connection: &Connection) -> bool {
    connection
        .query_row("SELECT loaded FROM duckdb_extensions() WHERE extension_name = 'icu'", [], |row| row.get(0))
        .unwrap_or(false)
        || connection.execute_batch("LOAD icu").is_ok()
}
