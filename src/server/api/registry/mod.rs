pub mod delete;
pub mod list;
pub mod register;
mod rules;
pub mod update;
