use jiff::Timestamp;

use crate::base::time;
use crate::server::{ApiError, ApiResult};

/// A time in the query string, under the name `field`.
pub fn time_in_query(field: &str, text: String) -> ApiResult<Timestamp> {
    // A plus sign that was not encoded arrives as a blank.
    let repaired = || text.rsplit_once(' ').map(|(time, offset)| format!("{time}+{offset}"));
    let time = time::parse(&text).or_else(|| time::parse(&repaired()?));
    time.ok_or_else(|| {
        ApiError::value(["query", field], &format!("{field} must be a time like 2026-11-23T02:09:29Z"), text)
    })
}
