//! A [`Sink`] that writes a [`Format`].

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::counted::Counted;
use super::size::fitting_rows;
use super::{Codec, End, Extent, Format, Values, csv, distinct};
use crate::query::rows::{Sink, mapped};
use crate::query::{Encoder, QueryError, shown};

/// Of a row group, which is in memory until it is written.
const GROUP_ROWS: usize = 122_880;
const GROUP_BYTES: usize = 16 * 1024 * 1024;

/// Bytes of the names and types of all columns, and of what one has beside these.
const MAX_SCHEMA: usize = 4 * 1024 * 1024;
const FIELD: usize = 64;

/// Writes a result of limited length. A first row of more than `row_bytes` is an error.
pub struct Writer<W: Write + Send> {
    format: Format,
    extent: Extent,
    row_bytes: usize,
    end: End,
    /// For readers that are not ours.
    native: Option<Native>,
    state: State<Counted<W>>,
}

enum State<W: Write + Send> {
    Before(W),
    Arrow(StreamWriter<W>),
    Parquet(Box<ArrowWriter<W>>),
    Csv(W, Encoder),
    Failed,
}

impl<W: Write + Send> Writer<W> {
    pub fn new(out: W, format: Format, extent: Extent, row_bytes: usize) -> Self {
        let state = State::Before(Counted { inner: out, bytes: 0 });
        Self { format, extent, row_bytes, end: End::default(), native: None, state }
    }

    /// After the last row: the writer, and what was written.
    pub fn finish(self) -> Result<(W, End), QueryError> {
        let mut out = match self.state {
            State::Before(out) | State::Csv(out, _) => out,
            State::Arrow(stream) => stream.into_inner().map_err(arrow)?,
            State::Parquet(writer) => writer.into_inner().map_err(parquet)?,
            State::Failed => return Err(QueryError::Internal("the result could not be begun".into())),
        };
        out.flush().map_err(gone)?;
        Ok((out.inner, self.end))
    }

    /// Adds an entry to the footer of a parquet file.
    pub fn note(&mut self, key: &str, text: String) {
        if let State::Parquet(writer) = &mut self.state {
            writer.append_key_value_metadata(KeyValue::new(key.to_owned(), text));
        }
    }

    fn begin(&self, out: Counted<W>, schema: &SchemaRef) -> Result<State<Counted<W>>, QueryError> {
        Ok(match self.format {
            Format::Arrow { codec, .. } => {
                let codec = codec.map(|codec| match codec {
                    Codec::Lz4 => CompressionType::LZ4_FRAME,
                    Codec::Zstd => CompressionType::ZSTD,
                });
                let options = IpcWriteOptions::default().try_with_compression(codec).map_err(arrow)?;
                State::Arrow(StreamWriter::try_new_with_options(out, schema, options).map_err(arrow)?)
            }
            Format::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(Default::default()))
                    .set_max_row_group_row_count(Some(GROUP_ROWS))
                    .set_max_row_group_bytes(Some(GROUP_BYTES))
                    .build();
                State::Parquet(ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(parquet)?.into())
            }
            Format::Csv => {
                let mut out = out;
                let names = distinct(schema.fields().iter().map(|field| field.name().as_str()));
                csv::write(&mut out, names.into_iter().map(Some)).map_err(gone)?;
                State::Csv(out, Encoder::new(schema))
            }
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), QueryError> {
        match &mut self.state {
            State::Arrow(stream) => stream.write(batch).map_err(arrow),
            State::Parquet(writer) => writer.write(batch).map_err(parquet),
            State::Csv(out, encoder) => {
                let (mut json, mut records, columns) = (String::new(), Vec::new(), batch.num_columns());
                for row in 0..batch.num_rows() {
                    for column in 0..columns {
                        json.clear();
                        encoder.write_value(&mut json, batch, column, row);
                        csv::add(&mut records, column, columns, shown::text(&json).as_deref());
                    }
                }
                out.write_all(&records).map_err(gone)
            }
            State::Before(_) | State::Failed => Ok(()),
        }
    }

    fn bytes(&self) -> usize {
        match &self.state {
            State::Before(out) | State::Csv(out, _) => out.bytes,
            State::Arrow(stream) => stream.get_ref().bytes,
            State::Parquet(writer) => writer.bytes_written() + writer.in_progress_size(),
            State::Failed => 0,
        }
    }
}

impl<W: Write + Send> Sink for Writer<W> {
    type Error = QueryError;

    fn columns(&mut self, schema: &SchemaRef) -> Result<(), QueryError> {
        let size =
            |field: &FieldRef| FIELD + field.name().len() + field.metadata().values().map(String::len).sum::<usize>();
        if schema.fields().iter().map(size).sum::<usize>() > MAX_SCHEMA {
            return Err(QueryError::TooComplex("the result has too many columns".into()));
        }
        if let State::Before(out) = std::mem::replace(&mut self.state, State::Failed) {
            self.native = (self.format.values() == Values::Native).then(|| Native::new(schema, self.format));
            self.state = self.begin(out, self.native.as_ref().map_or(schema, |native| &native.schema))?;
        }
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<bool, QueryError> {
        let wanted = batch.num_rows().min(self.extent.rows - self.end.rows);
        let mut fitting = wanted;
        if fitting > 0 {
            let mut written = batch.slice(0, fitting);
            if let Some(native) = &self.native {
                written = native.of(&written)?;
            }
            if self.extent.is_cut {
                fitting = fitting_rows(&written, self.extent.bytes.saturating_sub(self.bytes())).map_err(arrow)?;
                written = written.slice(0, fitting);
            }
            if fitting > 0 {
                self.write(&written)?;
            }
            self.end.rows += fitting;
        }
        let is_last = fitting < batch.num_rows();
        self.end.is_truncated = if self.extent.is_cut { fitting < wanted } else { is_last };
        if is_last {
            return Ok(false);
        }
        if self.bytes() > self.extent.bytes && !self.extent.is_cut {
            return Err(QueryError::ResultTooLarge(self.extent.bytes / 1024 / 1024));
        }
        Ok(true)
    }

    fn too_large(&mut self) -> Result<(), QueryError> {
        if self.end.rows == 0 && self.extent.rows > 0 {
            return Err(QueryError::TooLarge(self.row_bytes / 1024 / 1024));
        }
        self.end.is_truncated = true;
        Ok(())
    }
}

/// Names that readers can tell apart, and the documented form of values that come as texts.
struct Native {
    schema: SchemaRef,
    encoder: Encoder,
}

impl Native {
    fn new(schema: &Schema, format: Format) -> Self {
        let names = distinct(schema.fields().iter().map(|field| field.name().as_str()));
        let fields = schema.fields().iter().zip(names).map(|(field, name)| {
            let data_type = match format {
                Format::Parquet => mapped(field.data_type(), &of_parquet),
                _ => field.data_type().clone(),
            };
            Field::clone(field).with_name(name).with_data_type(data_type)
        });
        Self { schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())), encoder: Encoder::new(schema) }
    }

    fn of(&self, batch: &RecordBatch) -> Result<RecordBatch, QueryError> {
        let text = |column: usize| {
            let mut json = String::new();
            let values = (0..batch.num_rows()).map(|row| {
                json.clear();
                self.encoder.write_value(&mut json, batch, column, row);
                shown::text(&json).map(Cow::into_owned)
            });
            Arc::new(values.collect::<StringArray>()) as ArrayRef
        };
        let options = CastOptions { safe: false, ..CastOptions::default() };
        let columns = batch.columns().iter().zip(self.schema.fields()).enumerate().map(|(column, (values, field))| {
            match self.encoder.is_text(column) {
                true => Ok(text(column)),
                false if values.data_type() == field.data_type() => Ok(values.clone()),
                false => cast_with_options(values, field.data_type(), &options).map_err(|error| {
                    QueryError::Sql(format!("column {} cannot be written as parquet: {error}", field.name()))
                }),
            }
        });
        RecordBatch::try_new(self.schema.clone(), columns.collect::<Result<_, _>>()?).map_err(arrow)
    }
}

/// Parquet has no timestamps in whole seconds.
fn of_parquet(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Timestamp(TimeUnit::Second, zone) => Some(DataType::Timestamp(TimeUnit::Millisecond, zone.clone())),
        _ => None,
    }
}

fn gone(_: io::Error) -> QueryError {
    QueryError::Cancelled
}

fn arrow(error: ArrowError) -> QueryError {
    match error {
        ArrowError::IoError(..) => QueryError::Cancelled,
        error => QueryError::Internal(error.to_string()),
    }
}

fn parquet(error: ParquetError) -> QueryError {
    match error {
        ParquetError::External(error) if error.is::<io::Error>() => QueryError::Cancelled,
        error => QueryError::Internal(error.to_string()),
    }
}
