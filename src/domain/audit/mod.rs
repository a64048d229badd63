//! The audit log: searching it, verifying it, and recording refused requests.

mod record_refusal;
mod search;
mod verify;

pub use record_refusal::record_refusal;
pub use search::{MAX_ENTRIES, Search, search_audit_log};
pub use verify::verify_audit_log;
