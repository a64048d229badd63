//! What people can see of the transcripts that they have sent: their own.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use super::folder_name;
use crate::access::Principal;
use crate::base::{atomic_file, if_exists, time};
use crate::config::DataDir;
use crate::domain::{Error, Result};
use crate::protocol::own_files::{Transcript, Transcripts};

/// A transcript that is being read.
#[derive(Debug)]
pub struct OpenTranscript {
    pub file: File,
    /// In bytes. It does not grow: a longer one replaces it.
    pub size: u64,
}

/// Returns the caller's transcripts, the newest first.
pub async fn list_transcripts(
    data_dir: &DataDir,
    caller: &Principal,
    limit: usize,
    offset: usize,
) -> Result<Transcripts> {
    let folder = folder(data_dir, caller);
    tokio::task::spawn_blocking(move || Ok(listed(folder, limit, offset)?)).await.map_err(io::Error::other)?
}

/// Opens one of the caller's transcripts.
pub async fn open_transcript(data_dir: &DataDir, caller: &Principal, name: &str) -> Result<OpenTranscript> {
    let unknown = || Error::not_found("Not found");
    if !is_transcript(name) {
        return Err(unknown());
    }
    let path = folder(data_dir, caller).join(name);
    let open = move || {
        // Nothing else that an operator may have put there.
        let Some(_) = if_exists(fs::symlink_metadata(&path))?.filter(Metadata::is_file) else { return Ok(None) };
        let Some(file) = if_exists(File::open(&path))? else { return Ok(None) };
        let size = file.metadata()?.len();
        io::Result::Ok(Some(OpenTranscript { file, size }))
    };
    tokio::task::spawn_blocking(open).await.map_err(io::Error::other)??.ok_or_else(unknown)
}

fn folder(data_dir: &DataDir, caller: &Principal) -> PathBuf {
    data_dir.user_sessions().join(folder_name(&caller.user().id))
}

/// One name, of a file that was sent as a transcript.
fn is_transcript(name: &str) -> bool {
    let is_hidden = name.starts_with('.') || atomic_file::is_temporary(name);
    name.ends_with(".jsonl") && !is_hidden && !name.contains(['/', '\\', '\0'])
}

fn listed(folder: PathBuf, limit: usize, offset: usize) -> io::Result<Transcripts> {
    let mut found = Vec::new();
    for entry in if_exists(fs::read_dir(folder))?.into_iter().flatten() {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // It may have been replaced meanwhile.
        let Some(file) = if_exists(entry.metadata())?.filter(Metadata::is_file) else { continue };
        if is_transcript(&name) {
            found.push((file.modified()?, name, file.len()));
        }
    }
    found.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    let total = found.len();
    let page = found.into_iter().skip(offset).take(limit);
    let transcript = |(modified, filename, size): (SystemTime, String, u64)| {
        let uploaded_at = jiff::Timestamp::try_from(modified).map(time::iso_offset).map_err(io::Error::other)?;
        Ok(Transcript { filename, size, uploaded_at })
    };
    Ok(Transcripts { transcripts: page.map(transcript).collect::<io::Result<_>>()?, total })
}
