//! What a server and its workers take while something else goes on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use walkdir::WalkDir;

use crate::flood::{memory, own_peak, peak};
use crate::program::{PATIENCE, Place, Serving};

const PAUSE: Duration = Duration::from_millis(10);

/// The most that was ever seen.
#[derive(Default)]
pub struct Seen {
    /// In KiB.
    pub server: u64,
    /// Of one worker, in KiB.
    pub worker: u64,
    /// Of all workers at the same time, in KiB.
    pub workers: u64,
    /// Spilled files of one query, in bytes.
    pub spilled: u64,
    pub pids: BTreeSet<u32>,
}

/// Looks again and again until it is asked for what it saw.
pub struct Watch {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

impl Watch {
    pub fn start(server: &Serving, place: &Place) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, pid, spill) = (is_over.clone(), server.child.id(), spill(place));
        let thread = std::thread::spawn(move || {
            let mut seen = Seen::default();
            while !over.load(Ordering::Relaxed) {
                seen.look(pid, &spill);
                std::thread::sleep(PAUSE);
            }
            seen.server = own_peak(pid).unwrap();
            seen
        });
        Self { is_over, thread }
    }

    pub fn end(self) -> Seen {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { server, worker, workers, spilled, pids } = self;
        let count = pids.len();
        write!(f, "server {server} KiB, worker {worker} KiB, {count} workers {workers} KiB, spilled {spilled} bytes")
    }
}

impl Seen {
    fn look(&mut self, server: u32, spill: &Path) {
        let pids = workers(server);
        self.worker = pids.iter().filter_map(|pid| peak(*pid)).chain([self.worker]).max().unwrap();
        self.workers = self.workers.max(pids.iter().map(|pid| resident(*pid)).sum());
        self.pids.extend(pids);
        for query in std::fs::read_dir(spill).into_iter().flatten().flatten() {
            // Files may go while they are counted.
            let sizes = files(&query.path()).into_iter().filter_map(|file| file.metadata().ok());
            self.spilled = self.spilled.max(sizes.map(|file| file.len()).sum());
        }
    }
}

/// Processes that run callers' SQL for the server with this id.
pub fn workers(server: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{server}/task")).into_iter().flatten().flatten();
    let children = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    children.flat_map(|pids| pids.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<u32>>()).collect()
}

/// Returns whether a process exists and has not ended.
pub fn is_running(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

/// Waits until all these processes have ended.
pub fn wait_for_the_end(of: impl IntoIterator<Item = u32>) {
    let (mut left, give_up): (Vec<u32>, _) = (of.into_iter().collect(), Instant::now() + PATIENCE);
    while !left.is_empty() {
        assert!(Instant::now() < give_up, "{left:?} went on");
        std::thread::sleep(PAUSE);
        left.retain(|pid| is_running(*pid));
    }
}

/// Waits until no query has a file any more.
pub fn wait_until_nothing_is_spilled(place: &Place) {
    let give_up = Instant::now() + PATIENCE;
    while let left = files(&spill(place))
        && !left.is_empty()
    {
        assert!(Instant::now() < give_up, "{left:?}");
        std::thread::sleep(PAUSE);
    }
}

fn spill(place: &Place) -> PathBuf {
    place.data_dir().join("analytics/.spill")
}

fn files(directory: &Path) -> Vec<walkdir::DirEntry> {
    WalkDir::new(directory).into_iter().flatten().filter(|entry| entry.file_type().is_file()).collect()
}

/// Memory of a process now, in KiB.
fn resident(pid: u32) -> u64 {
    memory(pid, "VmRSS:").unwrap_or_default()
}
