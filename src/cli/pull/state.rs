//! Reading and writing `sync_state.json` for a pull.

use std::fs;
use std::io;

use crate::base::{atomic_file, hash};
use crate::cli::installed::{self, Entry, State, StoredFile};
use crate::cli::workspace::Workspace;

/// What the workspace has from `server`. Of another server, the state only says which views there are.
pub fn load(workspace: &Workspace, server: &str) -> State {
    match State::read(workspace) {
        Some(state) if state.server == server => state,
        other => State {
            server: server.to_owned(),
            views: other.map(|state| state.views).unwrap_or_default(),
            ..State::default()
        },
    }
}

/// Where there is no state, or an unreadable one, makes the files that v0.35 or another pull has left in `server/parquet`
/// the tables of the workspace, so that they stay until they are replaced. What v0.35 says about them is not used: it is
/// about all workspaces of a user, and the files are hashed anyway.
pub fn take_over(workspace: &Workspace, state: &mut State) -> io::Result<()> {
    if State::read(workspace).is_some() {
        return Ok(());
    }
    for (table, path) in installed::loose(workspace)? {
        let md5 = hash::md5_file(&path)?;
        let file = StoredFile::new(None, &md5, &fs::metadata(&path)?);
        atomic_file::link(&path, &file.path(&table, workspace))?;
        atomic_file::sync_directory(&workspace.versions_dir())?;
        let (size_bytes, files) = (file.size_bytes, vec![file]);
        state.tables.insert(table, Entry { hash: md5, rows: None, size_bytes, files });
    }
    Ok(())
}

pub fn save(state: &State, workspace: &Workspace) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(state)?;
    text.push(b'\n');
    atomic_file::write(&workspace.state_file(), &text)
}
