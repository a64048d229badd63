use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::{Connection, Result};

/// An interrupt between two statements is lost, so it is repeated.
const INTERRUPT_EVERY: Duration = Duration::from_millis(50);

/// Runs `work` on a connection and interrupts it after `limit`; it then fails like any statement.
pub fn within<T>(connection: &Connection, limit: Duration, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    let interrupt = connection.interrupt_handle();
    let (done, finished) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut wait = limit;
            while finished.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                interrupt.interrupt();
                wait = INTERRUPT_EVERY;
            }
        });
        let outcome = work(connection);
        drop(done);
        outcome
    })
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
