//! Extractors whose rejections have the response bodies of the API's contract.

mod fields;
mod form;
mod json;
pub mod principal;
mod url;

pub use form::Form;
pub use json::{Created, Json};
pub use url::{Path, Query};
