//! Between the network and the handlers: errors as responses, extractors, middleware.

pub mod answer;
mod body;
pub mod error;
pub mod extractors;
pub mod file;
pub mod middleware;
pub mod openapi;
pub mod rows;
pub mod session;
pub mod stack;
pub mod uploads;
