//! The HTTP server: shared state, routes, middleware, and the life of the listening program.

pub mod api;
pub mod app;
pub mod auth;
pub mod demo;
pub mod http;
pub mod router;
pub mod serve;
pub mod services;
pub mod settings;
pub mod start;
pub mod web;

pub use app::{App, AppState};
pub use http::error::ApiError;
pub use settings::ServerSettings;
pub use start::Server;
