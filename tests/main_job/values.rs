//! Every type in every format, from the pulled files and from the server, wherever the machine says it is.

use std::fmt::Write as _;

use agnes::engine::{self, Connection, Limits};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::Person;
use crate::program::{self, Place, Serving};

const ZONES: [&str; 3] = ["UTC", "Europe/Prague", "America/New_York"];
const FORMATS: [&str; 3] = ["table", "csv", "json"];

/// A type or an expression over `?`, a text, how it is shown in tables and CSV, and whether JSON has it without quotes.
/// The types up to the mark are stored as they are, too: parquet has them.
const CASES: &[(&str, &str, &str, bool)] = &[
    ("BOOLEAN", "true", "true", true),
    ("TINYINT", "-128", "-128", true),
    ("UTINYINT", "255", "255", true),
    ("SMALLINT", "-32768", "-32768", true),
    ("USMALLINT", "65535", "65535", true),
    ("INTEGER", "-2147483648", "-2147483648", true),
    ("UINTEGER", "4294967295", "4294967295", true),
    ("BIGINT", "9007199254740991", "9007199254740991", true),
    ("BIGINT", "-9007199254740991", "-9007199254740991", true),
    ("BIGINT", "9007199254740992", "9007199254740992", false),
    ("BIGINT", "-9223372036854775808", "-9223372036854775808", false),
    ("UBIGINT", "18446744073709551615", "18446744073709551615", false),
    ("FLOAT", "0.1", "0.1", true),
    ("FLOAT", "3.4028235e38", "3.4028235e+38", true),
    ("FLOAT", "-inf", "-Infinity", false),
    ("DOUBLE", "3", "3.0", true),
    ("DOUBLE", "-0.0", "-0.0", true),
    ("DOUBLE", "0.1", "0.1", true),
    ("DOUBLE", "0.00001", "1e-05", true),
    ("DOUBLE", "123456789012345680", "1.2345678901234568e+17", true),
    ("DOUBLE", "5e-324", "5e-324", true),
    ("DOUBLE", "1.7976931348623157e308", "1.7976931348623157e+308", true),
    ("DOUBLE", "nan", "NaN", false),
    ("DOUBLE", "inf", "Infinity", false),
    ("DECIMAL(9,2)", "12.30", "12.30", false),
    ("DECIMAL(18,0)", "-7", "-7", false),
    ("DECIMAL(38,10)", "1234567890123456789012345678.0123456789", "1234567890123456789012345678.0123456789", false),
    ("VARCHAR", "", "", false),
    ("VARCHAR", "a, \"b\"; 'é' \\ 9007199254740993", "a, \"b\"; 'é' \\ 9007199254740993", false),
    ("VARCHAR", "NaN", "NaN", false),
    ("VARCHAR", "null", "null", false),
    ("BLOB", "\\xDE\\xAD\"a\\x00", "3q0iYQA=", false),
    ("UUID", "0E0C5D3C-4f5c-4f0e-9a57-6a5b6ad1e0a1", "0e0c5d3c-4f5c-4f0e-9a57-6a5b6ad1e0a1", false),
    ("DATE", "9999-12-31", "9999-12-31", false),
    ("DATE", "0044-03-15 (BC)", "0044-03-15 (BC)", false),
    ("DATE", "12345-06-07", "12345-06-07", false),
    ("DATE", "infinity", "infinity", false),
    ("DATE", "-infinity", "-infinity", false),
    ("TIME", "10:11:12", "10:11:12", false),
    ("TIME", "10:11:12.5", "10:11:12.500000", false),
    ("TIMESTAMP", "2026-01-02 03:04:05", "2026-01-02 03:04:05", false),
    ("TIMESTAMP", "2026-01-02 03:04:05.123456", "2026-01-02 03:04:05.123456", false),
    ("TIMESTAMP", "0044-03-15 (BC) 01:02:03", "0044-03-15 (BC) 01:02:03", false),
    ("TIMESTAMP", "infinity", "infinity", false),
    ("TIMESTAMP_NS", "2026-01-02 03:04:05.123456789", "2026-01-02 03:04:05.123456789", false),
    ("TIMESTAMP_NS", "2026-01-02 03:04:05.5", "2026-01-02 03:04:05.500000", false),
    ("TIMESTAMPTZ", "2026-07-02 03:04:05.5+02", "2026-07-02 01:04:05.500000+00:00", false),
    ("TIMESTAMPTZ", "2026-07-02 03:04:05", "2026-07-02 03:04:05+00:00", false),
    ("TIMESTAMPTZ", "0044-03-15 (BC) 01:02:03+00", "0044-03-15 (BC) 01:02:03+00:00", false),
    ("TIMESTAMPTZ", "-infinity", "-infinity", false),
    ("INTEGER[]", "[1, NULL]", "[1,null]", true),
    (
        "STRUCT(f DOUBLE, \"at\" TIMESTAMPTZ)",
        "{'f': nan, 'at': 2026-01-02 00:00:00+01}",
        r#"{"f":"NaN","at":"2026-01-01 23:00:00+00:00"}"#,
        true,
    ),
    ("MAP(DATE, BIGINT)", "{infinity=9007199254740992}", r#"{"infinity":"9007199254740992"}"#, true),
    STORED_UP_TO_HERE,
    ("HUGEINT", "123456789012345678901234567890", "123456789012345678901234567890", false),
    ("HUGEINT", "-42", "-42", true),
    ("UHUGEINT", "340282366920938463463374607431768211455", "340282366920938463463374607431768211455", false),
    (
        "BIGNUM",
        "-12345678901234567890123456789012345678901234567890",
        "-12345678901234567890123456789012345678901234567890",
        false,
    ),
    ("DECIMAL(38,38)", "0.00000000000000000000000000000000000001", "0.00000000000000000000000000000000000001", false),
    ("ENUM('a', 'b, ''c'')')", "b, 'c')", "b, 'c')", false),
    ("JSON", "{\"k\": 9007199254740993}", "{\"k\": 9007199254740993}", false),
    ("BIT", "0101", "0101", false),
    ("TIME_NS", "10:11:12.123456789", "10:11:12.123456789", false),
    ("TIMETZ", "10:11:12+02", "10:11:12+02:00", false),
    ("TIMETZ", "10:11:12.5-02:30", "10:11:12.500000-02:30", false),
    ("TIMESTAMP_S", "2026-01-02 03:04:05", "2026-01-02 03:04:05", false),
    ("TIMESTAMP_MS", "2026-01-02 03:04:05.123", "2026-01-02 03:04:05.123000", false),
    ("INTERVAL", "3 days 04:05:06", "3 days, 4:05:06", false),
    ("INTERVAL", "-01:00:00", "-1 day, 23:00:00", false),
    ("INTERVAL", "1 year 2 months 3 days 04:05:06.5", "1 year 2 months 3 days 04:05:06.5", false),
    ("HUGEINT[][]", "[[123456789012345678901234567890], []]", r#"[["123456789012345678901234567890"],[]]"#, true),
    ("DOUBLE[2]", "[1, -inf]", r#"[1.0,"-Infinity"]"#, true),
    (
        "STRUCT(\"a b\" DECIMAL(9,2), c STRUCT(d BLOB, e TIMETZ, f FLOAT))[]",
        "[{'a b': 1.5, 'c': {'d': \\xDE, 'e': 10:11:12+02, 'f': 0.1}}]",
        r#"[{"a b":"1.50","c":{"d":"3g==","e":"10:11:12+02:00","f":0.1}}]"#,
        true,
    ),
    (
        "MAP(TIMESTAMPTZ, INTERVAL)",
        "{2026-01-02 00:00:00+01=1 day}",
        r#"{"2026-01-01 23:00:00+00:00":"1 day, 0:00:00"}"#,
        true,
    ),
    ("union_value(n := CAST(? AS INTEGER))", "1", "1", true),
    ("union_value(d := CAST(? AS DATE))", "infinity", "infinity", false),
    ("[CAST(? AS UNION(n INTEGER, s VARCHAR)), 1]", "x", r#"["x",1]"#, true),
    ("row(?, DATE '2026-01-02')", "x", "(x, 2026-01-02)", false),
    // A sum beyond 64 bits, and what depends on the time zone of the session.
    ("sum(CAST(? AS BIGINT)) OVER () * 3", "9223372036854775807", "27670116110564327421", false),
    ("CAST(CAST(? AS TIMESTAMPTZ) AS DATE)", "2026-01-02 00:30:00+00", "2026-01-02", false),
    ("CAST(CAST(? AS TIMESTAMP) AS TIMESTAMPTZ)", "2026-01-02 00:30:00", "2026-01-02 00:30:00+00:00", false),
];

const STORED_UP_TO_HERE: (&str, &str, &str, bool) = ("VARCHAR", "mark", "mark", false);

struct House {
    _server: Serving,
    _host: Place,
    person: Person,
}

impl House {
    /// A server, and somebody who may read everything.
    fn new() -> Self {
        let host = Place::new(&[("TZ", "Asia/Kolkata")]);
        let server = host.serve(&["--demo"]);
        let token = crate::shown(&server, "Token ");
        let person = Person::new(&server.url, &[("AGNES_TOKEN", &token)]);
        Self { _server: server, _host: host, person }
    }

    fn query(&self, sql: &str, format: &str, zone: &str, is_remote: bool) -> String {
        let mut args = vec!["query", "--stdin", "--format", format];
        args.extend(is_remote.then_some("--remote"));
        let mut command = self.person.place.command(&args);
        command.current_dir(&self.person.workspace).env("TZ", zone);
        let ran = program::finish(&mut command, &serde_json::json!({ "sql": sql }).to_string());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{format} {is_remote}: {}", &sql[..sql.len().min(500)]);
        ran.stdout
    }

    /// The one text that local and remote queries print, in each of the time zones.
    fn same(&self, sql: &str, format: &str, zones: &[&str]) -> String {
        let remote = self.query(sql, format, "UTC", true);
        for zone in zones {
            for is_remote in [false, true] {
                let printed = self.query(sql, format, zone, is_remote);
                for (printed, expected) in printed.lines().zip(remote.lines()) {
                    similar(printed, expected, format, zone);
                }
                assert!(printed == remote, "{format} {zone} {is_remote}:\n{printed}\n{remote}");
            }
        }
        remote
    }
}

/// Names the first cell that differs.
fn similar(printed: &str, expected: &str, format: &str, zone: &str) {
    let separator = if format == "table" { '│' } else { '\n' };
    for (printed, expected) in printed.split(separator).zip(expected.split(separator)) {
        assert_eq!(printed, expected, "{format} {zone}");
    }
}

fn engine() -> Connection {
    engine::in_memory(&Limits::small()).unwrap()
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn typed(case: usize, text: &str) -> String {
    match CASES[case].0 {
        expression if expression.contains('?') => expression.replace('?', text),
        name => format!("CAST({text} AS {name})"),
    }
}

#[test]
fn every_type_in_every_format() {
    let house = House::new();
    let stored = CASES.iter().position(|case| *case == STORED_UP_TO_HERE).unwrap();
    let mut columns: Vec<String> =
        CASES.iter().enumerate().map(|(case, (_, text, ..))| format!("{} AS t{case}", literal(text))).collect();
    columns.extend((0..stored).map(|case| format!("{} AS s{case}", typed(case, &literal(CASES[case].1)))));
    let file = house.person.workspace.join("samples.parquet");
    let copy = format!("COPY (SELECT {}) TO '{}' (FORMAT parquet)", columns.join(", "), file.display());
    engine().execute_batch(&copy).unwrap();
    house.person.run(&["admin", "upload-table", file.to_str().unwrap()]);
    house.person.pull();

    let mut cells: Vec<(usize, String)> =
        (0..CASES.len()).map(|case| (case, typed(case, &format!("t{case}")))).collect();
    cells.extend((0..stored).map(|case| (case, format!("s{case}"))));
    let select = cells.iter().enumerate().fold(String::new(), |mut select, (column, (_, value))| {
        write!(select, "{}{value} AS c{column}", if column == 0 { "" } else { ", " }).unwrap();
        select
    });
    let sql = format!("SELECT {select} FROM samples");
    let [table, csv, json] = FORMATS.map(|format| house.same(&sql, format, &ZONES));

    let table: Vec<&str> = table.lines().nth(3).unwrap().trim_matches(['│', ' ']).split('│').map(str::trim).collect();
    let csv = csv::Reader::from_reader(csv.as_bytes()).records().next().unwrap().unwrap();
    assert_eq!((table.len(), csv.len()), (cells.len(), cells.len()));
    for (column, (case, value)) in cells.iter().enumerate() {
        let (name, text, shown, is_bare) = CASES[*case];
        assert_eq!(&csv[column], shown, "{name} {text} {value}");
        assert_eq!(table[column], shown, "{name} {text} {value}");
        let shown = if is_bare { shown.to_owned() } else { Value::from(shown).to_string() };
        let line = json.lines().nth(column + 2).unwrap();
        assert_eq!(line.trim_end_matches(','), format!("    \"c{column}\": {shown}"), "{name} {text} {value}");
    }

    // NULL is told apart from everything else, '' included.
    let types = CASES.iter().filter(|(name, ..)| !name.contains(['?', '(']) || name.starts_with("DECIMAL"));
    let nulls = types.clone().map(|(name, ..)| format!("CAST(NULL AS {name})")).collect::<Vec<_>>().join(", ");
    let csv = house.same(&format!("SELECT {nulls}, ''"), "csv", &["UTC"]);
    assert_eq!(csv.lines().nth(1).unwrap(), format!("{}\"\"", ",".repeat(types.clone().count())));
    let json = house.same(&format!("SELECT {nulls}"), "json", &["UTC"]);
    assert_eq!(json.matches(": null").count(), types.count());
}

/// A value of each type as an expression in SQL.
fn row() -> impl Strategy<Value = Vec<String>> {
    let cast = |name: &'static str| move |text: String| format!("CAST({} AS {name})", literal(&text));
    let decimal = |scale: usize| {
        (any::<i128>(), 1_u32..=38).prop_map(move |(number, digits)| {
            let number = number % 10_i128.pow(digits);
            let sign = if number < 0 { "-" } else { "" };
            let digits = format!("{:0>width$}", number.unsigned_abs(), width = scale + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale);
            format!("CAST('{sign}{whole}.{fraction}' AS DECIMAL(38,{scale}))")
        })
    };
    let micros = -62_135_596_800_000_000_i64 * 3..253_402_300_800_000_000_i64 * 2;
    let double = prop_oneof![
        prop::num::f64::ANY,
        (any::<i64>(), 0_i32..20).prop_map(|(digits, scale)| digits as f64 / 10_f64.powi(scale)),
        Just(f64::MAX),
        Just(f64::MIN_POSITIVE),
        Just(-0.0),
    ];
    let integer = (any::<i128>(), 0_u32..127).prop_map(|(number, bits)| number >> bits);
    let text = "[\\PC\n\r\t\"',\u{301}]{0,12}";
    let scalars = vec![
        any::<bool>().prop_map(|value| value.to_string()).boxed(),
        any::<i64>().prop_map(|number| number.to_string()).prop_map(cast("BIGINT")).boxed(),
        any::<u64>().prop_map(|number| number.to_string()).prop_map(cast("UBIGINT")).boxed(),
        integer.clone().prop_map(|number| number.to_string()).prop_map(cast("HUGEINT")).boxed(),
        any::<u128>().prop_map(|number| number.to_string()).prop_map(cast("UHUGEINT")).boxed(),
        decimal(0).boxed(),
        decimal(10).boxed(),
        decimal(38).boxed(),
        prop::num::f32::ANY.prop_map(|number| format!("{number:e}")).prop_map(cast("FLOAT")).boxed(),
        double.prop_map(|number| format!("{number:e}")).prop_map(cast("DOUBLE")).boxed(),
        text.prop_map(|text| literal(&text)).boxed(),
        prop::collection::vec(any::<u8>(), 0..9)
            .prop_map(|bytes| {
                format!("unhex('{}')", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
            })
            .boxed(),
        any::<u128>().prop_map(|id| format!("{id:032x}")).prop_map(cast("UUID")).boxed(),
        "[01]{1,70}".prop_map(cast("BIT")).boxed(),
        micros.clone().prop_map(|micros| format!("CAST(make_timestamp({micros}) AS DATE)")).boxed(),
        micros.clone().prop_map(|micros| format!("CAST(make_timestamp({micros}) AS TIME)")).boxed(),
        micros.clone().prop_map(|micros| format!("make_timestamp({micros})")).boxed(),
        micros.prop_map(|micros| format!("CAST(make_timestamp({micros}) AS TIMESTAMPTZ)")).boxed(),
        any::<i64>().prop_map(|nanos| format!("make_timestamp_ns({})", nanos / 2)).boxed(),
        (0_u32..86_400, 0_u32..1_000_000, -14_i32..=14)
            .prop_map(|(clock, micros, zone)| {
                let (hours, minutes, seconds) = (clock / 3600, clock / 60 % 60, clock % 60);
                format!("CAST('{hours:02}:{minutes:02}:{seconds:02}.{micros:06}{zone:+03}' AS TIMETZ)")
            })
            .boxed(),
        (any::<i16>(), any::<i16>(), -1_i64 << 55..1_i64 << 55, 0..2)
            .prop_map(|(months, days, micros, has_months)| {
                format!("to_months({}) + to_days({days}) + to_microseconds({micros})", i32::from(months) * has_months)
            })
            .boxed(),
        integer.prop_map(|number| format!("[CAST('{number}' AS HUGEINT), NULL]")).boxed(),
    ];
    // One in ten is NULL.
    scalars.into_iter().map(|value| (value, 0..10)).collect::<Vec<_>>().prop_map(|row| {
        row.into_iter()
            .map(|(value, null)| if null == 0 { format!("CASE WHEN false THEN {value} END") } else { value })
            .collect()
    })
}

/// Whether a text has exactly the value of an expression, by the engine's own casts.
fn is_value(engine: &Connection, expression: &str, shown: Option<&str>) -> bool {
    let Some(shown) = shown else {
        return engine.query_row(&format!("SELECT ({expression}) IS NULL"), [], |row| row.get(0)).unwrap();
    };
    let mut expression = expression.to_owned();
    let name: String = engine.query_row(&format!("SELECT typeof({expression})"), [], |row| row.get(0)).unwrap();
    let (back, is_spelled_alike) = match name.as_str() {
        "FLOAT" | "DOUBLE" => (format!("CAST(? AS {name})"), !shown.ends_with(['N', 'y'])),
        "BLOB" => ("from_base64(?)".into(), false),
        "INTERVAL" if shown.contains(['m', 'r']) => ("CAST(? AS INTERVAL)".into(), true),
        // The engine does not hold `-1 day 23:00:00` equal to `-01:00:00`, but adds them alike.
        "INTERVAL" => {
            expression = format!("TIMESTAMP '2000-01-01' + ({expression})");
            ("TIMESTAMP '2000-01-01' + CAST(replace(?, ', ', ' ') AS INTERVAL)".into(), false)
        }
        "HUGEINT[]" => ("CAST(CAST(? AS JSON) AS HUGEINT[])".into(), false),
        name if name.starts_with("TIME") => (format!("CAST(? AS {name})"), false),
        name => (format!("CAST(? AS {name})"), true),
    };
    let check = format!("SELECT {back} IS NOT DISTINCT FROM ({expression}), CAST(({expression}) AS VARCHAR)");
    let (is_same, spelled): (bool, String) =
        engine.query_row(&check, [shown], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    // The engine writes `.5` in a DECIMAL(1,1).
    let is_spelled = spelled == shown || spelled == shown.replacen("0.", ".", 1);
    is_same && (!is_spelled_alike || is_spelled)
}

/// Whether JavaScript reads the number of a JSON text exactly.
fn is_exact(json: &str) -> bool {
    json.starts_with(['"', '[', 'n', 't', 'f'])
        || json.contains(['.', 'e'])
        || json.parse().is_ok_and(|number: i64| number.unsigned_abs() < 1 << 53)
}

#[test]
fn values_are_those_of_the_engine() {
    let (house, engine) = (House::new(), engine());
    house.person.pull();
    let config = ProptestConfig { cases: 3, max_shrink_iters: 0, failure_persistence: None, ..Default::default() };
    let rows = prop::collection::vec(row(), 40);
    let result = TestRunner::new(config).run(&rows, |rows| {
        let values = rows.iter().map(|row| format!("({})", row.join(", "))).collect::<Vec<_>>().join(",\n");
        let sql = format!("SELECT * FROM (VALUES {values})");
        let [_, csv, json] = FORMATS.map(|format| house.same(&sql, format, &["America/New_York"]));
        let parsed: Vec<serde_json::Map<String, Value>> = serde_json::from_str(&json).unwrap();
        let json: Vec<std::collections::BTreeMap<String, Box<RawValue>>> = serde_json::from_str(&json).unwrap();
        let mut csv = csv::Reader::from_reader(csv.as_bytes());
        for (((row, csv), parsed), json) in rows.iter().zip(csv.records()).zip(&parsed).zip(&json) {
            let csv = csv.unwrap();
            for (((expression, csv), (name, parsed)), _) in row.iter().zip(&csv).zip(parsed).zip(json) {
                let json = json[name].get();
                let shown = (!parsed.is_null()).then_some(csv);
                prop_assert!(is_value(&engine, expression, shown), "{expression}: {csv}");
                prop_assert!(is_exact(json), "{expression}: {json}");
                let text = parsed.as_str().unwrap_or(if json == "null" { "" } else { json });
                prop_assert_eq!(text, csv, "{}", expression);
            }
        }
        Ok(())
    });
    if let Err(TestError::Fail(reason, _)) = result {
        panic!("{reason}");
    }
}
