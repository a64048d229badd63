use std::io;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::documents::{self, Listed};
use super::folder::Folder;
use crate::base::{atomic_file, time};
use crate::openmetadata::{CatalogMetric, Reading, Selection, TableReading};
use crate::protocol::catalog_export::{CatalogExported, ExportedFiles, Skipped};
use crate::store::registry::Table;

/// Name of the list of all metrics, beside their directories.
pub const INDEX: &str = "metrics.yml";

/// Files below `DATA_DIR/docs`.
const METRICS: &str = "metrics";
const TABLES: &str = "tables";
const STATE: &str = ".catalog_sync_state.json";

/// Longest id of a metric that can be imported, in bytes.
const MAX_ID: usize = 500;

/// Writes the files, and removes those of earlier exports that are not among them.
pub fn write(
    docs: &Path,
    selection: &Selection,
    tables: &[Arc<Table>],
    reading: &Reading,
) -> io::Result<CatalogExported> {
    let at = time::now();
    let mut exported = CatalogExported { status: "exported".into(), ..CatalogExported::default() };
    if reading.metrics.is_empty() {
        // Rather a wrong name than the wish to have none.
        let warning = format!("OpenMetadata has no {selection}; the files of metrics stay as they are");
        exported.warnings.push(warning);
    } else {
        exported.metrics = write_metrics(&docs.join(METRICS), &reading.metrics, at)?;
    }
    (exported.tables, exported.unknown_tables) = write_tables(&docs.join(TABLES), tables, &reading.tables, at)?;
    let state = json!({
        "last_export": time::iso_offset(at),
        "metrics_count": exported.metrics.written,
        "tables_count": exported.tables.written,
    });
    atomic_file::write(&docs.join(STATE), state.to_string().as_bytes())?;
    Ok(exported)
}

fn write_metrics(root: &Path, metrics: &[CatalogMetric], at: Timestamp) -> io::Result<ExportedFiles> {
    let mut folder = Folder::new(root.to_owned());
    let (mut files, mut listed) = (ExportedFiles::default(), Vec::new());
    for metric in metrics {
        let file = match file_name(metric) {
            Ok(file) => file,
            Err(reason) => {
                files.skipped.push(Skipped { name: metric.fqn.clone(), reason });
                continue;
            }
        };
        let path = folder.path(&[&metric.category, &file])?;
        folder.write(&path, &documents::metric(metric, at)?)?;
        listed.push(Listed::new(metric, path));
    }
    files.written = listed.len();
    folder.keep(INDEX);
    if !listed.is_empty() {
        folder.write(INDEX, &documents::index(&listed)?)?;
    }
    files.removed = folder.clean()?;
    Ok(files)
}

/// `M1 Operational Margin` becomes `m1_operational_margin`.
fn file_name(metric: &CatalogMetric) -> Result<String, String> {
    let words: Vec<&str> = metric.name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err("its name has neither letters nor digits".into());
    }
    if metric.category.len() + "/".len() + metric.name.len() > MAX_ID || metric.display_name.len() > MAX_ID {
        return Err(format!("its names are longer than {MAX_ID} bytes"));
    }
    Ok(words.join("_").to_lowercase())
}

/// Also returns the tables that OpenMetadata does not know.
fn write_tables(
    root: &Path,
    tables: &[Arc<Table>],
    readings: &[TableReading],
    at: Timestamp,
) -> io::Result<(ExportedFiles, Vec<String>)> {
    let mut folder = Folder::new(root.to_owned());
    let (mut files, mut unknown) = (ExportedFiles::default(), Vec::new());
    for (row, reading) in tables.iter().zip(readings) {
        let path = folder.path(&[&row.name])?;
        match reading {
            Ok(Some(table)) => {
                folder.write(&path, &documents::table(&row.name, table, at)?)?;
                files.written += 1;
            }
            Ok(None) => unknown.push(row.name.clone()),
            Err(error) => {
                folder.keep(&path);
                files.skipped.push(Skipped { name: row.name.clone(), reason: format!("OpenMetadata: {error}") });
            }
        }
    }
    files.removed = folder.clean()?;
    Ok((files, unknown))
}
