//! Values that are read as they are have the form of those that the engine casts to text.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::streams::Collected;
use crate::engine::{self, Connection, Limits};
use crate::query::rows::TYPE;
use crate::query::{Encoder, types::ColumnType};

fn connection() -> Connection {
    engine::in_memory(&Limits::small()).unwrap()
}

/// The rows of the statement with every value as text.
fn from_texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut described = connection.prepare(&format!("DESCRIBE ({sql})")).unwrap();
    let types = described.query_map([], |row| row.get::<_, String>(1)).unwrap();
    let types: Vec<String> = types.map(Result::unwrap).collect();
    let names: Vec<String> = (0..types.len()).map(|index| format!("c{index}")).collect();
    let texts = types.iter().zip(&names).map(|(name, column)| ColumnType::parse(name).as_text(column));
    let texts = texts.collect::<Vec<_>>().join(", ");
    let mut statement = connection.prepare(&format!("SELECT {texts} FROM ({sql}) AS q({})", names.join(", "))).unwrap();
    let rows = statement.query_map([], |row| (0..types.len()).map(|column| row.get(column)).collect()).unwrap();
    let rows: Vec<Vec<Option<String>>> = rows.map(Result::unwrap).collect();

    let fields = types.iter().map(|name| {
        Field::new("c", DataType::Utf8, true).with_metadata(HashMap::from([(TYPE.to_owned(), name.clone())]))
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let columns = (0..types.len())
        .map(|column| Arc::new(rows.iter().map(|row| row[column].clone()).collect::<StringArray>()) as ArrayRef);
    let batch = RecordBatch::try_new(schema.clone(), columns.collect()).unwrap();
    let encoder = Encoder::new(&schema);
    let rows = (0..batch.num_rows()).map(|row| {
        let mut out = String::new();
        encoder.write_row(&mut out, &batch, row);
        out
    });
    rows.collect()
}

fn assert_alike(connection: &Connection, sql: &str) {
    // The engine adds a millisecond to the last moment that it has.
    let last = |row: String| row.replace("294247-01-10 04:00:54.776806", "294247-01-10 04:00:54.775806");
    let texts: Vec<String> = from_texts(connection, sql).into_iter().map(last).collect();
    assert_eq!(Collected::of(connection, sql).rows, texts, "{sql}");
}

#[test]
fn least_and_greatest_values_of_all_types() {
    let connection = connection();
    let mut types = connection.prepare("SELECT column_name FROM (DESCRIBE FROM test_all_types())").unwrap();
    let types: Vec<String> = types.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(types.len() > 50, "{types:?}");
    for name in &types {
        assert_alike(&connection, &format!("SELECT \"{name}\" FROM test_all_types()"));
    }
    assert_alike(&connection, "FROM test_all_types()");
}

#[test]
fn nasty_values() {
    let connection = connection();
    for (name, texts) in [
        (
            "DOUBLE",
            "0 -0.0 1 -1 0.1 1e-4 0.0001234 9.9999e-5 -0.00001 -0.000012 1.5e-5 1e-5 1e-6 -1.25e-7 1e-10 1e-100 5e-324 1e15 \
                    1e16 1e17 123456789012345680 1e21 -1e22 1e23 1e100 1e308 1.7976931348623157e308 inf -inf nan -nan \
                    9007199254740993 0.30000000000000004 100 1234567.125",
        ),
        ("FLOAT", "0 -0.0 0.1 1e-5 -1.5e-5 9.000015 1e-45 3.4028235e38 inf -inf nan 16777216 1e10"),
        ("DECIMAL(4,0)", "0 -1 9999"),
        ("DECIMAL(4,4)", "0 0.5 -0.5 0.0001 -0.9999"),
        ("DECIMAL(9,2)", "0 12.3 -0.01 9999999.99"),
        ("DECIMAL(18,17)", "0 1.5 -9.99999999999999999"),
        ("DECIMAL(38,0)", "0 -1 99999999999999999999999999999999999999"),
        ("DECIMAL(38,38)", "0 0.00000000000000000000000000000000000001 -0.1"),
        ("HUGEINT", "0 -1 170141183460469231731687303715884105727 -170141183460469231731687303715884105728"),
        ("UHUGEINT", "0 1 340282366920938463463374607431768211455 170141183460469231731687303715884105728"),
        (
            "DATE",
            "1970-01-01 1969-12-31 2000-02-29 1900-02-28 1900-03-01 0001-01-01 9999-12-31 10000-01-01 infinity -infinity \
                  5881580-07-10 epoch",
        ),
        ("TIME", "00:00:00 23:59:59.999999 24:00:00 00:00:00.000001 10:11:12.5"),
        (
            "UUID",
            "00000000-0000-0000-0000-000000000000 ffffffff-ffff-ffff-ffff-ffffffffffff 80000000-0000-4000-8000-000000000001",
        ),
        ("ENUM('a', 'b\"', 'ä')", "b\" ä a"),
        ("JSON", "{\"k\":[1,\"ü\"]} null 1e5"),
        ("INTEGER[]", "[] [1,NULL] [NULL]"),
    ] {
        let values: Vec<String> = texts.split_ascii_whitespace().map(|text| format!("('{text}'::{name})")).collect();
        assert_alike(&connection, &format!("FROM (VALUES {}, (NULL))", values.join(", ")));
    }
    let instants = [
        "1970-01-01 00:00:00",
        "1969-12-31 23:59:59.999999",
        "1969-12-31 23:59:59.5",
        "0044-03-15 (BC) 01:02:03.5",
        "0001-01-01 00:00:00",
        "294247-01-10 04:00:54.775806",
        "290309-12-22 (BC) 00:00:00",
        "infinity",
        "-infinity",
        "2026-01-02 03:04:05.123",
        "2026-01-02 03:04:05.000001",
    ];
    for name in ["TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_S", "TIMESTAMP_MS", "DATE"] {
        // The engine can only write those that it can convert to microseconds, or to a date in a time zone.
        let is_written = |text: &&&str| match name {
            "TIMESTAMPTZ" => !text.starts_with("29"),
            "TIMESTAMP_S" | "TIMESTAMP_MS" => !text.starts_with("294"),
            _ => true,
        };
        let values = instants.iter().filter(is_written).map(|text| format!("('{text}'::TIMESTAMP::{name})"));
        assert_alike(&connection, &format!("FROM (VALUES {})", values.collect::<Vec<_>>().join(", ")));
    }
    let nanos = [
        "1970-01-01 00:00:00.000000001",
        "1969-12-31 23:59:59.999999999",
        "2026-01-02 03:04:05.1",
        "infinity",
        "2026-01-02 03:04:05",
        "-infinity",
        "2026-01-02 03:04:05.123456",
        "2026-01-02 03:04:05.1234567",
        "1677-09-22 00:00:00",
    ];
    let values = nanos.map(|text| format!("('{text}'::TIMESTAMP_NS)")).join(", ");
    assert_alike(&connection, &format!("FROM (VALUES {values})"));
    assert_alike(
        &connection,
        "SELECT chr(i::INT) || 'é' || chr(i::INT), encode(chr(i::INT)), repeat('\\', i::INT) FROM range(1, 200) t(i)",
    );
    assert_alike(
        &connection,
        "SELECT ''::BLOB, '', NULL, [], {'a': NULL}, '\\x00\\xFF'::BLOB, row(1, 'x'), 1 = 1 AND NULL",
    );
    assert_alike(
        &connection,
        "SELECT INTERVAL 1 MONTH, DATE '2026-01-02', sum(i), [DATE '2026-01-02'], 0.5::FLOAT FROM range(3) t(i)",
    );
    connection.execute_batch("CREATE TYPE number AS INTEGER; CREATE TYPE mood AS ENUM ('x')").unwrap();
    assert_alike(&connection, "SELECT 1::number, 'x'::mood, [1::number]");
}

/// A row with a value of each native type.
fn row() -> impl Strategy<Value = String> {
    let numbers = (any::<i64>(), any::<u64>(), any::<i128>(), any::<u128>(), 0_u32..127);
    let floats = (prop::num::f64::ANY, prop::num::f32::ANY, any::<i64>(), 0_i32..30);
    let texts = ("[\\PC\\x01-\\x1f\"\\\\]{0,20}", prop::collection::vec(any::<u8>(), 0..9));
    let times = (-9_223_372_022_400_000_000_i64..i64::MAX, 0_i64..=86_400_000_000, -2_147_483_646_i64..2_147_483_000);
    (numbers, floats, texts, times).prop_map(
        |(
            (signed, unsigned, huge, uhuge, bits),
            (double, float, digits, scale),
            (text, bytes),
            (micros, time, days),
        )| {
            let (small, huge) = (signed >> (bits % 64), huge >> bits);
            let decimal = huge % 10_i128.pow(38);
            let scaled = digits as f64 / 10_f64.powi(scale);
            let text = text.replace('\'', "''");
            let bytes: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let days = days.clamp(-2_147_483_646 + 719_528, 2_147_483_000);
            format!(
                "({}, '{small}'::BIGINT, '{}'::TINYINT, '{}'::SMALLINT, '{}'::INTEGER, {unsigned}::UBIGINT, {}::UTINYINT,
                  {}::USMALLINT, {}::UINTEGER, '{huge}'::HUGEINT, '{uhuge}'::UHUGEINT, '{double:e}'::DOUBLE,
                  '{scaled:e}'::DOUBLE, '{float:e}'::FLOAT, ({}::DECIMAL(4,0) / 10)::DECIMAL(4,1),
                  '{}'::DECIMAL(18,3), '{decimal}'::DECIMAL(38,0), '{}'::DECIMAL(38,20), '{text}', unhex('{bytes}'),
                  '{uhuge:032x}'::UUID, (DATE '1970-01-01' + {days}::INTEGER)::DATE,
                  TIME '00:00:00' + INTERVAL ({time}) MICROSECONDS, make_timestamp({micros}),
                  make_timestamp({micros})::TIMESTAMPTZ, make_timestamp({micros})::TIMESTAMP_S,
                  make_timestamp({micros})::TIMESTAMP_MS, make_timestamp_ns({signed}))",
                signed % 2 == 0,
                small as i8,
                small as i16,
                small as i32,
                unsigned as u8,
                unsigned as u16,
                unsigned as u32,
                signed % 1_000,
                digits as f64 / 1e5 % 1e12,
                decimal % 10_i128.pow(18),
            )
        },
    )
}

#[test]
fn values_of_native_types() {
    let connection = connection();
    let config = Config { cases: 10, max_shrink_iters: 50, failure_persistence: None, ..Config::default() };
    let checked = TestRunner::new(config).run(&prop::collection::vec(row(), 50), |rows| {
        let sql = format!("FROM (VALUES {})", rows.join(",\n"));
        let (native, texts) = (Collected::of(&connection, &sql).rows, from_texts(&connection, &sql));
        for ((native, text), row) in native.iter().zip(&texts).zip(&rows) {
            prop_assert_eq!(native, text, "{}", row);
        }
        Ok(())
    });
    if let Err(reason) = checked {
        panic!("{reason}");
    }
}
