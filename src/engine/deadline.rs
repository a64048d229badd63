//! Ending what runs on a connection from another thread: at a deadline, or on request.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use super::Connection;

/// An interrupt between two statements is lost, so it is repeated.
const INTERRUPT_EVERY: Duration = Duration::from_millis(50);

enum Signal {
    Stop,
    Done,
}

/// Stops the work when it is dropped, by failing its statements; nothing happens once the work is done.
pub struct StopOnDrop(Sender<Signal>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        let _ = self.0.send(Signal::Stop);
    }
}

/// Runs work on a connection until it is done, stopped or late.
pub struct Watch {
    sender: Sender<Signal>,
    receiver: Receiver<Signal>,
}

impl Watch {
    #[expect(clippy::new_without_default, reason = "each watch is for one piece of work")]
    pub fn new() -> Self {
        let (sender, receiver) = channel();
        Self { sender, receiver }
    }

    pub fn stop_on_drop(&self) -> StopOnDrop {
        StopOnDrop(self.sender.clone())
    }

    /// Runs `work`, and interrupts its statements, which then fail, once it takes longer than `limit` or is stopped. May
    /// be called again for the next piece of the same work.
    pub fn run<T>(&mut self, connection: &Connection, limit: Duration, work: impl FnOnce(&Connection) -> T) -> T {
        /// Also when the work panics.
        struct DoneOnDrop(Sender<Signal>);
        impl Drop for DoneOnDrop {
            fn drop(&mut self) {
                let _ = self.0.send(Signal::Done);
            }
        }
        let Self { sender, receiver } = self;
        let interrupt = connection.interrupt_handle();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut wait = limit;
                while !matches!(receiver.recv_timeout(wait), Ok(Signal::Done)) {
                    interrupt.interrupt();
                    wait = INTERRUPT_EVERY;
                }
            });
            let _done = DoneOnDrop(sender.clone());
            work(connection)
        })
    }
}

/// Runs `work` on a connection and interrupts it after `limit`; it then fails like any statement.
pub fn within<T>(connection: &Connection, limit: Duration, work: impl FnOnce(&Connection) -> T) -> T {
    Watch::new().run(connection, limit, work)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Limits, in_memory};

    #[test]
    fn interrupts_only_what_takes_too_long() {
        let connection = in_memory(&Limits::small()).unwrap();
        let endless = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b";
        let ended = within(&connection, Duration::from_millis(50), |connection| connection.execute_batch(endless));
        assert!(crate::engine::message(&ended.unwrap_err()).contains("Interrupted"));
        within(&connection, Duration::from_secs(60), |connection| connection.execute_batch("SELECT 1")).unwrap();
    }
}
