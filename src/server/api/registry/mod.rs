pub mod delete;
pub mod list;
pub mod precheck;
pub mod register;
pub mod rules;
pub mod update;
