//! Rows as JSON in the documented form (docs/analysts.md). The one encoder of the server's responses and of local queries;
//! [`super::shown`] makes of this JSON what `agnes query` prints.

mod calendar;
mod native;
mod scalar;
mod text;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};

use super::rows::TYPE;
use super::types::ColumnType;

/// Writes the rows of batches that [`super::rows::stream`] passes.
pub struct Encoder(Vec<Form>);

enum Form {
    Native(native::Write),
    /// Texts that the engine made of values of this type.
    Text(ColumnType),
}

impl Form {
    fn of(field: &Field) -> Self {
        let name = field.metadata().get(TYPE).map(String::as_str);
        match (name, field.data_type()) {
            (Some(name), DataType::Utf8) => Self::Text(ColumnType::parse(name)),
            (name, data_type) => Self::Native(native::writer(data_type, name)),
        }
    }
}

impl Encoder {
    pub fn new(schema: &Schema) -> Self {
        Self(schema.fields().iter().map(|field| Form::of(field)).collect())
    }

    /// Whether the values of a column come as texts that the engine made of another type.
    pub fn is_text(&self, column: usize) -> bool {
        matches!(self.0[column], Form::Text(_))
    }

    /// Writes a row as an array.
    pub fn write_row(&self, out: &mut String, batch: &RecordBatch, row: usize) {
        out.push('[');
        for column in 0..batch.num_columns() {
            if column > 0 {
                out.push(',');
            }
            self.write_value(out, batch, column, row);
        }
        out.push(']');
    }

    pub fn write_value(&self, out: &mut String, batch: &RecordBatch, column: usize, row: usize) {
        let values = batch.column(column);
        match &self.0[column] {
            _ if values.is_null(row) => out.push_str("null"),
            Form::Native(write) => write(out, values, row),
            Form::Text(column) => text::write(out, column, values.as_string::<i32>().value(row)),
        }
    }
}
