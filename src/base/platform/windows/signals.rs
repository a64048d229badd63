//! Events of the console that stop something.

use std::future::Future;
use std::io;

use tokio::signal::windows::{CtrlC, ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};

/// Each Ctrl-C, which no longer ends the program.
pub fn interrupts() -> io::Result<CtrlC> {
    ctrl_c()
}

/// Completes with the name of the first event that asks the program to stop. They are caught from this call on.
pub fn stop() -> io::Result<impl Future<Output = &'static str> + Send + 'static> {
    let (mut interrupt, mut stop, mut close, mut shutdown) =
        (ctrl_c()?, ctrl_break()?, ctrl_close()?, ctrl_shutdown()?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => "Ctrl-C",
            _ = stop.recv() => "Ctrl-Break",
            _ = close.recv() => "the end of the console",
            _ = shutdown.recv() => "the end of Windows",
        }
    })
}
