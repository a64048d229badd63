//! The thread that writes the log.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde_json::json;

use super::files;
use crate::base::{platform, time};
use crate::protocol::access_log::DataAccess;

/// Most lines that are written at once.
const BATCH: usize = 1_024;
/// How often old files are looked for while nothing is read.
const IDLE: Duration = Duration::from_secs(3_600);

/// Counts lines that were lost.
#[derive(Debug, Default)]
pub struct Dropped(AtomicU64);

impl Dropped {
    pub fn add(&self, lines: u64) {
        self.0.fetch_add(lines, Ordering::Relaxed);
    }

    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

pub struct Writer {
    directory: PathBuf,
    retention_days: u32,
    dropped: Arc<Dropped>,
    /// How many lost lines have been reported.
    reported: u64,
    /// Of the day that is written to.
    current: Option<(Date, File)>,
}

impl Writer {
    pub fn new(directory: PathBuf, retention_days: u32, dropped: Arc<Dropped>) -> Self {
        Self { directory, retention_days, dropped, reported: 0, current: None }
    }

    /// Writes until the queue is closed.
    pub fn run(mut self, queue: &Receiver<DataAccess>) {
        self.delete_old_files();
        loop {
            match queue.recv_timeout(IDLE) {
                Ok(first) => self.write(std::iter::once(first).chain(queue.try_iter()).take(BATCH)),
                Err(RecvTimeoutError::Timeout) => self.delete_old_files(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn write(&mut self, accesses: impl Iterator<Item = DataAccess>) {
        let (mut text, mut lines) = (Vec::new(), 0);
        for access in accesses {
            lines += 1;
            match serde_json::to_string(&access) {
                Ok(line) => text.extend(line.into_bytes()),
                Err(_) => self.dropped.add(1),
            }
            text.push(b'\n');
        }
        let lost = self.dropped.total();
        if lost > self.reported {
            let line = json!({ "at": time::iso_offset(time::now()), "dropped": lost - self.reported });
            text.extend(format!("{line}\n").into_bytes());
        }
        match self.append(&text) {
            Ok(()) if lost > self.reported => {
                tracing::warn!(lines = lost - self.reported, "the access log lost lines");
                self.reported = lost;
            }
            Ok(()) => {}
            Err(error) => {
                tracing::error!(%error, lines, "cannot write to the access log");
                self.dropped.add(lines);
                self.current = None;
            }
        }
    }

    fn append(&mut self, text: &[u8]) -> io::Result<()> {
        let today = today();
        let file = match self.current.take() {
            Some((day, file)) if day == today => file,
            _ => {
                self.delete_old_files();
                open(&self.directory, today)?
            }
        };
        (&file).write_all(text)?;
        self.current = Some((today, file));
        Ok(())
    }

    fn delete_old_files(&self) {
        let Ok(oldest) = today().checked_sub(Span::new().days(self.retention_days)) else { return };
        let days = files::days(&self.directory).unwrap_or_default();
        for day in days.into_iter().filter(|day| *day < oldest) {
            if let Err(error) = fs::remove_file(files::path(&self.directory, day)) {
                tracing::warn!(%day, %error, "cannot delete an old file of the access log");
            }
        }
    }
}

fn today() -> Date {
    time::civil(Timestamp::now()).date()
}

/// Opens the file of a day. What a full disk or a kill cut off is closed, so that it spoils no further line.
fn open(directory: &Path, day: Date) -> io::Result<File> {
    fs::create_dir_all(directory)?;
    let mut options = OpenOptions::new();
    platform::files::owner_only(options.read(true).append(true).create(true));
    let mut file = options.open(files::path(directory, day))?;
    let mut last = [b'\n'];
    if file.metadata()?.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    if last != *b"\n" {
        file.write_all(b"\n")?;
    }
    Ok(file)
}
