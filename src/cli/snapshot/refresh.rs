//! `agnes snapshot refresh`

use super::create::result;
use super::fetch::fetch;
use super::install::{Replace, install};
use super::meta::Meta;
use super::{removal, stored};
use crate::base::hash;
use crate::base::text::thousands;
use crate::cli::workspace::Workspace;
use crate::cli::{Context, Output, Run, v2};

/// Fetch a snapshot again
#[derive(clap::Args, Debug)]
pub struct Refresh {
    /// Name of the snapshot
    name: String,
    /// Another predicate, from now on
    #[arg(long = "where", value_name = "PREDICATE")]
    predicate: Option<String>,
}

impl Run for Refresh {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let workspace = Workspace::locate(context, false)?;
        let Some(old) = stored::read(&workspace, &self.name)? else {
            return Err(removal::unknown(&self.name, &workspace)?.into());
        };
        // The stored hash of v0.35 covers only the first part of the file.
        let old_hash = hash::md5_file(&stored::file(&workspace, &self.name))?;
        let mut origin = old.origin.clone();
        origin.predicate = self.predicate.or(origin.predicate);
        let api = context.api()?;
        let table = origin.table_id.clone();
        let refused = |error| v2::refused("refresh", &table, error, v2::reading_code, &api);
        let fetched = fetch(&self.name, origin, &workspace, &api, context, refused)?;
        let scan_bytes = old.estimated_scan_bytes_at_fetch;
        let new = install(&self.name, fetched, scan_bytes, Replace::Only, &workspace, context)?;
        result(changes(&old, &new, old_hash == new.result_hash_md5), &new)
    }
}

fn changes(old: &Meta, new: &Meta, is_identical: bool) -> Output {
    let difference = i128::from(new.rows) - i128::from(old.rows);
    Output::message(format_args!("Refreshed {}", new.name))
        .line(format_args!("  rows: {} -> {} ({difference:+})", thousands(old.rows), thousands(new.rows)))
        .line(format_args!("  bytes: {} -> {}", thousands(old.bytes_local), thousands(new.bytes_local)))
        .line(format_args!("  effective_as_of: {} -> {}", old.effective_as_of, new.effective_as_of))
        .line(format_args!("  identical: {}", if is_identical { "yes" } else { "no" }))
}
