//! Grants on tables, one line for each dataset: the same rows as `/api/admin/grants`.

pub mod create;
pub mod delete;
pub mod list;
