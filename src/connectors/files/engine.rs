//! One engine for all files of a table: opening it takes longer than converting a small file.

use std::cell::OnceCell;
use std::path::Path;

use super::fault::Fault;
use crate::engine::{Connection, Limits, Sandbox};

/// A database that may read and write in the folder of the files and in that of the table. It is opened when it is needed.
pub struct TableEngine<'a> {
    folders: [&'a Path; 2],
    limits: &'a Limits,
    connection: OnceCell<Connection>,
}

impl<'a> TableEngine<'a> {
    /// For files like `file`, and tables like `target`.
    pub fn new(file: &'a Path, target: &'a Path, limits: &'a Limits) -> Self {
        let folder = |path: &'a Path| path.parent().unwrap_or(path);
        Self { folders: [folder(file), folder(target)], limits, connection: OnceCell::new() }
    }

    pub fn limits(&self) -> &Limits {
        self.limits
    }

    pub fn get(&self) -> Result<&Connection, Fault> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection);
        }
        let sandbox = Sandbox::default().directories(self.folders.into_iter().chain(self.limits.spill.as_deref()));
        let connection = sandbox.open(self.limits).map_err(|error| Fault::conversion(&error))?;
        Ok(self.connection.get_or_init(|| connection))
    }
}
