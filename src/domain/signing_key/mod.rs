//! The key that signs sessions and tokens.

mod rotate;

pub use rotate::{RotateKeyError, rotate_signing_key};
