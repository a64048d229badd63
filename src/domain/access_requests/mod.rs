//! Requests for access to tables.

mod create;
mod list;
mod review;
mod view;

pub use create::create_access_request;
pub use list::{list_access_requests, list_own_access_requests};
pub use review::{approve_access_request, deny_access_request};
