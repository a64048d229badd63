//! A line of JSON for each request that read data, in one file per day.
//!
//! Requests hand their lines to a thread and never wait for it. What it cannot keep up with is counted, and the count
//! is a line of the log.

mod backwards;
mod files;
mod search;
mod writer;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

pub use search::{Filter, Found};
use writer::{Dropped, Writer};

use crate::base::locked;
use crate::protocol::access_log::DataAccess;

/// Lines that may wait for the disk.
const QUEUE: usize = 8_192;

/// The log of one server. Does nothing if it is switched off.
pub struct AccessLog {
    directory: PathBuf,
    dropped: Arc<Dropped>,
    running: Mutex<Option<Running>>,
}

struct Running {
    lines: SyncSender<DataAccess>,
    thread: JoinHandle<()>,
}

impl AccessLog {
    /// Files that are older than `days` are deleted; 0 switches the log off and keeps what there is.
    pub fn open(directory: PathBuf, days: u32) -> std::io::Result<Self> {
        let dropped = Arc::new(Dropped::default());
        let running = match days {
            0 => None,
            days => {
                let (lines, queue) = sync_channel(QUEUE);
                let writer = Writer::new(directory.clone(), days, Arc::clone(&dropped));
                let thread = std::thread::Builder::new().name("access-log".into()).spawn(move || writer.run(&queue))?;
                Some(Running { lines, thread })
            }
        };
        Ok(Self { directory, dropped, running: Mutex::new(running) })
    }

    /// Adds a line. Never waits for the disk.
    pub fn record(&self, access: DataAccess) {
        if let Some(running) = &*locked(&self.running)
            && running.lines.try_send(access).is_err()
        {
            self.dropped.add(1);
        }
    }

    /// Returns whether reads are recorded.
    pub fn is_on(&self) -> bool {
        locked(&self.running).is_some()
    }

    /// The number of lines since the start that were lost.
    pub fn dropped(&self) -> u64 {
        self.dropped.total()
    }

    /// Returns the newest entries that match, newest first. Blocks.
    pub fn search(&self, filter: &Filter, limit: usize) -> std::io::Result<Found> {
        search::search(&self.directory, filter, limit)
    }

    /// Calls `each` with the entries that match, newest first, until it breaks or `budget` bytes of the log have been read.
    /// Blocks.
    pub fn visit(
        &self,
        filter: &Filter,
        budget: u64,
        each: impl FnMut(DataAccess) -> ControlFlow<()>,
    ) -> std::io::Result<()> {
        search::visit(&self.directory, filter, budget, each)
    }

    /// Writes what is waiting, and ends. Blocks.
    pub fn close(&self) {
        let running = locked(&self.running).take();
        if let Some(Running { lines, thread }) = running {
            drop(lines);
            // A panic of the thread was logged.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
