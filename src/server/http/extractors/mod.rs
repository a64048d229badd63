//! Extractors whose rejections have the response bodies of the API's contract.

mod accept;
pub mod fields;
mod form;
mod json;
mod multipart;
mod principal;
mod time;
mod url;

pub use accept::Accept;
pub use form::{Form, TextForm};
pub use json::{AnyJson, Created, Json, Reply};
pub use multipart::{LongForm, Part, missing_file};
pub use time::time_in_query;
pub use url::{Path, Query};
