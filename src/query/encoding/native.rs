//! Values of Arrow arrays.

use arrow::array::{ArrayRef, ArrowPrimitiveType, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    Time64MicrosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use data_encoding::BASE64;

use super::{calendar, scalar};

/// Writes a value that is not NULL.
pub type Write = fn(&mut String, &ArrayRef, usize);

/// What writes the values of a type, which may have a name that says more.
pub fn writer(data_type: &DataType, name: Option<&str>) -> Write {
    match data_type {
        DataType::Boolean => |out, values, row| {
            out.push_str(if values.as_boolean().value(row) { "true" } else { "false" });
        },
        DataType::Int8 => integer::<Int8Type>,
        DataType::Int16 => integer::<Int16Type>,
        DataType::Int32 => integer::<Int32Type>,
        DataType::Int64 => integer::<Int64Type>,
        DataType::UInt8 => integer::<UInt8Type>,
        DataType::UInt16 => integer::<UInt16Type>,
        DataType::UInt32 => integer::<UInt32Type>,
        DataType::UInt64 => integer::<UInt64Type>,
        DataType::Decimal128(..) if name == Some("HUGEINT") => integer::<Decimal128Type>,
        DataType::Decimal128(..) if name == Some("UHUGEINT") => {
            |out, values, row| scalar::integer(out, get::<Decimal128Type>(values, row).cast_unsigned())
        }
        DataType::Decimal128(..) => |out, values, row| {
            let values = values.as_primitive::<Decimal128Type>();
            scalar::decimal(out, values.value(row), values.scale().max(0).unsigned_abs().into());
        },
        DataType::Float64 => |out, values, row| scalar::double(out, get::<Float64Type>(values, row)),
        DataType::Utf8 => |out, values, row| scalar::string(out, values.as_string::<i32>().value(row)),
        DataType::Binary => |out, values, row| {
            quoted(out, |out| BASE64.encode_append(values.as_binary::<i32>().value(row), out));
        },
        DataType::Date32 => |out, values, row| quoted(out, |out| calendar::date(out, get::<Date32Type>(values, row))),
        DataType::Time64(TimeUnit::Microsecond) => |out, values, row| {
            quoted(out, |out| calendar::time(out, get::<Time64MicrosecondType>(values, row)));
        },
        DataType::Timestamp(unit, zone) => match (unit, zone.is_some()) {
            (TimeUnit::Second, _) => timestamp::<TimestampSecondType, 1, false>,
            (TimeUnit::Millisecond, _) => timestamp::<TimestampMillisecondType, 1_000, false>,
            (TimeUnit::Microsecond, false) => timestamp::<TimestampMicrosecondType, 1_000_000, false>,
            (TimeUnit::Microsecond, true) => timestamp::<TimestampMicrosecondType, 1_000_000, true>,
            (TimeUnit::Nanosecond, _) => timestamp::<TimestampNanosecondType, 1_000_000_000, false>,
        },
        // Not a type of a column that `rows` passes, but of an empty list of values only.
        _ => |out, _, _| out.push_str("null"),
    }
}

fn get<T: ArrowPrimitiveType>(values: &ArrayRef, row: usize) -> T::Native {
    values.as_primitive::<T>().value(row)
}

fn integer<T: ArrowPrimitiveType<Native: itoa::Integer>>(out: &mut String, values: &ArrayRef, row: usize) {
    scalar::integer(out, get::<T>(values, row));
}

fn timestamp<T: ArrowPrimitiveType<Native = i64>, const PER_SECOND: i64, const IN_UTC: bool>(
    out: &mut String,
    values: &ArrayRef,
    row: usize,
) {
    quoted(out, |out| calendar::timestamp(out, get::<T>(values, row), PER_SECOND, if IN_UTC { "+00:00" } else { "" }));
}

/// Text that needs no escapes.
fn quoted(out: &mut String, write: impl FnOnce(&mut String)) {
    out.push('"');
    write(out);
    out.push('"');
}
