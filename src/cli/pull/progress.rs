//! What people see while files come: a bar on a terminal, else a line now and then.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::ProgressBar;

use crate::cli::Printer;
use crate::cli::units::human_size;

/// Time between two lines. A short pull prints none.
const LINE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    has_lines: bool,
    received: AtomicU64,
    done: AtomicUsize,
    bytes: u64,
    files: usize,
}

impl Progress {
    /// For so many bytes in so many files.
    pub fn new(printer: &Printer, bytes: u64, files: usize, is_quiet: bool) -> Self {
        let bar = if is_quiet { ProgressBar::hidden() } else { printer.progress(bytes) };
        let has_lines = !is_quiet && bar.is_hidden();
        Self { bar, has_lines, received: AtomicU64::new(0), done: AtomicUsize::new(0), bytes, files }
    }

    pub fn add(&self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
        self.bar.inc(bytes);
    }

    pub fn file_done(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.bar.set_message(format!("{done} of {} files", self.files));
    }

    /// Bytes so far.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Prints lines, until dropped.
    pub async fn lines(&self, printer: &Printer) {
        loop {
            tokio::time::sleep(LINE).await;
            if self.has_lines {
                let (done, files) = (self.done.load(Ordering::Relaxed), self.files);
                let (received, bytes) = (human_size(self.received()), human_size(self.bytes));
                printer.note(format_args!("{received} of {bytes}, {done} of {files} files"));
            }
        }
    }

    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
