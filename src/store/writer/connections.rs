//! The connections beside the writer's, on the same instance of the engine: for reads, and for copying the database.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{catch_panic, rollback};
use crate::base::locked;
use crate::engine::{Connection, StopOnDrop, Watch};
use crate::store::{Result, StoreError};

#[derive(Default)]
pub(super) struct Connections {
    shared: Mutex<Shared>,
    returned: Condvar,
}

#[derive(Default)]
struct Shared {
    /// What others are cloned from; `None` while the database is closed.
    template: Option<Connection>,
    idle: Vec<Connection>,
    /// What runs, by the number of its lease.
    running: Vec<(u64, StopOnDrop)>,
    /// Number of leases that [`Connections::close`] waits for.
    stopping: usize,
    last: u64,
}

/// A connection for one piece of work.
pub(super) struct Lease {
    number: u64,
    connection: Connection,
}

impl Connections {
    /// Offers connections to the instance of this one.
    pub(super) fn open(&self, template: Connection) {
        self.lock().template = Some(template);
    }

    pub(super) fn is_open(&self) -> bool {
        self.lock().template.is_some()
    }

    /// Stops what runs, and returns when every connection is closed.
    pub(super) fn close(&self) {
        let mut shared = self.lock();
        shared.template = None;
        shared.idle.clear();
        shared.stopping += shared.running.len();
        shared.running.clear();
        while shared.stopping > 0 {
            shared = self.returned.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A connection on which `begin` has succeeded, for [`Connections::run`].
    pub(super) fn lease(&self, begin: &str, watch: &Watch) -> Result<Lease> {
        let mut shared = self.lock();
        let connection = match (shared.idle.pop(), &shared.template) {
            (Some(idle), _) => idle,
            (None, Some(template)) => template.try_clone()?,
            (None, None) => return Err(StoreError::Closed),
        };
        connection.execute_batch(begin)?;
        shared.last += 1;
        let number = shared.last;
        shared.running.push((number, watch.stop_on_drop()));
        Ok(Lease { number, connection })
    }

    /// Runs `work` and rolls back what it has begun.
    pub(super) fn run<T>(
        &self,
        Lease { number, connection }: Lease,
        mut watch: Watch,
        limit: Duration,
        work: impl FnOnce(&Connection) -> T,
    ) -> Result<T> {
        let outcome = catch_panic(|| watch.run(&connection, limit, work));
        let is_clean = rollback(&connection);
        let mut shared = self.lock();
        match shared.running.iter().position(|(running, _)| *running == number) {
            Some(index) => drop(shared.running.swap_remove(index)),
            None => shared.stopping -= 1,
        }
        if is_clean && shared.template.is_some() {
            shared.idle.push(connection);
        } else {
            drop(connection);
        }
        self.returned.notify_all();
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        locked(&self.shared)
    }
}
