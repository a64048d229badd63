//! Extractors whose rejections have the response bodies of the API's contract.

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
