//! The table registry: what is synced from where, and under which id it is granted.

mod precheck;
mod register;
pub mod rules;
mod unregister;
mod update;
pub mod view;

pub use precheck::precheck_table;
pub use register::register_table;
pub use unregister::unregister_table;
pub use update::update_table;
