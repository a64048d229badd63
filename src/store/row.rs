//! Reading rows into structs, and times: the database keeps naive UTC timestamps, read and written as microseconds.

use jiff::Timestamp;

use crate::base::time;
use crate::engine::{self, Row};

/// Reads a row into a struct: the columns in the order of the fields, each by `Row::get` or the function named after it.
/// With `as`, a closure that does so.
macro_rules! read_row {
    ($row:ident => $type:ident { $($field:ident $(: $read:path)?),+ $(,)? }) => {{
        let mut columns = 0;
        Ok($type { $($field: {
            columns += 1;
            read_row!(@column $row, columns - 1 $(, $read)?)
        },)+ })
    }};
    (as $($fields:tt)+) => { |row: &$crate::engine::Row<'_>| $crate::store::row::read_row!(row => $($fields)+) };
    (@column $row:ident, $index:expr) => { $row.get($index)? };
    (@column $row:ident, $index:expr, $read:path) => { $read($row, $index)? };
}
pub(super) use read_row;

/// Makes a stored type and another one with the same fields convertible into each other; those after `;` are lists.
macro_rules! convertible {
    ($stored:ident, $other:ident { $($field:ident),+ $(; $list:ident)? }) => {
        $crate::store::row::convertible!(@from $stored, $other { $($field),+ $(; $list)? });
        $crate::store::row::convertible!(@from $other, $stored { $($field),+ $(; $list)? });
    };
    (@from $from:ident, $to:ident { $($field:ident),+ $(; $list:ident)? }) => {
        impl From<$from> for $to {
            fn from(value: $from) -> Self {
                $(let $list = value.$list.into_iter().map(Into::into).collect();)?
                Self { $($field: value.$field,)+ $($list)? }
            }
        }
    };
}
pub(super) use convertible;

/// A column selected as `epoch_us(…)`.
pub(super) fn time(row: &Row<'_>, index: usize) -> engine::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(time::from_micros))
}

/// The same for a time that is always there.
pub(super) fn instant(row: &Row<'_>, index: usize) -> engine::Result<Timestamp> {
    row.get(index).map(time::from_micros)
}

/// A word of a vocabulary; `NULL` is its default.
pub(super) fn word<T: From<String> + Default>(row: &Row<'_>, index: usize) -> engine::Result<T> {
    Ok(optional_word(row, index)?.unwrap_or_default())
}

pub(super) fn optional_word<T: From<String>>(row: &Row<'_>, index: usize) -> engine::Result<Option<T>> {
    Ok(row.get::<_, Option<String>>(index)?.map(Into::into))
}

/// A parameter for `make_timestamp(?::BIGINT)`.
pub(super) fn micros(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_microsecond)
}
