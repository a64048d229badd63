//! What several test programs use.

mod answer;
mod client;
mod mask;
pub mod people;
mod tables;
pub mod test_app;
pub mod tokens;
mod unpack;
pub mod v0_35;

pub use answer::Answer;
pub use client::Client;
pub use tables::DEADLINE;
pub use test_app::TestApp;
