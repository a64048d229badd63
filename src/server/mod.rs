//! The HTTP server: shared state, routes, middleware, and the life of the listening program.

pub(crate) mod api;
pub(crate) mod app;
pub(crate) mod auth;
pub(crate) mod demo;
pub(crate) mod http;
pub(crate) mod router;
pub mod serve;
pub(crate) mod services;
pub mod settings;
pub(crate) mod start;
pub mod web;

pub use app::{App, AppState};
pub use http::error::{ApiError, ApiResult};
pub use settings::{NO_ADDRESS, ServerSettings, lacks_address};
pub use start::Server;
