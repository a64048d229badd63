pub mod create;
pub mod list;
pub mod rules;
pub mod set_password;
pub mod view;
