//! Linux and macOS.

pub mod files;
pub mod processes;
pub mod signals;
pub mod terminal;
