//! The same functions for Windows.

pub mod files;
pub mod processes;
pub mod signals;
pub mod terminal;
