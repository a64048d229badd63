//! `AGNES_WORKSPACE.md`: what the folder is, for people.

use std::io;
use std::path::PathBuf;

use url::Url;

use crate::base::{atomic_file, time};
use crate::cli::credentials;
use crate::cli::workspace::Workspace;

const TEXT: &str = include_str!("guide.md");

pub fn path(workspace: &Workspace) -> PathBuf {
    workspace.root().join("AGNES_WORKSPACE.md")
}

pub fn write(workspace: &Workspace, server: &Url) -> io::Result<()> {
    let created = time::iso_offset(time::now());
    let text = TEXT
        .replace("{created_at}", &created)
        .replace("{server_url}", &credentials::key(server))
        .replace("{workspace_path}", &workspace.root().display().to_string());
    atomic_file::write(&path(workspace), text.as_bytes())
}
