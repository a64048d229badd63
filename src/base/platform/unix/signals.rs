//! Signals that stop something.

use std::future::Future;
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Each Ctrl-C, which no longer ends the program.
pub fn interrupts() -> io::Result<Signal> {
    signal(SignalKind::interrupt())
}

/// Completes with the name of the first signal that asks the program to stop. They are caught from this call on.
pub fn stop() -> io::Result<impl Future<Output = &'static str> + Send + 'static> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, interrupts()?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    })
}
