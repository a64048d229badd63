//! Times in rows: the database keeps naive UTC timestamps, read and written as microseconds.

use jiff::Timestamp;

use crate::base::time;
use crate::engine::{self, Row};

/// Column `index`, selected as `epoch_us(…)`.
pub(super) fn time(row: &Row<'_>, index: usize) -> engine::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(time::from_micros))
}

/// A parameter for `make_timestamp(?::BIGINT)`.
pub(super) fn micros(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_microsecond)
}
