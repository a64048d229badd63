//! The key that signs sessions and tokens.

pub mod rotate;
