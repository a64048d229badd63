//! Rows come in batches that can be sent to another process.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use super::Fixture;
use crate::engine::{self, Connection, Limits};
use crate::query::output::Values;
use crate::query::rows::{self, Options, Sink};
use crate::query::{Encoder, QueryError};

/// Everything that a statement returns, written and read as Arrow IPC.
pub struct Collected {
    pub names: Vec<String>,
    /// In JSON.
    pub rows: Vec<String>,
    batches: usize,
    is_too_large: bool,
    /// Stops after this batch.
    wanted: usize,
    stream: Option<StreamWriter<Vec<u8>>>,
}

impl Collected {
    pub fn of(connection: &Connection, sql: &str) -> Self {
        let options = Options { rows: usize::MAX >> 1, row_bytes: usize::MAX, is_ordered: false, values: Values::Text };
        Self::with(connection, sql, options, usize::MAX).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn with(connection: &Connection, sql: &str, options: Options, wanted: usize) -> Result<Self, QueryError> {
        let mut collected =
            Self { names: Vec::new(), rows: Vec::new(), batches: 0, is_too_large: false, wanted, stream: None };
        rows::stream(connection, sql, options, &mut collected)?;
        let bytes = collected.stream.take().unwrap().into_inner().unwrap();
        let reader = StreamReader::try_new(bytes.as_slice(), None).unwrap();
        let schema = reader.schema();
        collected.names = schema.fields().iter().map(|field| field.name().clone()).collect();
        let encoder = Encoder::new(&schema);
        for batch in reader {
            let batch = batch.unwrap();
            for row in 0..batch.num_rows() {
                let mut out = String::new();
                encoder.write_row(&mut out, &batch, row);
                collected.rows.push(out);
            }
        }
        Ok(collected)
    }
}

impl Sink for Collected {
    type Error = QueryError;

    fn columns(&mut self, schema: &SchemaRef) -> Result<(), QueryError> {
        self.stream = Some(StreamWriter::try_new(Vec::new(), schema).unwrap());
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<bool, QueryError> {
        self.stream.as_mut().unwrap().write(batch).unwrap();
        self.batches += 1;
        Ok(self.batches < self.wanted)
    }

    fn too_large(&mut self) -> Result<(), QueryError> {
        self.is_too_large = true;
        Ok(())
    }
}

fn connection() -> Connection {
    engine::in_memory(&Limits::small()).unwrap()
}

fn options(rows: usize) -> Options {
    Options { rows, row_bytes: usize::MAX, is_ordered: false, values: Values::Text }
}

#[test]
fn rows_come_before_the_last_one_is_computed() {
    let connection = connection();
    let endless = "SELECT i, 'x' || i, INTERVAL (i) DAY FROM range(9000000000000000000) t(i)";
    for sql in [endless, &endless.replace("INTERVAL (i) DAY", "i")] {
        let first = Collected::with(&connection, sql, options(usize::MAX >> 1), 2).unwrap();
        assert_eq!(first.batches, 2, "{sql}");
        assert!(first.rows[0].starts_with("[0,\"x0\","), "{sql}");
        let few = Collected::with(&connection, sql, options(3), usize::MAX).unwrap();
        assert_eq!(few.rows.len(), 3, "{sql}");
    }
}

#[test]
fn errors_in_the_middle_are_errors() {
    let connection = connection();
    for value in ["i", "[i]", "INTERVAL (i) DAY"] {
        let sql = format!("SELECT {value}, (CASE WHEN i < 100000 THEN '1' ELSE 'x' END)::INT FROM range(200000) t(i)");
        let first = Collected::with(&connection, &sql, options(10_000), usize::MAX).unwrap();
        assert_eq!(first.rows.len(), 10_000, "{sql}");
        let failed = Collected::with(&connection, &sql, options(usize::MAX >> 1), usize::MAX).err().unwrap();
        assert!(matches!(&failed, QueryError::Sql(text) if text.contains("Conversion Error")), "{failed:?}");
    }
}

#[test]
fn only_the_first_rows_are_sorted() {
    let connection = connection();
    let ordered = |sql: &str| {
        let options = Options { is_ordered: true, ..options(2) };
        Collected::with(&connection, sql, options, usize::MAX).unwrap()
    };
    let first = ordered("SELECT i AS a, -i AS a FROM range(5000000) t(i) ORDER BY i DESC -- the last ones");
    assert_eq!(
        (first.names.as_slice(), first.rows.as_slice()),
        (&["a".into(), "a".into()][..], &["[4999999,-4999999]".into(), "[4999998,-4999998]".into()][..])
    );
    assert_eq!(ordered("SELECT i FROM range(9) t(i) ORDER BY i OFFSET 4").rows, ["[4]", "[5]"]);
    assert_eq!(ordered("SELECT i FROM range(9) t(i) ORDER BY i LIMIT 1").rows, ["[0]"]);
}

#[test]
fn a_row_that_is_too_large_ends_the_rows() {
    let connection = connection();
    let sql = "SELECT repeat('x', CASE WHEN i = 3000 THEN 20000000 ELSE 1000 END), i FROM range(4000) t(i)";
    let options = Options { row_bytes: 10_000_000, ..options(usize::MAX >> 1) };
    let collected = Collected::with(&connection, sql, options, usize::MAX).unwrap();
    assert_eq!((collected.rows.len(), collected.is_too_large), (3000, true));
    assert_eq!(Collected::of(&connection, sql).rows.len(), 4000);
}

#[test]
fn results_may_have_thousands_of_columns() {
    let fixture = Fixture::new();
    for value in ["i", "[i]"] {
        let columns: Vec<String> = (0..5000).map(|index| format!("{value} + {index} AS c{index}")).collect();
        let columns =
            columns.join(", ").replace("] + ", ", ").replace(" AS", if value == "i" { " AS" } else { "] AS" });
        let body = fixture.body(&format!("SELECT {columns} FROM range(2) t(i)"));
        assert_eq!(body["columns"][4999], "c4999");
        let last = if value == "i" { serde_json::json!(5000) } else { serde_json::json!([1, 4999]) };
        assert_eq!(body["rows"][1][4999], last);
    }
}

#[test]
fn names_stay_as_they_are() {
    let fixture = Fixture::new();
    for columns in ["1 AS a, 2 AS a, 3 AS \"A b\"", "1 AS a, [2] AS a, 3 AS \"A b\""] {
        for order in ["", "ORDER BY 1"] {
            let body = fixture.body(&format!("SELECT {columns} {order}"));
            assert_eq!(body["columns"], serde_json::json!(["a", "a", "A b"]), "{columns}");
        }
    }
}
