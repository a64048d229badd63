//! Grants on tables, one item for each dataset: the same rows as `/api/admin/grants`.

pub mod create;
pub mod delete;
pub mod list;
