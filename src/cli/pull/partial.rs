//! What has come of a file so far. It outlives the process, so that the next pull continues where this one stopped.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::base::hash::{ContentHasher, hash_file};

/// Chunks that have come and are not written.
const QUEUE: usize = 4;

/// An unfinished file. Bytes are added at its end, and each is hashed when it is written, on a thread of their own.
pub struct Partial {
    path: PathBuf,
    /// Number of bytes, including those that are being written.
    pub length: u64,
    writer: Option<Writer>,
}

struct Writer {
    chunks: mpsc::Sender<Bytes>,
    /// Returns the MD5 of the whole file.
    written: JoinHandle<io::Result<String>>,
}

impl Partial {
    /// What earlier attempts left; empty if nothing.
    pub fn at(path: PathBuf) -> Self {
        let length = fs::metadata(&path).map_or(0, |file| file.len());
        Self { path, length, writer: None }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Prepares for [`Self::append`]; without `keep`, what is there is thrown away.
    pub async fn begin(&mut self, keep: bool) -> io::Result<()> {
        if keep && self.writer.is_some() {
            return Ok(());
        }
        self.close().await?;
        if !keep {
            self.length = 0;
        }
        let (chunks, receiver) = mpsc::channel(QUEUE);
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || write(&path, keep, receiver));
        self.writer = Some(Writer { chunks, written });
        Ok(())
    }

    /// Only after [`Self::begin`].
    pub async fn append(&mut self, bytes: Bytes) -> io::Result<()> {
        let length = bytes.len() as u64;
        let sent = match &self.writer {
            Some(writer) => writer.chunks.send(bytes).await.is_ok(),
            None => false,
        };
        if !sent {
            self.close().await?;
            return Err(io::Error::other("the file is not open"));
        }
        self.length += length;
        Ok(())
    }

    /// Waits until everything is written, and returns the MD5 of the file if it was open.
    pub async fn close(&mut self) -> io::Result<Option<String>> {
        let Some(Writer { chunks, written }) = self.writer.take() else { return Ok(None) };
        drop(chunks);
        written.await.map_err(io::Error::other)?.map(Some)
    }

    /// MD5 of the file.
    pub async fn finish(&mut self) -> io::Result<String> {
        self.begin(true).await?;
        self.close().await.map(Option::unwrap_or_default)
    }

    /// Throws everything away.
    pub async fn discard(&mut self) -> io::Result<()> {
        // It may have failed because of what is thrown away.
        let _ = self.close().await;
        self.length = 0;
        crate::base::atomic_file::remove(&self.path)
    }
}

fn write(path: &Path, keep: bool, mut chunks: mpsc::Receiver<Bytes>) -> io::Result<String> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let mut hasher = if keep {
        hash_file(path)?.0
    } else {
        file.set_len(0)?;
        ContentHasher::default()
    };
    while let Some(bytes) = chunks.blocking_recv() {
        file.write_all(&bytes)?;
        hasher.update(&bytes);
    }
    Ok(hasher.finish())
}
