//! `/api/v2/…`: tables one at a time.

pub mod scan;
pub mod tables;
