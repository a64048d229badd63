//! Rows on their way to whoever takes them.

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};

use super::rows::Rows;
use crate::query::Encoder;
use crate::query::output::distinct;
use crate::query::rows::Sink;

/// Passes rows on as they come.
pub struct Shown<R> {
    encoder: Encoder,
    rows: R,
    values: Vec<String>,
    /// Rows that may follow.
    left: usize,
    is_truncated: bool,
}

impl<R: Rows> Shown<R> {
    /// At most `left` rows.
    pub fn new(rows: R, left: usize) -> Self {
        Self { encoder: Encoder::new(&Schema::empty()), rows, values: Vec::new(), left, is_truncated: false }
    }

    /// Who has taken the rows, and whether there were more.
    pub fn end(self) -> (R, bool) {
        (self.rows, self.is_truncated)
    }
}

impl<R: Rows> Sink for Shown<R> {
    type Error = anyhow::Error;

    fn columns(&mut self, schema: &SchemaRef) -> anyhow::Result<()> {
        let names = distinct(schema.fields().iter().map(|field| field.name().as_str()));
        self.encoder = Encoder::new(schema);
        self.values = vec![String::new(); names.len()];
        Ok(self.rows.begin(names)?)
    }

    fn batch(&mut self, batch: &RecordBatch) -> anyhow::Result<bool> {
        for row in 0..batch.num_rows() {
            for (column, value) in self.values.iter_mut().enumerate() {
                value.clear();
                self.encoder.write_value(value, batch, column, row);
            }
            if self.left == 0 || !self.rows.row(&self.values)? {
                self.is_truncated = true;
                return Ok(false);
            }
            self.left -= 1;
        }
        Ok(true)
    }

    fn too_large(&mut self) -> anyhow::Result<()> {
        self.is_truncated = true;
        Ok(())
    }
}
