//! Rows on their way to the terminal.

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};

use super::Format;
use super::rows::RowWriter;
use crate::cli::{Output, Printer};
use crate::query::Encoder;
use crate::query::rows::Sink;

/// Writes rows as they come.
pub struct Shown<'a> {
    format: Format,
    printer: &'a Printer,
    encoder: Encoder,
    writer: Option<RowWriter<'a>>,
    values: Vec<String>,
    /// Rows that may follow.
    left: usize,
    is_truncated: bool,
}

impl<'a> Shown<'a> {
    /// At most `left` rows.
    pub fn new(format: Format, left: usize, printer: &'a Printer) -> Self {
        let encoder = Encoder::new(&Schema::empty());
        Self { format, printer, encoder, writer: None, values: Vec::new(), left, is_truncated: false }
    }

    /// The output, and whether there were more rows.
    pub fn end(self) -> anyhow::Result<(Output, bool)> {
        let output = self.writer.map_or_else(|| Ok(Output::streamed()), RowWriter::end)?;
        Ok((output, self.is_truncated))
    }
}

impl Sink for Shown<'_> {
    type Error = anyhow::Error;

    fn columns(&mut self, schema: &SchemaRef) -> anyhow::Result<()> {
        let names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
        self.encoder = Encoder::new(schema);
        self.values = vec![String::new(); names.len()];
        self.writer = Some(RowWriter::begin(self.format, &names, self.printer)?);
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> anyhow::Result<bool> {
        let Some(writer) = &mut self.writer else { return Ok(false) };
        for row in 0..batch.num_rows() {
            if self.left == 0 {
                self.is_truncated = true;
                return Ok(false);
            }
            self.left -= 1;
            for (column, value) in self.values.iter_mut().enumerate() {
                value.clear();
                self.encoder.write_value(value, batch, column, row);
            }
            writer.row(&self.values)?;
        }
        Ok(true)
    }

    fn too_large(&mut self) -> anyhow::Result<()> {
        self.is_truncated = true;
        Ok(())
    }
}
