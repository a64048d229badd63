pub mod create;
pub mod delete;
pub mod list;
pub mod members;
pub mod memberships;
pub mod update;
