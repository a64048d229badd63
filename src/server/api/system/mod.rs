pub mod health;
pub mod version;
