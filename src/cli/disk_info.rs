use std::collections::HashSet;
use std::fs;
use std::path::Path;

use serde_json::json;
use walkdir::WalkDir;

use super::snapshot::stored;
use super::units::human_size;
use super::workspace::Workspace;
use super::{Context, Output, Run};
use crate::base::disk;
use crate::base::platform::files;
use crate::config::env_vars;

/// Show how much disk space this workspace takes, and how much is free
#[derive(clap::Args, Debug)]
pub struct DiskInfo {}

impl Run for DiskInfo {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let workspace = Workspace::locate(context, false)?;
        let snapshots = workspace.snapshots_dir();
        let used = size_of(&snapshots);
        let tables = size_of(&workspace.root().join("server"));
        let count = stored::names(&workspace)?.len();
        let free = disk::space(if snapshots.is_dir() { &snapshots } else { workspace.root() })?.free;
        let quota = context.number(&env_vars::AGNES_SNAPSHOT_QUOTA_GB);
        Output::message(format_args!("Snapshots dir: {}", snapshots.display()))
            .line(format_args!("Used by Agnes: {} across {count} snapshots", human_size(used)))
            .line(format_args!("Tables: {}", human_size(tables)))
            .line(format_args!("Free disk: {}", human_size(free)))
            .line(format_args!("Configured cap: {quota} GB (AGNES_SNAPSHOT_QUOTA_GB)"))
            .json_line(&json!({"snapshots_dir": snapshots, "used_bytes": used, "snapshot_count": count,
                "free_bytes": free, "quota_gb": quota, "tables_bytes": tables}))
    }
}

/// Bytes of all files below a folder, those with two names once; 0 if it does not exist.
fn size_of(folder: &Path) -> u64 {
    let (mut bytes, mut seen) = (0, HashSet::new());
    for entry in WalkDir::new(folder) {
        // Files may vanish meanwhile.
        let Ok(entry) = entry else { continue };
        if let Some(file) = entry.metadata().ok().filter(fs::Metadata::is_file)
            && files::identity(entry.path(), &file).is_ok_and(|identity| seen.insert(identity))
        {
            bytes += file.len();
        }
    }
    bytes
}
