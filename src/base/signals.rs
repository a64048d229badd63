//! Signals that stop the program.

use std::future::Future;
use std::io;

use super::platform::signals;

/// Completes when the program is asked to stop. Signals are caught from this call on, so that one during start is not lost.
pub fn stop() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let signal = signals::stop()?;
    Ok(async move {
        // Not among the arguments, which are evaluated only where the log wants the line.
        let name = signal.await;
        tracing::info!("told to stop by {name}");
    })
}
