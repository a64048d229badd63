//! What a process gives up for good before it runs callers' SQL.
//!
//! Each layer holds alone: Landlock names the files, seccomp the system calls, resource limits the memory. They cover the
//! calling thread and the threads that it starts later, so they come before the engine's threads. Other systems than Linux
//! have none of them.

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod system_calls;

use std::path::PathBuf;

#[cfg(not(target_os = "linux"))]
pub use elsewhere::limit;
#[cfg(target_os = "linux")]
pub use linux::limit;

/// What remains open.
#[derive(Clone, Debug, Default)]
pub struct Sandbox {
    /// Files and directories that may be read.
    pub readable: Vec<PathBuf>,
    /// Directories whose files may be made, changed and removed.
    pub writable: Vec<PathBuf>,
    /// Whether other machines may be reached: for tables that stay at their source.
    pub has_network: bool,
}
