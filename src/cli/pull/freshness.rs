//! Which tables of a workspace are as the server has them.

use std::collections::BTreeSet;
use std::io;

use super::plan::Plan;
use super::{Options, state};
use crate::cli::workspace::Workspace;
use crate::protocol::sync::Manifest;

/// The tables of a manifest of this server that a pull would leave as they are.
pub fn current(workspace: &Workspace, server: &str, manifest: &Manifest) -> io::Result<BTreeSet<String>> {
    let known = state::load(workspace, server);
    let plan = Plan::make(workspace, &known, manifest, &Options::default())?;
    let is_current = |table: &String| {
        let (known, offered) = (known.tables.get(table)?, plan.tables.get(table)?.entry(&Default::default())?);
        Some(known.has_files_of(&offered))
    };
    Ok(plan.tables.keys().filter(|table| is_current(table) == Some(true)).cloned().collect())
}
