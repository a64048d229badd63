//! Runs a statement and passes its rows on in batches, as the engine computes them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Decimal128Type, Field, Schema, SchemaRef};
use arrow::error::ArrowError;

use super::columns::Columns;
use super::output::Values;
use crate::engine::{self, Connection, LogicalType, LogicalTypeId as Type, Statement};

/// The key of a field's metadata under which the name of its type is, where the Arrow type does not say it.
pub const TYPE: &str = "duckdb.type";

/// Batches with more bytes are passed in pieces.
const PIECE_BYTES: usize = 1024 * 1024;
/// Of a value that has no length of its own, in bytes.
const FIXED_BYTES: usize = 16;

#[derive(Clone, Copy)]
pub struct Options {
    /// At most so many rows are passed.
    pub rows: usize,
    /// A row whose values have more bytes in JSON is not passed, and no row after it.
    pub row_bytes: usize,
    /// Whether the statement ends with `ORDER BY` and has no `LIMIT`, so that only the first rows need to be sorted.
    pub is_ordered: bool,
    pub values: Values,
}

/// Where the rows go.
pub trait Sink {
    type Error: From<engine::Error>;

    /// Once, before the rows. [`super::Encoder`] reads the schema.
    fn columns(&mut self, schema: &SchemaRef) -> Result<(), Self::Error>;

    /// Returns whether it wants more.
    fn batch(&mut self, batch: &RecordBatch) -> Result<bool, Self::Error>;

    /// The next row is larger than [`Options::row_bytes`].
    fn too_large(&mut self) -> Result<(), Self::Error>;
}

/// Runs the statement and passes its columns and rows to `sink`.
///
/// Values are not converted, except those of types that Arrow does not have: they become texts in the engine, which needs
/// a statement that can be a subquery.
pub fn stream<S: Sink>(connection: &Connection, sql: &str, options: Options, sink: &mut S) -> Result<(), S::Error> {
    let limited = || connection.prepare(&format!("{sql}\nLIMIT {}", options.rows)).ok();
    // The engine refuses a larger limit, and a statement that is refused ends the transaction.
    let can_limit = options.is_ordered && i64::try_from(options.rows).is_ok();
    let mut statement = match can_limit.then(limited).flatten() {
        Some(limited) => limited,
        None => connection.prepare(sql)?,
    };
    let unreadable = match statement.stream_arrow([]) {
        Ok(_) => {
            let unreadable =
                (0..statement.column_count()).find(|column| Reading::of(&statement, *column, options.values).is_none());
            unreadable.map(|column| format!("column {}", statement.column_names()[column]))
        }
        Err(error) if engine::is_unreadable_type(&error) => Some("a column".into()),
        Err(error) => return Err(error.into()),
    };
    let Some(unreadable) = unreadable else {
        return pass(&statement, &[], options, sink);
    };
    drop(statement);
    let columns = Columns::describe(connection, sql, options.values).map_err(|_| {
        invalid(format!(
            "{unreadable} cannot be shown as the result of this kind of statement; use a SELECT, or cast it to VARCHAR"
        ))
    })?;
    let mut statement = connection.prepare(&columns.select(sql, options.rows))?;
    let _ = statement.stream_arrow([])?;
    pass(&statement, &columns.fields(), options, sink)
}

/// How the values of a column are read.
enum Reading {
    Plain,
    /// The Arrow type does not say what it is.
    Named(&'static str),
    /// Dictionaries in it become texts.
    Text,
}

impl Reading {
    /// `None` for types that have no exact form in Arrow, or none that DuckDB's names for them agree with; and, where
    /// values come as texts, for FLOAT, whose digits only the engine writes as it does.
    fn of(statement: &Statement<'_>, column: usize, values: Values) -> Option<Self> {
        Self::of_type(&statement.column_logical_type(column), values)
    }

    fn of_type(logical: &LogicalType, values: Values) -> Option<Self> {
        if logical.get_alias().is_some_and(|alias| alias != "JSON") {
            return None;
        }
        let is_native = |child| matches!(Self::of_type(&logical.child(child), values), Some(Self::Plain | Self::Text));
        Some(match logical.id() {
            Type::Float if values == Values::Native => Self::Plain,
            Type::List | Type::Array | Type::Struct | Type::Map
                if values == Values::Native && (0..logical.num_children()).all(is_native) =>
            {
                Self::Text
            }
            Type::Hugeint => Self::Named("HUGEINT"),
            Type::UHugeint => Self::Named("UHUGEINT"),
            Type::Enum => Self::Text,
            Type::Boolean | Type::Tinyint | Type::Smallint | Type::Integer | Type::Bigint => Self::Plain,
            Type::UTinyint | Type::USmallint | Type::UInteger | Type::UBigint => Self::Plain,
            Type::Double | Type::Decimal | Type::Varchar | Type::Blob | Type::Uuid => Self::Plain,
            Type::Date | Type::Time | Type::Timestamp | Type::TimestampTZ => Self::Plain,
            Type::TimestampS | Type::TimestampMs | Type::TimestampNs | Type::SqlNull => Self::Plain,
            _ => return None,
        })
    }
}

/// Passes the rows of a running statement. `texts` are the names of its columns, and the types of those that are converted
/// to text; if it is empty, the names are those of the statement.
fn pass<S: Sink>(
    statement: &Statement<'_>,
    texts: &[(&str, Option<&str>)],
    options: Options,
    sink: &mut S,
) -> Result<(), S::Error> {
    let schema = statement.schema();
    let fields = schema.fields().iter().enumerate().map(|(column, field)| {
        let (name, text) = texts.get(column).copied().unwrap_or((field.name(), None));
        let (data_type, named) = match Reading::of(statement, column, options.values) {
            Some(Reading::Named(named)) => (field.data_type().clone(), Some(named)),
            Some(Reading::Text) => (mapped(field.data_type(), &without_dictionary), None),
            _ => (field.data_type().clone(), None),
        };
        let metadata = text.or(named).map(|name| (TYPE.to_owned(), name.to_owned()));
        Field::new(name, data_type, true).with_metadata(HashMap::from_iter(metadata))
    });
    let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    sink.columns(&schema)?;
    let mut left = options.rows;
    while left > 0
        && let Some(rows) = statement.step()?
    {
        let count = rows.len().min(left);
        left -= count;
        let (_, columns, _) = rows.into_parts();
        let batch = batch(&schema, columns, count).map_err(|error| invalid(error.to_string()))?;
        if options.values == Values::Native {
            fit(&batch)?;
        }
        for piece in pieces(&batch, options.row_bytes) {
            match piece {
                Some(rows) if sink.batch(&batch.slice(rows.start, rows.len()))? => {}
                Some(_) => return Ok(()),
                None => return sink.too_large(),
            }
        }
    }
    Ok(())
}

fn batch(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch, ArrowError> {
    let columns = columns.iter().zip(schema.fields()).map(|(column, field)| {
        let column = column.slice(0, rows);
        if column.data_type() == field.data_type() {
            Ok(column)
        } else {
            arrow::compute::cast(&column, field.data_type())
        }
    });
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), columns.collect::<Result<_, _>>()?, &options)
}

/// The type with other types for some parts, wherever they are in it.
pub fn mapped(data_type: &DataType, map: &impl Fn(&DataType) -> Option<DataType>) -> DataType {
    let inner = |field: &Arc<Field>| Arc::new(Field::clone(field).with_data_type(mapped(field.data_type(), map)));
    match data_type {
        DataType::List(item) => DataType::List(inner(item)),
        DataType::FixedSizeList(item, length) => DataType::FixedSizeList(inner(item), *length),
        DataType::Map(entries, is_sorted) => DataType::Map(inner(entries), *is_sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        other => map(other).unwrap_or_else(|| other.clone()),
    }
}

fn without_dictionary(data_type: &DataType) -> Option<DataType> {
    if let DataType::Dictionary(_, values) = data_type { Some(DataType::clone(values)) } else { None }
}

/// Checks that the integers of 128 bits, which come as decimals of 38 digits, have no more.
fn fit(batch: &RecordBatch) -> engine::Result<()> {
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let Some(named) = field.metadata().get(TYPE).filter(|_| matches!(field.data_type(), DataType::Decimal128(..)))
        else {
            continue;
        };
        let values = column.as_primitive::<Decimal128Type>();
        let is_unsigned = named == "UHUGEINT";
        let fits = |value: i128| value.unsigned_abs() < 10_u128.pow(38) && (value >= 0 || !is_unsigned);
        if !values.iter().flatten().all(fits) {
            return Err(invalid(format!(
                "column {} holds an integer of 39 digits, which does not fit in a decimal; cast it to VARCHAR",
                field.name()
            )));
        }
    }
    Ok(())
}

/// The rows in pieces; ends with `None` where a row is larger than `row_bytes`.
fn pieces(batch: &RecordBatch, row_bytes: usize) -> Vec<Option<Range<usize>>> {
    let rows = batch.num_rows();
    if bytes(batch, 0..rows) <= PIECE_BYTES.min(row_bytes) {
        return vec![Some(0..rows)];
    }
    let (mut pieces, mut start, mut size) = (Vec::new(), 0, 0);
    for row in 0..rows {
        let mut own = bytes(batch, row..row + 1);
        if own > row_bytes / LONGEST_ESCAPE {
            own += escapes(batch, row);
        }
        if start < row && (own > row_bytes || size + own > PIECE_BYTES) {
            pieces.push(Some(start..row));
            (start, size) = (row, 0);
        }
        if own > row_bytes {
            pieces.push(None);
            return pieces;
        }
        size += own;
    }
    pieces.push(Some(start..rows));
    pieces
}

/// The size of some rows: in JSON, but for what is escaped there.
fn bytes(batch: &RecordBatch, rows: Range<usize>) -> usize {
    let size = |column: &ArrayRef| {
        let length = |offsets: &[i32]| (offsets[rows.end] - offsets[rows.start]) as usize;
        match column.data_type() {
            DataType::Utf8 => length(column.as_string::<i32>().value_offsets()),
            // As base64.
            DataType::Binary => length(column.as_binary::<i32>().value_offsets()).div_ceil(3) * 4,
            _ => rows.len() * FIXED_BYTES,
        }
    };
    batch.columns().iter().map(size).sum()
}

/// `\u0001`
const LONGEST_ESCAPE: usize = 6;

/// What escapes in JSON add to the texts of a row at most, in bytes.
fn escapes(batch: &RecordBatch, row: usize) -> usize {
    let added = |byte: u8| match byte {
        0..b' ' => LONGEST_ESCAPE - 1,
        b'"' | b'\\' => 1,
        _ => 0,
    };
    let texts = batch.columns().iter().filter_map(|column| column.as_string_opt::<i32>());
    texts.filter(|texts| texts.is_valid(row)).flat_map(|texts| texts.value(row).bytes()).map(added).sum()
}

fn invalid(text: String) -> engine::Error {
    engine::Error::ToSqlConversionFailure(text.into())
}
