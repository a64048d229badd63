//! What a worker is told before a statement.

use super::QuerySettings;
use super::namespace::Named;
use super::worker::{Prepare, TableSpec};
use crate::extract::{Content, RemotePolicy};

/// What a worker needs for these tables.
pub fn prepare(named: &[Named], generation: u64, settings: &QuerySettings) -> Prepare {
    let mut sources = Vec::new();
    let tables = named.iter().map(|Named { table, databases }| {
        let table = table.table();
        let remote = match &table.content {
            Content::Remote(remote) => Some(remote.clone()),
            Content::File(_) | Content::Parts(_) => None,
        };
        sources.extend(remote.iter().flat_map(|remote| remote.attach.clone()));
        let files = table.files().map(|file| file.path.clone()).collect();
        TableSpec { name: table.name.clone(), databases: databases.clone(), files, remote }
    });
    let tables: Vec<_> = tables.collect();
    let is_remote = tables.iter().any(|table| table.remote.is_some());
    // A file of a later generation may have a name that an earlier one had.
    let generation = if tables.is_empty() { 0 } else { generation };
    Prepare {
        generation,
        tables,
        remote: is_remote.then(|| RemotePolicy::clone(&settings.remote.current()).only_for(&sources)),
        is_sandbox_required: settings.is_sandbox_required,
    }
}
