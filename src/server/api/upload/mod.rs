//! Files that come with a request.

pub mod tables;
