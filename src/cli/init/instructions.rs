//! `CLAUDE.md`: the server's instructions for the agent.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::guide;
use crate::base::{atomic_file, if_exists};
use crate::cli::CliError;
use crate::cli::workspace::Workspace;
use crate::client::Client;

/// In the instructions of every server.
const MARK: &str = "AI Data Analyst";

#[derive(Deserialize)]
struct Welcome {
    content: String,
}

/// Writes the instructions. A `CLAUDE.md` of the person's own is kept under another name, which is returned.
pub async fn install(client: &Client, workspace: &Workspace) -> anyhow::Result<Option<PathBuf>> {
    let query = [("server_url", client.server())];
    let welcome: Welcome = client.get(&["api", "welcome"], &query).await.map_err(|error| {
        let error = CliError::from(error);
        CliError::new(
            "server_unreachable",
            format!("the server's instructions for agents could not be fetched: {}", error.message),
        )
        .hint(error.hint.unwrap_or_default())
        .exiting(error.exit)
    })?;
    fs::create_dir_all(workspace.root())?;
    let path = workspace.root().join("CLAUDE.md");
    let mut backup = None;
    if let Some(own) = if_exists(fs::read(&path))?
        && own != welcome.content.as_bytes()
        && !String::from_utf8_lossy(&own).contains(MARK)
        && !guide::path(workspace).exists()
    {
        let free = free_name(&path);
        fs::rename(&path, &free)?;
        backup = Some(free);
    }
    atomic_file::write(&path, welcome.content.as_bytes())?;
    Ok(backup)
}

fn free_name(path: &Path) -> PathBuf {
    let numbered = |number: u32| match number {
        0 => path.with_extension("md.backup"),
        number => path.with_extension(format!("md.backup{number}")),
    };
    (0..).map(numbered).find(|path| !path.exists()).unwrap_or_else(|| path.with_extension("md.backup"))
}
