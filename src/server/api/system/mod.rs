pub mod detailed;
pub mod health;
pub mod version;
