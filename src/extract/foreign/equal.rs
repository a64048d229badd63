//! Whether two readers give the same values, whatever arrays they give them in.

use arrow::array::{Array, ArrayRef, AsArray, StringArray, UInt64Array};
use arrow::compute::kernels::cmp::not_distinct;
use arrow::compute::{cast, take};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

/// The first row in which the engine's array and that of the second reader differ.
pub(super) fn first_difference(engine: &ArrayRef, second: &ArrayRef) -> Result<Option<usize>, ArrowError> {
    if engine.len() != second.len() {
        return Ok(Some(engine.len().min(second.len())));
    }
    if *second.data_type() == DataType::Null {
        return Ok((0..engine.len()).find(|row| engine.is_valid(*row)));
    }
    if let Some(row) = (0..engine.len()).find(|row| engine.is_valid(*row) != second.is_valid(*row)) {
        return Ok(Some(row));
    }
    match (lists(engine), lists(second)) {
        (Some(engine), Some(second)) => return lists_differ(&engine, &second),
        (None, None) => {}
        _ => return Ok(Some(0)),
    }
    if let (Some(_), Some(_)) = (engine.as_struct_opt(), second.as_struct_opt()) {
        return structs_differ(engine, second);
    }
    leaves_differ(engine, second)
}

/// The rows of a list or map: where each begins and ends in the values.
struct Lists {
    rows: Vec<(usize, usize)>,
    values: ArrayRef,
}

fn lists(array: &ArrayRef) -> Option<Lists> {
    let (ends, values): (Vec<usize>, ArrayRef) = match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            (list.value_offsets().iter().map(|end| *end as usize).collect(), list.values().clone())
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            (list.value_offsets().iter().map(|end| *end as usize).collect(), list.values().clone())
        }
        DataType::Map(..) => {
            let map = array.as_map();
            (map.value_offsets().iter().map(|end| *end as usize).collect(), std::sync::Arc::new(map.entries().clone()))
        }
        _ => return None,
    };
    // What a row that is null points to is not part of the data.
    let row = |(row, ends): (usize, &[usize])| if array.is_valid(row) { (ends[0], ends[1]) } else { (0, 0) };
    Some(Lists { rows: ends.windows(2).enumerate().map(row).collect(), values })
}

impl Lists {
    fn flat(&self) -> Result<ArrayRef, ArrowError> {
        let indexes = self.rows.iter().flat_map(|(start, end)| *start as u64..*end as u64);
        take(&self.values, &UInt64Array::from_iter_values(indexes), None)
    }
}

fn lists_differ(engine: &Lists, second: &Lists) -> Result<Option<usize>, ArrowError> {
    let length = |(start, end): &(usize, usize)| end - start;
    let mut lengths = engine.rows.iter().map(length).zip(second.rows.iter().map(length));
    if let Some(row) = lengths.clone().position(|(engine, second)| engine != second) {
        return Ok(Some(row));
    }
    let Some(value) = first_difference(&engine.flat()?, &second.flat()?)? else { return Ok(None) };
    let mut end = 0;
    let holds_value = |(length, _)| {
        end += length;
        value < end
    };
    Ok(Some(lengths.position(holds_value).unwrap_or_default()))
}

fn structs_differ(engine: &ArrayRef, second: &ArrayRef) -> Result<Option<usize>, ArrowError> {
    let (fields, others) = (engine.as_struct().columns(), second.as_struct().columns());
    if fields.len() != others.len() {
        return Ok(Some(0));
    }
    // What the fields of a struct that is null hold is not part of the data.
    let valid =
        UInt64Array::from_iter_values((0..engine.len()).filter(|row| engine.is_valid(*row)).map(|row| row as u64));
    for (field, other) in fields.iter().zip(others) {
        let (field, other) = match valid.len() == engine.len() {
            true => (field.clone(), other.clone()),
            false => (take(field, &valid, None)?, take(other, &valid, None)?),
        };
        if let Some(row) = first_difference(&field, &other)? {
            return Ok(Some(valid.value(row.min(valid.len().saturating_sub(1))) as usize));
        }
    }
    Ok(None)
}

fn leaves_differ(engine: &ArrayRef, second: &ArrayRef) -> Result<Option<usize>, ArrowError> {
    let (ours, theirs) = (engine.data_type(), second.data_type());
    let (engine, second) = match (ours, theirs) {
        (ours, theirs) if ours == theirs => (engine.clone(), second.clone()),
        (DataType::Utf8, DataType::FixedSizeBinary(16)) => (engine.clone(), uuids(second)),
        (DataType::Utf8, DataType::Binary) => (cast(engine, theirs)?, second.clone()),
        _ if is_same_kind(ours, theirs) => (engine.clone(), cast(second, ours)?),
        _ => return Err(ArrowError::CastError(format!("{ours} and {theirs}"))),
    };
    let same = not_distinct(&engine, &second)?;
    Ok((same.true_count() < same.len()).then(|| (0..same.len()).find(|row| !same.value(*row)).unwrap_or_default()))
}

/// Types between which a cast loses nothing (fractions of microseconds were looked for before); what it cannot convert becomes null and so counts as a difference.
fn is_same_kind(ours: &DataType, theirs: &DataType) -> bool {
    use DataType::{
        Binary, Decimal32, Decimal64, Decimal128, Decimal256, FixedSizeBinary, Float16, Float32, Time32, Time64,
        Timestamp,
    };
    match (ours, theirs) {
        (
            Decimal128(_, ours),
            Decimal32(_, theirs) | Decimal64(_, theirs) | Decimal128(_, theirs) | Decimal256(_, theirs),
        ) => ours == theirs,
        (Float32, Float16) | (Binary, FixedSizeBinary(_)) | (Time64(_), Time32(_) | Time64(_)) => true,
        (Timestamp(..), Timestamp(..)) => true,
        _ => false,
    }
}

fn uuids(array: &ArrayRef) -> ArrayRef {
    let text = |bytes: Option<&[u8]>| uuid::Uuid::from_slice(bytes?).ok().map(|uuid| uuid.to_string());
    std::sync::Arc::new(array.as_fixed_size_binary().iter().map(text).collect::<StringArray>())
}
