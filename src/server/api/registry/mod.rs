pub mod delete;
pub mod list;
pub mod precheck;
pub mod register;
pub mod update;
