//! Reading and verifying the audit log.

pub mod list;
pub mod verify;
