//! How much space snapshots may take.

use std::fs;

use super::stored;
use crate::cli::units::human_size;
use crate::cli::workspace::Workspace;
use crate::cli::{CliError, Context};
use crate::config::env_vars;

const GB: u64 = 1 << 30;

#[derive(Clone, Copy, Debug)]
pub struct Quota {
    total: u64,
    used: u64,
}

impl Quota {
    /// Without the snapshot that is about to be replaced.
    pub fn of(workspace: &Workspace, replaced: &str, context: &Context) -> std::io::Result<Self> {
        let total = context.number(&env_vars::AGNES_SNAPSHOT_QUOTA_GB) as u64 * GB;
        let others = stored::names(workspace)?.into_iter().filter(|name| name != replaced);
        let sizes = others.filter_map(|name| fs::metadata(stored::file(workspace, &name)).ok());
        Ok(Self { total, used: sizes.map(|file| file.len()).sum() })
    }

    /// Fails if `bytes` more are too many.
    pub fn check(&self, bytes: u64) -> Result<(), CliError> {
        let needed = self.used.saturating_add(bytes);
        if needed < self.total {
            return Ok(());
        }
        let (used, total) = (human_size(self.used), human_size(self.total));
        let message = match bytes {
            0 => format!("the snapshots take {used}, and may take {total}"),
            _ => format!("the snapshots take {used}, may take {total}, and this one is larger than the rest"),
        };
        Err(CliError::new("snapshot_quota", message).hint(
            "Fetch less (--select, --where, --limit), remove some (agnes snapshot list, agnes snapshot drop NAME), or \
             raise AGNES_SNAPSHOT_QUOTA_GB.",
        ))
    }
}
