//! The statistics of a file, by which the engine skips row groups: values outside of them would not be found.

use arrow::array::{Array, ArrayRef, AsArray, Scalar, UInt64Array};
use arrow::compute::cast;
use arrow::compute::kernels::cmp::{gt, lt};
use arrow::datatypes::{DataType, Float64Type};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;

/// Of one column: for each row group the least and the largest value, and the number of nulls.
struct Bounds {
    least: ArrayRef,
    largest: ArrayRef,
    nulls: Option<UInt64Array>,
    /// Nulls so far, in this row group.
    counted: (usize, u64),
}

/// Of the columns that are compared; `None` for those without.
pub(super) struct Statistics(Vec<Option<Bounds>>);

impl Statistics {
    pub(super) fn of(metadata: &ArrowReaderMetadata, roots: &[usize]) -> Self {
        Self(roots.iter().map(|root| bounds(metadata, *root)).collect())
    }

    /// What is wrong with them, given more values of a row group.
    pub(super) fn check(
        &mut self,
        column: usize,
        group: usize,
        values: &ArrayRef,
        ends_group: bool,
    ) -> Option<&'static str> {
        let bounds = self.0.get_mut(column)?.as_mut()?;
        if is_below(values, &bounds.least.slice(group, 1)) {
            return Some("a value is below the minimum");
        }
        if is_above(values, &bounds.largest.slice(group, 1)) {
            return Some("a value is above the maximum");
        }
        let before = if bounds.counted.0 == group { bounds.counted.1 } else { 0 };
        bounds.counted = (group, before + values.null_count() as u64);
        let nulls = bounds.nulls.as_ref().filter(|nulls| ends_group && nulls.is_valid(group))?.value(group);
        (nulls != bounds.counted.1).then_some("the number of nulls")
    }
}

fn bounds(metadata: &ArrowReaderMetadata, root: usize) -> Option<Bounds> {
    let field = metadata.schema().fields().get(root)?;
    if field.data_type().is_nested() || *field.data_type() == DataType::Null {
        return None;
    }
    let converter = StatisticsConverter::try_new(field.name(), metadata.schema(), metadata.parquet_schema()).ok()?;
    // A missing count is not zero.
    let converter = converter.with_missing_null_counts_as_zero(false);
    let groups = metadata.metadata().row_groups();
    Some(Bounds {
        least: converter.row_group_mins(groups).ok()?,
        largest: converter.row_group_maxes(groups).ok()?,
        nulls: converter.row_group_null_counts(groups).ok(),
        counted: (0, 0),
    })
}

fn is_below(values: &ArrayRef, least: &ArrayRef) -> bool {
    exceeds(values, least, |value, bound| value < bound, |values, bound| lt(values, &bound))
}

fn is_above(values: &ArrayRef, largest: &ArrayRef) -> bool {
    exceeds(values, largest, |value, bound| value > bound, |values, bound| gt(values, &bound))
}

type Compared = Result<arrow::array::BooleanArray, arrow::error::ArrowError>;

fn exceeds(
    values: &ArrayRef,
    bound: &ArrayRef,
    number: impl Fn(f64, f64) -> bool,
    other: impl Fn(&ArrayRef, Scalar<ArrayRef>) -> Compared,
) -> bool {
    if bound.is_null(0) {
        return false;
    }
    if !values.data_type().is_floating() {
        return other(values, Scalar::new(bound.clone())).is_ok_and(|found| found.true_count() > 0);
    }
    // NaN is within any bounds.
    let (Ok(values), Ok(bound)) = (cast(values, &DataType::Float64), cast(bound, &DataType::Float64)) else {
        return false;
    };
    let bound = bound.as_primitive::<Float64Type>().value(0);
    values.as_primitive::<Float64Type>().iter().flatten().any(|value| number(value, bound))
}
