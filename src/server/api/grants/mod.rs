pub mod create;
pub mod delete;
pub mod list;
pub mod resource_types;
