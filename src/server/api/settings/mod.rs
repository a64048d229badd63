//! What users want synced.

pub mod dataset;
pub mod subscriptions;
pub mod sync;
