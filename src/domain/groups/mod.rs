//! Groups of people, to which access is granted.

mod create;
pub mod view;

pub use create::create_group;

/// Longest name and description, in characters.
const MAX_NAME_CHARS: usize = 200;
const MAX_DESCRIPTION_CHARS: usize = 2000;
