//! Handlers of the API; a folder is a domain, a file is one thing that can be asked.

pub mod data;
pub mod grants;
pub mod groups;
pub mod query;
pub mod registry;
pub mod sync;
pub mod system;
pub mod users;
