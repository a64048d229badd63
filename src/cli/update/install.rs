//! Putting another version in the place of this program. The previous one is kept beside it.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use data_encoding::HEXLOWER;
use indicatif::ProgressBar;
use sha2::{Digest, Sha256};

use crate::base::atomic_file::{self, Pending};
use crate::base::platform::files;
use crate::cli::CliError;
use crate::client::Client;
use crate::protocol::client_program::ClientBinary;

pub fn this_program() -> Result<PathBuf, CliError> {
    std::env::current_exe().map_err(|error| CliError::new("no_program", format!("cannot find this program: {error}")))
}

/// Where the previous version is kept.
fn previous(program: &Path) -> PathBuf {
    let mut name = program.file_name().map(OsString::from).unwrap_or_default();
    name.push(".previous");
    program.with_file_name(name)
}

/// Downloads a program, checks it, and replaces `program`. Returns what it calls itself.
pub async fn install(
    client: &Client,
    offered: &ClientBinary,
    program: &Path,
    bar: &ProgressBar,
) -> anyhow::Result<String> {
    let unwritable = |error: io::Error| {
        CliError::new("not_updated", format!("cannot write to the folder of {}: {error}", program.display()))
            .hint("Run this as the user who installed agnes, or install it again with the server's script.")
    };
    let pending = Pending::beside(program).map_err(unwritable)?;
    let mut file = pending.create().map_err(unwritable)?;
    let mut hasher = Sha256::new();
    let mut download = client.download_program(&offered.filename).await.map_err(CliError::from)?;
    while let Some(chunk) = download.next().await.map_err(CliError::from)? {
        hasher.update(&chunk);
        file.write_all(&chunk).map_err(unwritable)?;
        bar.inc(chunk.len() as u64);
    }
    let found = HEXLOWER.encode(&hasher.finalize());
    if found != offered.sha256 {
        let text =
            format!("what was downloaded is not the program: its SHA-256 is {found} instead of {}", offered.sha256);
        return Err(CliError::new("not_updated", text).hint("Nothing was changed. Try again.").into());
    }
    drop(file);
    files::make_executable(pending.path()).map_err(unwritable)?;
    let version = version_of(pending.path())?;
    keep(program).map_err(unwritable)?;
    pending.commit_program().map_err(unwritable)?;
    Ok(version)
}

/// Puts the previous version back, and returns what it calls itself.
pub fn roll_back(program: &Path) -> anyhow::Result<String> {
    let previous = previous(program);
    if !previous.exists() {
        let text = format!("no previous version is kept beside {}", program.display());
        return Err(CliError::new("no_previous", text).into());
    }
    let version = version_of(&previous)?;
    files::replace_program(&previous, program)?;
    Ok(version)
}

/// Keeps `program` under its other name; it stays where it is until another file takes its place.
fn keep(program: &Path) -> io::Result<()> {
    let previous = previous(program);
    atomic_file::remove(&previous)?;
    match fs::hard_link(program, &previous) {
        // Some file systems have no hard links.
        Err(_) => fs::copy(program, &previous).map(drop),
        linked => linked,
    }
}

/// What a program calls itself, which shows that it runs here.
fn version_of(program: &Path) -> Result<String, CliError> {
    let ran = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    let problem = match ran {
        Ok(output) if output.status.success() => return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    let text = format!("the program does not run on this machine: {problem}");
    Err(CliError::new("not_updated", text).hint("Nothing was changed."))
}
