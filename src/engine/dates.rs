//! The engine takes infinite dates for days when it subtracts them; it refuses to subtract infinite timestamps.

use std::error::Error;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch};
use arrow::compute::try_binary;
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use arrow::error::ArrowError;
use duckdb::Connection;
use duckdb::vscalar::{ArrowFunctionSignature, VArrowScalar};

/// The days of the engine's `infinity` and `-infinity`.
const INFINITE: [i32; 2] = [i32::MAX, -i32::MAX];

/// Replaces the difference of two dates on all connections of the instance.
pub(super) fn subtract_finite(connection: &Connection) -> duckdb::Result<()> {
    connection.register_scalar_function::<DaysBetween>("-")?;
    connection.register_scalar_function::<DaysBetween>("subtract")
}

struct DaysBetween;

impl VArrowScalar for DaysBetween {
    type State = ();

    fn invoke((): &(), input: RecordBatch) -> Result<Arc<dyn Array>, Box<dyn Error>> {
        let [later, earlier] = [0, 1].map(|at| input.column(at).as_primitive::<Date32Type>());
        let days: Int64Array = try_binary::<_, _, _, Int64Type>(later, earlier, |later, earlier| {
            if INFINITE.contains(&later) || INFINITE.contains(&earlier) {
                return Err(ArrowError::ComputeError("cannot subtract infinite dates".into()));
            }
            Ok(i64::from(later) - i64::from(earlier))
        })?;
        Ok(Arc::new(days))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        vec![ArrowFunctionSignature::exact(vec![DataType::Date32; 2], DataType::Int64)]
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::{Limits, in_memory, message};

    #[test]
    fn dates_are_subtracted_only_if_they_are_finite() {
        let connection = in_memory(&Limits::small()).unwrap();
        let dates = "FROM (VALUES (1, DATE '2024-01-03', DATE '2024-01-01'), (2, NULL, DATE '0044-03-15 (BC)'),
                     (3, DATE '-infinity', DATE '2024-01-01'), (4, DATE '2024-01-01', 'infinity')) t(id, a, b)";
        let ask = |select: &str, at: &str| {
            let sql = format!("SELECT coalesce(({select})::VARCHAR, 'NULL') {dates} WHERE id {at}");
            connection.query_row(&sql, [], |row| row.get::<_, String>(0)).map_err(|error| message(&error))
        };
        for (select, at, days) in [
            ("a - b", "= 1", Ok("2")),
            ("subtract(b, a)", "= 1", Ok("-2")),
            ("typeof(a - b)", "= 1", Ok("BIGINT")),
            ("a - b", "= 2", Ok("NULL")),
            ("a - DATE '2024-01-01'", "= 1", Ok("2")),
            ("DATE '2024-02-01' - DATE '2024-01-01'", "= 1", Ok("31")),
            ("a - 1", "= 1", Ok("2024-01-02")),
            ("a - 1", "= 3", Ok("-infinity")),
            ("a - INTERVAL 1 DAY", "= 1", Ok("2024-01-02 00:00:00")),
            ("id - 1", "= 1", Ok("0")),
            ("a - b", "= 3", Err(())),
            ("b - a", "= 4", Err(())),
            ("a - b", "> 3 AND a - b > 0", Err(())),
        ] {
            match (ask(select, at), days) {
                (Ok(found), Ok(days)) => assert_eq!(found, days, "{select} {at}"),
                (Err(error), Err(())) => assert!(error.contains("cannot subtract infinite dates"), "{error}"),
                (found, _) => panic!("{select} {at}: {found:?}"),
            }
        }
    }
}
