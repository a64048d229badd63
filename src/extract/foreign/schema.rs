//! What the footer says about the columns: their names, and the types that need a look at each value.

use std::collections::HashSet;

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor, Type};

use super::fault::Fault;

const REWRITE_DECIMAL: &str = "cast it to decimal(38, …) or to a string before writing the file";

/// Values of a column that the engine would change without an error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Risk {
    /// Nanoseconds that the engine cuts off to microseconds, of an instant.
    NanosOfInstant,
    /// Nanoseconds that the engine keeps, in a range that is smaller than 64 bits.
    Nanos,
    Micros,
    Millis,
    /// The same for a time of day, in units of so many nanoseconds.
    TimeOfDay {
        nanos: i64,
        /// Read as a time with a zone, for which 24:00 is 00:00.
        is_utc: bool,
    },
    Int96,
    Date,
}

/// Checks the names and types of all columns. Returns notes on what becomes of some of them.
pub(super) fn check(schema: &SchemaDescriptor) -> Result<Vec<String>, Fault> {
    let columns = schema.root_schema().get_fields();
    if columns.is_empty() {
        return Err(Fault::NoColumns);
    }
    if let Some(name) = same_name(columns.iter().map(|column| column.name())) {
        return Err(Fault::SameName { name });
    }
    let mut notes = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        if let Some(name) = same_field(column) {
            return Err(Fault::SameField { column: column.name().into(), name });
        }
        if column.name().is_empty() {
            notes.push(format!("column {} has no name; it is called C{index}", index + 1));
        }
    }
    for leaf in schema.columns() {
        if let Some(LogicalType::Decimal { precision, .. }) = decimal(leaf).filter(is_too_long) {
            return Err(refused(leaf, format!("decimals of {precision} digits cannot be read"), REWRITE_DECIMAL));
        }
    }
    Ok(notes)
}

fn same_name<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut seen = HashSet::new();
    names.into_iter().find(|name| !seen.insert(name.to_lowercase())).map(str::to_owned)
}

/// A name that two fields of one struct have, at any depth.
fn same_field(column: &Type) -> Option<String> {
    if !column.is_group() {
        return None;
    }
    let fields = column.get_fields();
    same_name(fields.iter().map(|field| field.name())).or_else(|| fields.iter().find_map(|field| same_field(field)))
}

fn is_too_long(kind: &LogicalType) -> bool {
    matches!(kind, LogicalType::Decimal { precision, .. } if *precision > 38)
}

/// The decimal type of a leaf, whether it is written in the new or in the old way.
fn decimal(leaf: &ColumnDescriptor) -> Option<LogicalType> {
    match leaf.logical_type_ref() {
        Some(kind @ LogicalType::Decimal { .. }) => Some(kind.clone()),
        None if leaf.converted_type() == ConvertedType::DECIMAL => {
            Some(LogicalType::Decimal { scale: leaf.type_scale(), precision: leaf.type_precision() })
        }
        _ => None,
    }
}

/// What has to be looked at in each value of a leaf.
pub(super) fn risk(leaf: &ColumnDescriptor) -> Option<Risk> {
    if leaf.physical_type() == Physical::INT96 {
        return Some(Risk::Int96);
    }
    match (leaf.logical_type_ref(), leaf.converted_type()) {
        (Some(LogicalType::Timestamp { is_adjusted_to_u_t_c, unit }), _) => Some(match unit {
            TimeUnit::NANOS if *is_adjusted_to_u_t_c => Risk::NanosOfInstant,
            TimeUnit::NANOS => Risk::Nanos,
            TimeUnit::MICROS => Risk::Micros,
            TimeUnit::MILLIS => Risk::Millis,
        }),
        (Some(LogicalType::Date), _) | (None, ConvertedType::DATE) => Some(Risk::Date),
        (Some(LogicalType::Time { unit, is_adjusted_to_u_t_c }), _) => Some(Risk::TimeOfDay {
            is_utc: *is_adjusted_to_u_t_c,
            nanos: match unit {
                TimeUnit::NANOS => 1,
                TimeUnit::MICROS => 1_000,
                TimeUnit::MILLIS => 1_000_000,
            },
        }),
        (None, ConvertedType::TIMESTAMP_MILLIS) => Some(Risk::Millis),
        (None, ConvertedType::TIMESTAMP_MICROS) => Some(Risk::Micros),
        (None, ConvertedType::TIME_MILLIS) => Some(Risk::TimeOfDay { nanos: 1_000_000, is_utc: false }),
        (None, ConvertedType::TIME_MICROS) => Some(Risk::TimeOfDay { nanos: 1_000, is_utc: false }),
        _ => None,
    }
}

/// The fault of one column, which may be a field in it.
pub(super) fn refused(leaf: &ColumnDescriptor, problem: String, advice: &'static str) -> Fault {
    Fault::Column { column: leaf.path().string(), kind: kind(leaf), problem, advice }
}

/// The type as the documentation of parquet names it.
fn kind(leaf: &ColumnDescriptor) -> String {
    let physical = leaf.physical_type();
    let unit = |unit: &TimeUnit| match unit {
        TimeUnit::MILLIS => "milliseconds",
        TimeUnit::MICROS => "microseconds",
        TimeUnit::NANOS => "nanoseconds",
    };
    match (decimal(leaf), leaf.logical_type_ref()) {
        (Some(LogicalType::Decimal { scale, precision }), _) => format!("DECIMAL({precision},{scale})"),
        (_, Some(LogicalType::Timestamp { unit: of, .. })) => format!("TIMESTAMP in {}", unit(of)),
        (_, Some(LogicalType::Time { unit: of, .. })) => format!("TIME in {}", unit(of)),
        (_, Some(LogicalType::Integer { bit_width, is_signed })) => {
            format!("{}INT{bit_width}", if *is_signed { "" } else { "U" })
        }
        (_, Some(other)) => format!("{other:?}").to_uppercase(),
        (_, None) if leaf.converted_type() != ConvertedType::NONE => leaf.converted_type().to_string(),
        (_, None) => physical.to_string(),
    }
}

/// Returns whether a leaf has a type that the second reader does not read as the engine does.
pub(super) fn is_compared(leaf: &ColumnDescriptor) -> bool {
    leaf.physical_type() != Physical::INT96
        && leaf.converted_type() != ConvertedType::INTERVAL
        && !matches!(
            leaf.logical_type_ref(),
            Some(LogicalType::Geometry { .. } | LogicalType::Geography { .. } | LogicalType::_Unknown { .. })
        )
}

/// Returns whether the column is a `VARIANT`, or has one in it.
pub(super) fn has_variant(column: &Type) -> bool {
    matches!(column.get_basic_info().logical_type_ref(), Some(LogicalType::Variant { .. }))
        || column.is_group() && column.get_fields().iter().any(|field| has_variant(field))
}
