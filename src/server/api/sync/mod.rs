pub mod manifest;
pub mod runs;
pub mod trigger;
