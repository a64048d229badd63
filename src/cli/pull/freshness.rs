//! Which tables of a workspace are as the server has them.

use std::collections::BTreeSet;
use std::io;

use super::plan::Plan;
use super::state::State;
use crate::cli::workspace::Workspace;
use crate::protocol::sync::Manifest;

/// The tables of a manifest of this server that a pull would leave as they are.
pub fn current(workspace: &Workspace, server: &str, manifest: Manifest) -> io::Result<BTreeSet<String>> {
    let plan = Plan::make(workspace, &State::load(workspace, server), manifest, false)?;
    let mut current: BTreeSet<String> = plan.current.into_keys().collect();
    for (table, parted) in &plan.parted {
        let is_complete = !plan.downloads.iter().any(|file| file.table == *table);
        if is_complete && parted.is_installed(workspace, table)? {
            current.insert(table.clone());
        }
    }
    Ok(current)
}
