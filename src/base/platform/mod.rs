//! What differs between operating systems: the only place, besides the sandbox of query workers, that names their own
//! interfaces.
//!
//! `unix` and `windows` have the same functions. `kernel` is what only Linux has, and what stands in for it elsewhere.

#[cfg(not(target_os = "linux"))]
pub mod elsewhere;
#[cfg(target_os = "linux")]
pub mod linux;
pub mod names;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(not(target_os = "linux"))]
pub use elsewhere as kernel;
#[cfg(target_os = "linux")]
pub use linux as kernel;
#[cfg(unix)]
pub use unix::{files, processes, signals, terminal};
#[cfg(windows)]
pub use windows::{files, processes, signals, terminal};
