pub mod manage;
pub mod membership;
