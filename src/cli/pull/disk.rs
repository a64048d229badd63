//! Disk space for the downloads.

use super::plan::Plan;
use crate::cli::workspace::Workspace;
use crate::cli::{CliError, size};

/// Fails when the file system of the workspace has less free space than the downloads need.
pub fn check(workspace: &Workspace, plan: &Plan) -> Result<(), CliError> {
    let needed = plan.download_bytes();
    // Where the file system does not report it, writing will fail if there is too little.
    let Ok(stat) = rustix::fs::statvfs(workspace.duckdb_dir()) else { return Ok(()) };
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    if needed <= free {
        return Ok(());
    }
    Err(CliError::new(
        "disk_full",
        format!("the downloads need {}, but only {} are free", size::human(needed), size::human(free)),
    )
    .hint("Free some space, or choose a workspace on another disk with --workspace DIR."))
}
