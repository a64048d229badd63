//! How much of a batch fits in what is left of an Arrow IPC stream.

use std::io;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;

use super::counted::Counted;

/// More than a column needs beside its values: a header and padding of each buffer, in bytes.
const COLUMN: usize = 1024;

/// The most rows that take at most `bytes`.
pub fn fitting_rows(batch: &RecordBatch, bytes: usize) -> Result<usize, ArrowError> {
    if batch.get_array_memory_size() + COLUMN * batch.num_columns() <= bytes {
        return Ok(batch.num_rows());
    }
    let (mut fitting, mut too_many) = (0, batch.num_rows() + 1);
    while fitting + 1 < too_many {
        let rows = fitting.midpoint(too_many);
        if size(&batch.slice(0, rows))? <= bytes { fitting = rows } else { too_many = rows }
    }
    Ok(fitting)
}

/// In bytes, without the schema.
fn size(batch: &RecordBatch) -> Result<usize, ArrowError> {
    let mut stream = StreamWriter::try_new(Counted { inner: io::sink(), bytes: 0 }, &batch.schema())?;
    let schema = stream.get_ref().bytes;
    stream.write(batch)?;
    Ok(stream.get_ref().bytes - schema)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray};

    use super::*;

    #[test]
    fn as_many_as_fit_and_no_more() {
        let texts: StringArray = (0..1000_i32).map(|row| Some("x".repeat(row as usize))).collect();
        let batch = RecordBatch::try_from_iter([("text", Arc::new(texts) as ArrayRef)]).unwrap();
        for bytes in [0, 300, 5_000, 100_000, 500_000, 10_000_000] {
            let rows = fitting_rows(&batch, bytes).unwrap();
            assert!(rows == 0 || size(&batch.slice(0, rows)).unwrap() <= bytes, "{rows} rows in {bytes}");
            assert!(rows == 1000 || size(&batch.slice(0, rows + 1)).unwrap() > bytes, "{rows} rows in {bytes}");
        }
        assert_eq!((fitting_rows(&batch, 100).unwrap(), fitting_rows(&batch, 10_000_000).unwrap()), (0, 1000));
    }
}
