//! Files that come with a request.

pub mod files;
pub mod tables;
