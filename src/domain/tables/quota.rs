//! How much people may scan: at the same time, and on a day.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};
use tokio::sync::OnceCell;

use crate::base::{locked, time};
use crate::config::ScanConfig;
use crate::domain::Result;
use crate::protocol::v2::QuotaExceeded;
use crate::store::{Store, scan_usage};

/// Counts in memory. What was counted is also stored, so that a restart does not begin anew: when a scan ends, and all that
/// have ended meanwhile with the next write. Cheap to clone.
#[derive(Clone)]
pub struct Quotas(Arc<Inner>);

struct Inner {
    store: Store,
    max_concurrent: u64,
    max_daily_bytes: u64,
    /// Set when what was stored has been read.
    loaded: OnceCell<()>,
    state: Mutex<State>,
}

struct State {
    day: Date,
    /// By user id.
    bytes: HashMap<String, u64>,
    running: HashMap<String, u64>,
    /// Users whose bytes have changed since they were stored.
    unwritten: HashMap<String, u64>,
    is_writing: bool,
}

/// One scan that runs. What it has sent counts when it is dropped.
pub struct Running {
    quotas: Quotas,
    user_id: String,
    bytes: u64,
}

impl Running {
    pub fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.quotas.end(&self.user_id, self.bytes);
    }
}

impl Quotas {
    pub fn new(store: Store, config: &ScanConfig) -> Self {
        let (bytes, running, unwritten) = Default::default();
        Self(Arc::new(Inner {
            store,
            max_concurrent: config.max_concurrent_per_user.0,
            max_daily_bytes: config.max_daily_bytes_per_user.0,
            loaded: OnceCell::new(),
            state: Mutex::new(State { day: now().date(), bytes, running, unwritten, is_writing: false }),
        }))
    }

    /// Lets a scan of a user begin.
    pub async fn begin(&self, user_id: &str) -> Result<std::result::Result<Running, QuotaExceeded>> {
        self.0.loaded.get_or_try_init(|| self.load()).await?;
        let now = now();
        let mut state = locked(&self.0.state);
        state.turn_to(now.date());
        let exceeded = |kind: &str, current, limit, retry_after_seconds| {
            let (error, kind) = ("quota_exceeded".to_owned(), kind.to_owned());
            Ok(Err(QuotaExceeded { error, kind, current, limit, retry_after_seconds }))
        };
        let used = state.bytes.get(user_id).copied().unwrap_or_default();
        if used >= self.0.max_daily_bytes {
            return exceeded("daily_bytes", used, self.0.max_daily_bytes, seconds_to_midnight(&now));
        }
        let running = state.running.entry(user_id.to_owned()).or_default();
        if *running >= self.0.max_concurrent {
            return exceeded("concurrent_scans", *running, self.0.max_concurrent, 0);
        }
        *running += 1;
        drop(state);
        Ok(Ok(Running { quotas: self.clone(), user_id: user_id.to_owned(), bytes: 0 }))
    }

    async fn load(&self) -> Result<()> {
        let day = now().date();
        let stored = self.0.store.read(move |reader| scan_usage::of_day(reader, day)).await?;
        let mut state = locked(&self.0.state);
        if state.day == day {
            state.bytes = stored;
        }
        Ok(())
    }

    fn end(&self, user_id: &str, bytes: u64) {
        let mut state = locked(&self.0.state);
        state.turn_to(now().date());
        if let Some(running) = state.running.get_mut(user_id) {
            *running -= 1;
            if *running == 0 {
                state.running.remove(user_id);
            }
        }
        let total = state.bytes.entry(user_id.to_owned()).or_default();
        *total = total.saturating_add(bytes);
        let total = *total;
        state.unwritten.insert(user_id.to_owned(), total);
        if let Ok(runtime) = tokio::runtime::Handle::try_current()
            && !std::mem::replace(&mut state.is_writing, true)
        {
            let quotas = self.clone();
            runtime.spawn(async move { while quotas.write().await {} });
        }
    }

    /// Stores what is not stored yet. Returns whether there was anything.
    pub async fn write(&self) -> bool {
        let (day, usage) = {
            let mut state = locked(&self.0.state);
            state.is_writing = !state.unwritten.is_empty();
            (state.day, std::mem::take(&mut state.unwritten))
        };
        if usage.is_empty() {
            return false;
        }
        let written = usage.clone();
        if let Err(error) = self.0.store.write(move |change| scan_usage::store(change, day, &written)).await {
            tracing::warn!(%error, "cannot store how much was scanned");
            let mut state = locked(&self.0.state);
            state.is_writing = false;
            if state.day == day {
                for (user_id, bytes) in usage {
                    state.unwritten.entry(user_id).or_insert(bytes);
                }
            }
            return false;
        }
        true
    }
}

impl State {
    fn turn_to(&mut self, day: Date) {
        if self.day != day {
            self.day = day;
            self.bytes.clear();
            self.unwritten.clear();
        }
    }
}

fn now() -> Zoned {
    time::now().to_zoned(TimeZone::UTC)
}

fn seconds_to_midnight(now: &Zoned) -> u64 {
    let midnight = now.start_of_day().and_then(|day| day.checked_add(1.day()));
    let seconds = midnight.map(|midnight| midnight.timestamp().as_second() - now.timestamp().as_second());
    seconds.ok().and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or_default()
}
