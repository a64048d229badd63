//! Signals that stop the program.

use std::future::Future;
use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Completes on SIGTERM or SIGINT. Signals are caught from this call on, so that one during start is not lost.
pub fn stop() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("told to stop by SIGTERM"),
            _ = interrupt.recv() => tracing::info!("told to stop by SIGINT"),
        }
    })
}
