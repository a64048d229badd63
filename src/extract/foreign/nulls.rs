//! Columns that hold nothing but nulls.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use arrow::array::Array;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;

/// Rows that are read before the next look.
const BATCH: usize = 1024;

/// Returns for each column whether it has no value in any row. Nothing is returned for a file that the second reader cannot
/// read.
pub fn null_columns(path: &Path) -> Vec<bool> {
    // The reader may panic on damaged data.
    catch_unwind(AssertUnwindSafe(|| read(path))).ok().and_then(Result::ok).unwrap_or_default()
}

fn read(path: &Path) -> Result<Vec<bool>, ParquetError> {
    let file = File::open(path)?;
    let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new().with_skip_arrow_metadata(true))?;
    let columns = metadata.parquet_schema().root_schema().get_fields().len();
    (0..columns).map(|column| is_null(&file, &metadata, column)).collect()
}

fn is_null(file: &File, metadata: &ArrowReaderMetadata, column: usize) -> Result<bool, ParquetError> {
    if has_counted_value(metadata, column) {
        return Ok(false);
    }
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file.try_clone()?, metadata.clone())
        .with_projection(ProjectionMask::roots(metadata.parquet_schema(), [column]))
        .with_batch_size(BATCH)
        .build()?;
    for batch in reader {
        let batch = batch?;
        if batch.column(0).logical_null_count() < batch.num_rows() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns whether the statistics count fewer nulls than values.
fn has_counted_value(metadata: &ArrowReaderMetadata, column: usize) -> bool {
    let schema = metadata.parquet_schema();
    let mut leaves = (0..schema.num_columns()).filter(|leaf| schema.get_column_root_idx(*leaf) == column);
    leaves.any(|leaf| {
        metadata.metadata().row_groups().iter().map(|group| group.column(leaf)).any(|chunk| {
            let nulls = chunk.statistics().and_then(|statistics| statistics.null_count_opt());
            nulls.is_some_and(|nulls| i64::try_from(nulls).is_ok_and(|nulls| nulls < chunk.num_values()))
        })
    })
}
