//! The rows of a scan, written as they come into a file that is not in place yet.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::reader::StreamDecoder;
use indicatif::ProgressBar;

use super::meta::{FOOTER_KEY, Origin};
use super::quota::Quota;
use super::stored;
use crate::base::atomic_file::Pending;
use crate::base::{disk, hash};
use crate::cli::workspace::Workspace;
use crate::cli::{Api, CliError, Context};
use crate::client::{ClientError, ResultStream};
use crate::query::output::{Extent, Format, Writer};
use crate::query::rows::{Sink, mapped};

/// The end of an Arrow stream: a message of no length.
const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
/// With less free space than that, a failure to write is a full disk.
const FULL: u64 = 1 << 20;

/// All rows of a scan. Dropped, they leave nothing behind.
pub struct Fetched {
    pub pending: Pending,
    pub origin: Origin,
    pub rows: u64,
    pub bytes: u64,
    pub md5: String,
    /// Locked while it is in use, so that nobody takes it for a leftover.
    pub file: File,
}

/// Fetches the rows of a snapshot; `refused` is the error for a scan that the server does not begin.
pub fn fetch(
    name: &str,
    origin: Origin,
    workspace: &Workspace,
    api: &Api,
    context: &Context,
    refused: impl FnOnce(ClientError) -> CliError,
) -> anyhow::Result<Fetched> {
    let quota = Quota::of(workspace, name, context)?;
    quota.check(0)?;
    let request = origin.request();
    let results = api.block_on(async |client| client.scan(&request).await).map_err(refused)?;
    let (bar, target) = (context.printer.transfer(), stored::file(workspace, name));
    let fetched = api.block_on(async |_| write(results, origin, &target, quota, &bar).await);
    bar.finish_and_clear();
    if fetched.is_err() {
        // It may have been made for this; one that holds something stays.
        let _ = std::fs::remove_dir(workspace.snapshots_dir());
    }
    fetched
}

/// Writes the rows of `results` for the file `target`.
async fn write(
    mut results: ResultStream,
    mut origin: Origin,
    target: &Path,
    quota: Quota,
    bar: &ProgressBar,
) -> anyhow::Result<Fetched> {
    let unwritable = |error| {
        let folder = target.parent().unwrap_or(target).display();
        CliError::new("workspace_unwritable", format!("cannot write to {folder}: {error}"))
    };
    let pending = Pending::beside(target).map_err(unwritable)?;
    let file = pending.create().map_err(unwritable)?;
    // Nobody else knows the name.
    let _ = file.try_lock();
    let written = file.try_clone()?;
    let mut rows = Rows::new(BufWriter::new(written));
    let mut tail = Vec::new();
    while let Some(bytes) = results.next().await.map_err(CliError::from)? {
        bar.inc(bytes.len() as u64);
        tail.extend_from_slice(&bytes[bytes.len().saturating_sub(END.len())..]);
        tail.drain(..tail.len().saturating_sub(END.len()));
        rows.decode(Buffer::from(bytes)).map_err(|error| unwritten(error, target, &results))?;
        quota.check(file.metadata()?.len())?;
    }
    if tail != END {
        return Err(CliError::from(results.ended_early()).into());
    }
    let announced = results.rows();
    if announced.is_some_and(|announced| announced != rows.count) {
        return Err(CliError::from(results.ended_early()).into());
    }
    origin.truncated = results.is_truncated();
    let count = rows.count;
    rows.writer.note(FOOTER_KEY, serde_json::to_string(&origin)?);
    rows.writer.finish().map_err(|error| unwritten(error.into(), target, &results))?;
    let (hasher, bytes) = hash::hash_file(pending.path())?;
    quota.check(bytes)?;
    Ok(Fetched { pending, origin, rows: count, bytes, md5: hasher.finish(), file })
}

struct Rows {
    decoder: StreamDecoder,
    writer: Writer<BufWriter<File>>,
    /// What is written; `None` before the columns are known.
    schema: Option<SchemaRef>,
    count: u64,
}

impl Rows {
    fn new(out: BufWriter<File>) -> Self {
        let extent = Extent { rows: usize::MAX, bytes: usize::MAX, is_cut: false };
        let writer = Writer::new(out, Format::Parquet, extent, usize::MAX);
        Self { decoder: StreamDecoder::new(), writer, schema: None, count: 0 }
    }

    fn decode(&mut self, mut bytes: Buffer) -> anyhow::Result<()> {
        while !bytes.is_empty() {
            let batch = self.decoder.decode(&mut bytes)?;
            if let (None, Some(sent)) = (&self.schema, self.decoder.schema()) {
                let schema = of_parquet(&sent);
                self.writer.columns(&schema)?;
                self.schema = Some(schema);
            }
            if let (Some(batch), Some(schema)) = (batch, &self.schema) {
                let columns = batch.columns().iter().zip(schema.fields());
                let columns = columns.map(|(values, field)| cast(values, field.data_type()));
                let batch = RecordBatch::try_new(schema.clone(), columns.collect::<Result<_, _>>()?)?;
                self.count += batch.num_rows() as u64;
                self.writer.batch(&batch)?;
            }
        }
        Ok(())
    }
}

/// Without what the fields say about the engine's types, which the server has applied, and with texts for intervals, which
/// parquet cannot hold.
fn of_parquet(schema: &Schema) -> SchemaRef {
    let plain = |data_type: &DataType| matches!(data_type, DataType::Interval(_)).then_some(DataType::Utf8);
    let fields = schema.fields().iter().map(|field| Field::new(field.name(), mapped(field.data_type(), &plain), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn unwritten(error: anyhow::Error, target: &Path, results: &ResultStream) -> CliError {
    let folder = target.parent().unwrap_or(target);
    match disk::space(folder) {
        Ok(space) if space.free < FULL => {
            CliError::new("disk_full", format!("the disk of {} is full", folder.display()))
                .hint("Free some space, or fetch less (--select, --where, --limit).")
        }
        _ => results.unreadable(error.to_string()).into(),
    }
}
