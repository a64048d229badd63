//! Extractors whose refusals have the contract's shape.

mod fields;
mod form;
mod json;
mod path;
pub mod principal;
mod query;

pub use form::Form;
pub use json::Json;
pub use path::Path;
pub use query::Query;
