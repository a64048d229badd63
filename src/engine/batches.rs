//! The rows of a query as Arrow arrays, for checks of many values.

use arrow::array::StructArray;

use super::{Connection, Result};

/// Gives the rows of `select` to `take`, in batches and in order, as the engine reads them. Ends early if `take` returns false.
pub fn for_each_batch(connection: &Connection, select: &str, mut take: impl FnMut(&StructArray) -> bool) -> Result<()> {
    let mut statement = connection.prepare(select)?;
    // Its iterator would panic where reading fails; `step` returns the error.
    let _ = statement.stream_arrow([])?;
    while let Some(batch) = statement.step()? {
        if !take(&batch) {
            break;
        }
    }
    Ok(())
}
