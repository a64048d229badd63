//! Downloads one file: resumed where it was interrupted, verified before it is used.

use std::fs;
use std::io;
use std::path::Path;

use super::common::{Failure, Transfer, TransferError, request};
use super::partial::Partial;
use super::pending::{PendingFile, Version, tag_file};
use super::retry::Attempts;
use super::segments;
use crate::base::atomic_file;
use crate::cli::installed::StoredFile;
use crate::client::ClientError;
use crate::extract::parquet;

/// How much of a file a request asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ask {
    /// What is not there yet.
    Rest,
    /// All of it, for a proxy that does not answer as asked; what is there already is skipped.
    Whole,
}

impl Transfer<'_> {
    /// Downloads a file under its final name. Nothing uses it yet.
    pub async fn fetch(&self, pending: &PendingFile) -> Result<StoredFile, Failure> {
        let permit = self.pace.permit().await;
        let mut partial = Partial::at(pending.unfinished(self.workspace));
        let outcome = self.attempts(pending, &mut partial).await;
        // Another transfer can begin while the disk works.
        drop(permit);
        let outcome = match outcome {
            Ok(md5) => self.put_in_place(pending, partial.path(), md5).await,
            Err(error) => {
                // What has come is kept, so it has to be there; but it does not keep a disk full.
                let is_full = |error: &io::Error| error.kind() == io::ErrorKind::StorageFull;
                let _ = match &error {
                    TransferError::Io(error) if is_full(error) => partial.discard().await,
                    _ => partial.close().await.map(drop),
                };
                Err(error)
            }
        };
        self.progress.file_done();
        outcome.map_err(|error| match error {
            TransferError::Client(error) if error.any_status() == Some(412) => Failure::Changed,
            error => Failure::Other(error.to_string()),
        })
    }

    /// Returns the MD5 of the file, which is complete and as the manifest says.
    async fn attempts(&self, pending: &PendingFile, partial: &mut Partial) -> Result<String, TransferError> {
        let mut attempts = Attempts::new(self.limits.retries, pending.size_bytes);
        let (mut is_restarted, mut has_ranges, mut ask) = (false, true, Ask::Rest);
        loop {
            let before = partial.length;
            let in_ranges = has_ranges && ask == Ask::Rest && segments::is_worthwhile(pending, before);
            let received = match pending.size_bytes {
                Some(size) if in_ranges => match segments::fetch(self, pending, size, partial).await {
                    Ok(false) => {
                        has_ranges = false;
                        continue;
                    }
                    outcome => outcome.map(|_| ()),
                },
                _ => self.receive(pending, partial, ask).await,
            };
            let error = match received {
                Ok(()) => match verify(pending, partial).await {
                    Ok(md5) => return Ok(md5),
                    Err(error) => {
                        partial.discard().await?;
                        // One of the pieces may be damaged: download everything once more.
                        if (before > 0 || in_ranges) && !is_restarted {
                            is_restarted = true;
                            continue;
                        }
                        return Err(error);
                    }
                },
                Err(TransferError::Client(error)) => error,
                Err(error) => return Err(error),
            };
            if error.any_status().is_some_and(|status| [429, 503].contains(&status)) {
                self.pace.overloaded();
            }
            let bytes = partial.length;
            let is_useless_resumption = ask == Ask::Rest && before > 0 && bytes <= before;
            if error.any_status() == Some(416) && is_useless_resumption {
                // Counted as any other attempt, but there is nothing to wait for.
                ask = Ask::Whole;
                continue;
            }
            let Some(delay) = attempts.failed(&error, bytes) else {
                return Err(gave_up(error, attempts.made, bytes, pending));
            };
            // Something on the way may not cope with ranges.
            has_ranges &= bytes > before;
            ask = if is_useless_resumption { Ask::Whole } else { Ask::Rest };
            tokio::time::sleep(delay).await;
        }
    }

    /// Sends one request, and adds what has not come yet.
    async fn receive(&self, pending: &PendingFile, partial: &mut Partial, ask: Ask) -> Result<(), TransferError> {
        let has_version = pending.version != Version::Unknown;
        let there = if has_version { partial.length } else { 0 };
        if pending.size_bytes.is_some_and(|size| there > 0 && there >= size) {
            // Complete, but the process was killed before it was put in place; or too long, which is found out.
            return Ok(());
        }
        let tag = if there > 0 { known_tag(partial.path()) } else { None };
        let mut request = request(pending, tag.as_deref(), self.limits.idle_timeout);
        request.offset = if ask == Ask::Rest { there } else { 0 };
        let mut download = self.client.download(&request).await?;
        // Only a hash shows whether a whole file continues what is already there; a tag alone does not.
        let is_resumed = there > 0 && (download.offset > 0 || request.exact);
        partial.begin(is_resumed).await?;
        if !is_resumed && has_version {
            remember_tag(partial.path(), download.tag().filter(|tag| *tag != pending.version.text()))?;
        }
        let mut position = download.offset;
        while let Some(mut chunk) = download.next().await? {
            let known = partial.length.saturating_sub(position).min(chunk.len() as u64);
            position += chunk.len() as u64;
            let new = chunk.split_off(usize::try_from(known).unwrap_or(usize::MAX));
            self.progress.add(new.len() as u64);
            partial.append(new).await?;
            if pending.size_bytes.is_some_and(|expected| partial.length > expected) {
                break;
            }
        }
        if pending.size_bytes.is_some_and(|expected| position < expected) {
            return Err(download.ended_early().into());
        }
        Ok(())
    }

    async fn put_in_place(
        &self,
        pending: &PendingFile,
        partial: &Path,
        md5: String,
    ) -> Result<StoredFile, TransferError> {
        let target = self.workspace.version_file(&pending.table, pending.part.as_deref(), &md5);
        let (partial, part) = (partial.to_owned(), pending.part.clone());
        let installed = tokio::task::spawn_blocking(move || {
            if let Some(folder) = target.parent() {
                fs::create_dir_all(folder)?;
            }
            atomic_file::promote(&partial, &target)?;
            remember_tag(&partial, None)?;
            Ok(StoredFile::new(part.as_deref(), &md5, &fs::metadata(&target)?))
        });
        installed.await.map_err(io::Error::other)?.map_err(TransferError::Io)
    }
}

fn known_tag(partial: &Path) -> Option<String> {
    let tag = fs::read_to_string(tag_file(partial)).ok()?;
    tag.bytes().all(|byte| byte.is_ascii_alphanumeric()).then_some(tag)
}

fn remember_tag(partial: &Path, tag: Option<&str>) -> io::Result<()> {
    match tag {
        Some(tag) => atomic_file::write(&tag_file(partial), tag.as_bytes()),
        None => atomic_file::remove(&tag_file(partial)),
    }
}

/// Returns the MD5 of a complete file, if it is as the manifest says.
async fn verify(pending: &PendingFile, partial: &mut Partial) -> Result<String, TransferError> {
    if let Some(expected) = pending.size_bytes.filter(|expected| *expected != partial.length) {
        let got = partial.length;
        return Err(TransferError::Refused(format!("size mismatch: expected {expected} bytes, got {got}")));
    }
    let md5 = partial.finish().await?;
    match &pending.version {
        Version::Md5(expected) if *expected != md5 => {
            Err(TransferError::Refused(format!("hash mismatch: expected {expected:.12}, got {md5:.12}")))
        }
        Version::Md5(_) => Ok(md5),
        Version::Tag(_) | Version::Unknown if parquet::has_magic(partial.path())? => Ok(md5),
        Version::Tag(_) | Version::Unknown => {
            Err(TransferError::Refused("not a valid parquet (missing PAR1 magic)".into()))
        }
    }
}

fn gave_up(error: ClientError, attempts: u32, bytes: u64, pending: &PendingFile) -> TransferError {
    if !error.is_transient() {
        return error.into();
    }
    let attempts = if attempts == 1 { "1 attempt".to_owned() } else { format!("{attempts} attempts") };
    let size = pending.size_bytes.map_or_else(String::new, |size| format!(" of {size}"));
    let outcome = match (&pending.version, bytes) {
        (_, 0) => format!("{attempts}, no data"),
        (Version::Unknown, _) => format!("{attempts}, {bytes}{size} bytes"),
        _ => format!("{attempts}, {bytes}{size} bytes, which are kept; run agnes pull again to continue"),
    };
    TransferError::GaveUp { error, outcome }
}
