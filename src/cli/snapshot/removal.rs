//! Removing snapshots.

use super::install::{lock, show_in_views};
use super::stored;
use crate::cli::workspace::Workspace;
use crate::cli::{CliError, Context, exit};
use crate::query::most_similar;

/// Removes these snapshots with their views.
pub fn remove(names: &[String], workspace: &Workspace, context: &Context) -> anyhow::Result<()> {
    let lock = lock(workspace)?;
    names.iter().try_for_each(|name| stored::remove(workspace, name))?;
    drop(lock);
    show_in_views(workspace, context);
    Ok(())
}

/// The error for a snapshot that does not exist.
pub fn unknown(name: &str, workspace: &Workspace) -> anyhow::Result<CliError> {
    let names = stored::names(workspace)?;
    let meant = most_similar(names.iter().map(String::as_str), name);
    let meant = meant.map(|name| format!("Did you mean {name}? ")).unwrap_or_default();
    let error = CliError::new("not_found", format!("snapshot {name} not found")).exiting(exit::USAGE);
    Ok(error.hint(format!("{meant}All of them: agnes snapshot list")))
}
