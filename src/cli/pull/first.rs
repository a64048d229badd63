//! The first pull in a directory, which makes it a workspace.

use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::cli::CliError;
use crate::cli::workspace::Workspace;

/// The first pull of a folder, which makes it a workspace.
pub struct FirstPull<'a> {
    workspace: &'a Workspace,
    /// Whether everything below `server` is from pulls.
    owns_server: bool,
    /// Directories that it makes, the innermost first.
    folders: Vec<PathBuf>,
}

impl<'a> FirstPull<'a> {
    /// To be called before anything is written; `None` in a workspace.
    pub fn in_new(workspace: &'a Workspace) -> Option<Self> {
        if workspace.is_made() {
            return None;
        }
        let is_begun = workspace.is_begun();
        let is_managed = |folder: &Path| is_begun && folder != workspace.root();
        let is_ours = |folder: &&Path| !folder.exists() || is_managed(folder);
        let folders = workspace.duckdb_dir().ancestors().take_while(is_ours).map(Path::to_owned).collect();
        let owns_server = is_begun || !workspace.server_dir().exists();
        Some(Self { workspace, owns_server, folders })
    }

    /// Removes what a pull has made that brought nothing. The beginnings of files stay for the next one. To be called under
    /// the lock, which does not exist afterwards.
    pub fn undo(&self) {
        // Only empty directories are removed; it does not matter if one stays.
        let remove = |folder: PathBuf| drop(fs::remove_dir(folder));
        let server = self.workspace.server_dir();
        if self.owns_server {
            let folders = WalkDir::new(&server).contents_first(true).into_iter().flatten();
            folders.filter(|entry| entry.file_type().is_dir()).for_each(|entry| remove(entry.into_path()));
            if server.exists() {
                return;
            }
        }
        for file in [self.workspace.readers_file(), self.workspace.lock_file()] {
            let _ = fs::remove_file(file);
        }
        self.folders.iter().cloned().for_each(remove);
    }
}

/// The directory has other files in it, so nobody may have meant it.
pub fn refused(workspace: &Workspace) -> CliError {
    let root = workspace.root().display();
    CliError::new("no_workspace", format!("{root} is not a workspace, and has other files in it"))
        .hint("Run this in a workspace or in an empty folder, or make this folder a workspace: agnes init, or agnes pull --here")
}
