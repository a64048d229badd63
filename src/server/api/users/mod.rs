pub mod create;
pub mod manage;
pub mod me;
pub mod password;
