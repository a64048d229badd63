pub mod profile;
pub mod tables;
