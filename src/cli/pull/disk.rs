//! Room for what is about to come.

use super::plan::Plan;
use crate::cli::workspace::Workspace;
use crate::cli::{CliError, size};

/// Fails when the file system of the workspace has less room than the downloads need.
pub fn check(workspace: &Workspace, plan: &Plan) -> Result<(), CliError> {
    let needed = plan.download_bytes();
    // A file system that does not tell is taken at its word: writing will say.
    let Ok(stat) = rustix::fs::statvfs(workspace.duckdb_dir()) else { return Ok(()) };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    if needed <= free {
        return Ok(());
    }
    Err(CliError::new(
        "disk_full",
        format!("Error: the downloads need {}, but only {} are free", size::human(needed), size::human(free)),
    )
    .hint("Make room, or name a workspace on another disk with --workspace DIR."))
}
