//! The table registry: what is synced from where, and under which id it is granted.

mod manage;
pub mod rules;
pub mod view;

pub use manage::{precheck_table, register_table, unregister_table, update_table};
