//! A few rows of a table.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use serde_json::{Map, Value};

use crate::query::output::distinct;
use crate::query::rows::Sink;
use crate::query::{Encoder, shown};

#[derive(Default)]
pub struct Sample {
    pub names: Vec<String>,
    pub rows: Vec<Row>,
    encoder: Option<Encoder>,
}

/// Values in the JSON of [`crate::query`].
pub struct Row(Vec<String>);

impl Row {
    /// As a table shows them, with whether they are aligned to the right.
    pub fn cells(&self) -> impl Iterator<Item = (String, bool)> {
        let text = |value| shown::text(value).unwrap_or_default().into_owned();
        self.0.iter().map(move |value| (text(value), shown::is_number(value)))
    }
}

impl Sample {
    /// The rows as JSON objects.
    pub fn objects(&self) -> serde_json::Result<Vec<Map<String, Value>>> {
        let value = |text: &String| serde_json::from_str(&shown::exact(text));
        let object = |row: &Row| {
            let values = self.names.iter().zip(&row.0);
            values.map(|(name, text)| Ok((name.clone(), value(text)?))).collect()
        };
        self.rows.iter().map(object).collect()
    }
}

impl Sink for Sample {
    type Error = anyhow::Error;

    fn columns(&mut self, schema: &SchemaRef) -> anyhow::Result<()> {
        self.names = distinct(schema.fields().iter().map(|field| field.name().as_str()));
        self.encoder = Some(Encoder::new(schema));
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> anyhow::Result<bool> {
        let Some(encoder) = &self.encoder else { return Ok(false) };
        for row in 0..batch.num_rows() {
            let values = (0..batch.num_columns()).map(|column| {
                let mut value = String::new();
                encoder.write_value(&mut value, batch, column, row);
                value
            });
            self.rows.push(Row(values.collect()));
        }
        Ok(true)
    }

    fn too_large(&mut self) -> anyhow::Result<()> {
        Ok(())
    }
}
