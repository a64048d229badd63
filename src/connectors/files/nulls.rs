//! Columns without any value, which get the type that the other files of their table give them.

use std::path::Path;

use super::engine::TableEngine;
use super::fault::Fault;
use super::state::Column;
use crate::base::atomic_file::Pending;
use crate::base::ident::{quote_ident, quote_path};
use crate::extract::lossless;

/// Writes the file of `pending` again if such columns have another type in it than was decided; `written` are the types
/// in the file. Every other value is copied.
pub fn retype(
    pending: Pending,
    target: &Path,
    columns: &[Column],
    written: &[String],
    engine: &TableEngine<'_>,
) -> Result<Pending, Fault> {
    let changed = columns.iter().zip(written).filter(|(column, written)| column.is_null() && column.kind != **written);
    let nulls = changed.map(|(column, _)| {
        let name = quote_ident(&column.name);
        let is_null = format!("CASE WHEN {name} IS NOT NULL THEN error('a value in an empty column') END");
        format!("CAST({is_null} AS {}) AS {name}", column.kind)
    });
    let nulls: Vec<_> = nulls.collect();
    if nulls.is_empty() {
        return Ok(pending);
    }
    let source = format!("read_parquet({}, hive_partitioning = false)", quote_path(pending.path()));
    let retyped = Pending::beside(target).map_err(Fault::write)?;
    let select = format!("SELECT * REPLACE ({}) FROM {source}", nulls.join(", "));
    lossless::write(engine.get()?, &select, retyped.path()).map_err(|error| Fault::table(&error))?;
    Ok(retyped)
}
