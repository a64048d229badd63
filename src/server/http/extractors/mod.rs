//! Extractors whose rejections have the response bodies of the API's contract.

mod fields;
mod form;
mod json;
pub mod principal;
mod url;

pub use form::Form;
pub use json::{Created, Json, Reply};
pub use url::{Path, Query};
