//! `analytics/server.duckdb`: one view per published table, and in `_published` what each stands for. Views and facts
//! change together, by one rename.

use std::path::Path;

use crate::base::atomic_file::{PUBLIC, Pending};
use crate::base::{ident, time};
use crate::config::DataDir;
use crate::engine::{self, Limits, params};
use crate::extract::{ExtractError, PublishedTable};

/// Writes the database whole.
pub(super) fn write(data_dir: &DataDir, tables: &[PublishedTable]) -> Result<(), ExtractError> {
    let pending = Pending::beside(&data_dir.analytics_db(), PUBLIC)?;
    let connection = engine::open(pending.path(), &Limits::small())?;
    connection.execute_batch(
        "BEGIN; CREATE TABLE _published (name VARCHAR, source VARCHAR, description VARCHAR, file VARCHAR, hash VARCHAR,
                                         size_bytes UBIGINT, rows BIGINT, extracted_at TIMESTAMP, origin VARCHAR)",
    )?;
    for table in tables {
        let view = ident::quote_ident(&table.name);
        let file = ident::quote_path(&table.file);
        connection.execute_batch(&format!("CREATE VIEW {view} AS SELECT * FROM read_parquet({file})"))?;
        connection.execute(
            "INSERT INTO _published VALUES (?, ?, ?, ?, ?, ?, ?, make_timestamp(?::BIGINT), ?)",
            params![
                table.name,
                table.source,
                table.description,
                table.file.file_name().map(|name| name.to_string_lossy().into_owned()),
                table.hash,
                table.size_bytes,
                table.rows,
                table.extracted_at.map(|at| at.as_microsecond()),
                table.origin
            ],
        )?;
    }
    connection.execute_batch("COMMIT; CHECKPOINT")?;
    connection.close().map_err(|(_, error)| error)?;
    pending.commit()?;
    Ok(())
}

/// Reads what was last published; tables whose file is gone are left out. Databases of v0.35 hold no such facts: then
/// nothing counts as published until the first rebuild.
pub(super) fn read(data_dir: &DataDir) -> Vec<PublishedTable> {
    let path = data_dir.analytics_db();
    if !path.exists() {
        return Vec::new();
    }
    try_read(&path, &data_dir.published()).unwrap_or_else(|error| {
        tracing::info!(error = engine::message(&error), "no earlier publication can be read; it will be made anew");
        Vec::new()
    })
}

fn try_read(path: &Path, published: &Path) -> engine::Result<Vec<PublishedTable>> {
    let connection = engine::open_read_only(path, &Limits::small())?;
    let tables: Vec<PublishedTable> = connection
        .prepare(
            "SELECT name, source, description, file, hash, size_bytes, rows, epoch_us(extracted_at), origin
             FROM _published",
        )?
        .query_map([], |row| {
            Ok(PublishedTable {
                name: row.get(0)?,
                source: row.get(1)?,
                description: row.get(2)?,
                file: published.join(row.get::<_, String>(3)?),
                hash: row.get(4)?,
                size_bytes: row.get(5)?,
                rows: row.get(6)?,
                extracted_at: row.get::<_, Option<i64>>(7)?.map(time::from_micros),
                origin: row.get(8)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(tables
        .into_iter()
        .filter(|table| std::fs::metadata(&table.file).is_ok_and(|file| file.len() == table.size_bytes))
        .collect())
}
