pub mod manifest;
pub mod trigger;
