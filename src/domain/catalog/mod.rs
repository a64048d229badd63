//! What tables there are, and what their columns hold.

mod profile;
mod tables;

pub use profile::get_profile;
pub use tables::list_tables;
