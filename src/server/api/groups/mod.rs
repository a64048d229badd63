pub mod create;
pub mod delete;
pub mod list;
pub mod members;
mod view;
