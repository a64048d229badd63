use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use super::{Connection, Result};

/// How often an interrupt is repeated: one that comes between two statements is lost.
const AGAIN: Duration = Duration::from_millis(50);

/// Runs `work` on a connection and interrupts it when it takes longer than `limit`; it then fails like any statement.
pub fn within<T>(connection: &Connection, limit: Duration, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    let interrupt = connection.interrupt_handle();
    let (done, finished) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut patience = limit;
            while finished.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                interrupt.interrupt();
                patience = AGAIN;
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
    fn ends_what_takes_too_long_and_lets_the_rest_be() {
        let connection = in_memory(&Limits::small()).unwrap();
        let endless = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b";
        let ended = within(&connection, Duration::from_millis(50), |connection| connection.execute_batch(endless));
        assert!(crate::engine::message(&ended.unwrap_err()).contains("Interrupted"));
        within(&connection, Duration::from_secs(60), |connection| connection.execute_batch("SELECT 1")).unwrap();
    }
}
