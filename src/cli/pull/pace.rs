//! How many transfers run at the same time: four at first; more while that brings more, fewer when the server says that
//! it has too much to do.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::progress::Progress;
use crate::base::locked;

/// How many there are at first.
const FIRST: usize = 4;
/// Time between two changes.
const STEP: Duration = Duration::from_secs(1);

/// Hands out permits for transfers.
pub struct Pace {
    permits: Arc<Semaphore>,
    /// Permits that are taken back when they are given back.
    surplus: AtomicUsize,
    is_overloaded: AtomicBool,
    climb: Mutex<Climb>,
}

/// Leave to run one transfer, until dropped.
pub struct Permit {
    permit: Option<OwnedSemaphorePermit>,
    pace: Arc<Pace>,
}

impl Pace {
    pub fn new(most: usize) -> Arc<Self> {
        let climb = Climb { most, now: most.min(FIRST), ..Climb::default() };
        Arc::new(Self {
            permits: Arc::new(Semaphore::new(climb.now)),
            surplus: AtomicUsize::new(0),
            is_overloaded: AtomicBool::new(false),
            climb: Mutex::new(climb),
        })
    }

    /// Waits for a permit. Those who wait get theirs in the order in which they came.
    pub async fn permit(self: &Arc<Self>) -> Permit {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        Permit { permit, pace: Arc::clone(self) }
    }

    /// A permit that nobody waits for, if there is one.
    pub fn spare(self: &Arc<Self>) -> Option<Permit> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        Some(Permit { permit: Some(permit), pace: Arc::clone(self) })
    }

    pub fn has_spare(&self) -> bool {
        self.permits.available_permits() > 0
    }

    /// The server has answered that it has too much to do.
    pub fn overloaded(&self) {
        self.is_overloaded.store(true, Ordering::Relaxed);
    }

    /// Adapts the number of transfers, until dropped.
    pub async fn adapt(&self, progress: &Progress) {
        let mut before = progress.received();
        loop {
            tokio::time::sleep(STEP).await;
            let now = progress.received();
            self.step(now - before, self.is_overloaded.swap(false, Ordering::Relaxed));
            before = now;
        }
    }

    fn step(&self, bytes: u64, is_overloaded: bool) {
        let mut climb = locked(&self.climb);
        let (before, now) = (climb.now, climb.next(bytes, is_overloaded));
        if now > before {
            // One by one: either one that is not taken back, or a new one.
            if !self.take_back() {
                self.permits.add_permits(now - before);
            }
        } else if now < before {
            let forgotten = self.permits.forget_permits(before - now);
            self.surplus.fetch_add(before - now - forgotten, Ordering::Relaxed);
        }
    }

    /// Counts one surplus permit less; `false` if there is none.
    fn take_back(&self) -> bool {
        let one_less = |surplus: usize| surplus.checked_sub(1);
        self.surplus.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.pace.take_back()
            && let Some(permit) = self.permit.take()
        {
            permit.forget();
        }
    }
}

/// Climbs while each step brings at least a tenth more.
#[derive(Debug, Default)]
struct Climb {
    most: usize,
    now: usize,
    /// Bytes of the last step, before which the number was raised.
    raised_at: Option<u64>,
    is_settled: bool,
}

impl Climb {
    fn next(&mut self, bytes: u64, is_overloaded: bool) -> usize {
        if is_overloaded {
            self.now = (self.now / 2).max(1);
            (self.raised_at, self.is_settled) = (None, false);
        } else if let Some(before) = self.raised_at
            && bytes < before + before / 10
        {
            self.now -= 1;
            (self.raised_at, self.is_settled) = (None, true);
        } else if bytes > 0 && !self.is_settled && self.now < self.most {
            self.now += 1;
            self.raised_at = Some(bytes);
        }
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn climb(steps: &[(u64, bool)]) -> Vec<usize> {
        let mut climb = Climb { most: 8, now: 4, ..Climb::default() };
        steps.iter().map(|(bytes, is_overloaded)| climb.next(*bytes, *is_overloaded)).collect()
    }

    #[test]
    fn more_transfers_only_while_they_bring_more() {
        assert_eq!(climb(&[(100, false), (150, false), (160, false), (500, false)]), [5, 6, 5, 5]);
        let faster: Vec<_> = (0..8).map(|step| (100 << step, false)).collect();
        assert_eq!(climb(&faster), [5, 6, 7, 8, 8, 8, 8, 8]);
    }

    #[test]
    fn fewer_when_the_server_has_too_much_to_do() {
        assert_eq!(climb(&[(0, true), (0, true), (0, true), (900, false)]), [2, 1, 1, 2]);
    }

    #[tokio::test]
    async fn permits_follow() {
        let pace = Pace::new(8);
        let mut held = Vec::new();
        while let Some(permit) = pace.spare() {
            held.push(permit);
        }
        assert_eq!(held.len(), FIRST);
        pace.step(0, true);
        held.truncate(1);
        assert_eq!(pace.permits.available_permits(), 1, "two of three are not given out again");
        pace.step(0, true);
        assert!(!pace.has_spare());
    }
}
