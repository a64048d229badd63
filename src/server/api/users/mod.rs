pub mod create;
pub mod delete;
pub mod list;
pub mod me;
pub mod password;
pub mod update;
