//! The HTTP server: shared state, routes, middleware, and the life of the listening program.

pub mod api;
pub mod app;
pub mod auth;
pub mod config;
pub mod demo;
pub mod error;
pub mod extractors;
mod frame;
pub mod limits;
pub mod mail;
pub mod middleware;
pub mod passwords;
pub mod router;
pub mod serve;
pub mod start;
pub mod web;

pub use app::{App, AppState};
pub use config::ServerConfig;
pub use error::ApiError;
pub use start::Server;
