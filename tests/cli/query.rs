use std::io::Read;

use serde_json::json;

use crate::sandbox::{Sandbox, parquet};
use crate::server_stand_in::StandIn;

/// A workspace with one pulled table of one row and one of 3000.
fn pulled() -> (StandIn, Sandbox) {
    let server = StandIn::start();
    server.offer("orders", &parquet("SELECT 1 AS id, 'a, \"b\"\nc' AS text, NULL AS nothing"));
    server.offer("many", &parquet("SELECT i FROM range(3000) t(i)"));
    let sandbox = Sandbox::signed_in(&server);
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    (server, sandbox)
}

#[test]
fn local_formats() {
    let (_server, sandbox) = pulled();
    insta::assert_snapshot!(sandbox.run(&["query", "SELECT * FROM orders"]).text, @r#"
    exit 0
    --- stdout
    ┌────┬────────┬─────────┐
    │ id │ text   │ nothing │
    ├────┼────────┼─────────┤
    │  1 │ a, "b" │         │
    │    │ c      │         │
    └────┴────────┴─────────┘
    --- stderr
    "#);
    insta::assert_snapshot!(sandbox.run(&["query", "-f", "csv", "SELECT *, true AS yes FROM orders"]).text, @r#"
    exit 0
    --- stdout
    id,text,nothing,yes
    1,"a, ""b""
    c",,true
    --- stderr
    "#);
    insta::assert_snapshot!(sandbox.run(&["query", "--sql", "SELECT id, id, 'é' AS é FROM orders", "--format=json"]).text, @r#"
    exit 0
    --- stdout
    [
      {
        "id": 1,
        "id_1": 1,
        "é": "é"
      }
    ]
    --- stderr
    "#);
    assert_eq!(sandbox.run(&["query", "SELECT 1 AS x WHERE false", "-f", "json"]).stdout, "[]\n");
    assert_eq!(sandbox.run(&["query", "SELECT 1 AS x WHERE false", "-f", "csv"]).stdout, "x\n");
}

#[test]
fn every_type_has_a_json_form() {
    let (_server, sandbox) = pulled();
    let sql = "SELECT 170141183460469231731687303715884105727::HUGEINT AS huge, 18446744073709551615::UBIGINT AS ubig,
        1.25::DECIMAL(9,2) AS dec, 'NaN'::DOUBLE AS nan, 3.0::DOUBLE AS real, true AS flag,
        DATE '2025-01-01' AS day, TIMESTAMP '2025-01-01 10:00:00.5' AS at, TIMESTAMPTZ '2025-01-01 10:00:00+00' AS zoned,
        TIME '10:11:12' AS clock, INTERVAL 3 DAY AS span, '\\xAA'::BLOB AS blob, [1, NULL] AS list,
        {'city': 'Praha'} AS struct, MAP {'k': 1} AS map, 'a'::ENUM('a', 'b') AS enum, NULL AS nothing,
        '0e0c5d3c-4f5c-4f0e-9a57-6a5b6ad1e0a1'::UUID AS uuid";
    let ran = sandbox.run(&["query", sql, "-f", "json"]);
    insta::assert_snapshot!(ran.text, @r#"
    exit 0
    --- stdout
    [
      {
        "huge": "170141183460469231731687303715884105727",
        "ubig": "18446744073709551615",
        "dec": "1.25",
        "nan": "NaN",
        "real": 3.0,
        "flag": true,
        "day": "2025-01-01",
        "at": "2025-01-01 10:00:00.500000",
        "zoned": "2025-01-01 10:00:00+00:00",
        "clock": "10:11:12",
        "span": "3 days, 0:00:00",
        "blob": "qg==",
        "list": [1,null],
        "struct": {"city":"Praha"},
        "map": {"k":1},
        "enum": "a",
        "nothing": null,
        "uuid": "0e0c5d3c-4f5c-4f0e-9a57-6a5b6ad1e0a1"
      }
    ]
    --- stderr
    "#);
}

/// Read by something that is not ours, each value is what it was.
#[test]
fn csv_and_json_can_be_read_back() {
    let (_server, sandbox) = pulled();
    let texts = ["a,b", "say \"yes\"", "\"", "two\nlines", "two\r\nlines", "\r", " padded ", "", "NULL", "\t", "ž😀"];
    let rows = texts.map(|text| format!("('{text}')")).join(", ");
    let sql = format!(
        "SELECT text, NULL AS nothing, 'NaN'::DOUBLE AS nan, '-inf'::DOUBLE AS inf, ['a,b', NULL] AS list,
            {{'k': '\"x\"\n'}} AS rec FROM (VALUES {rows}) t(text)"
    );
    let nested = [json!(["a,b", null]), json!({"k": "\"x\"\n"})];
    let from_csv = sandbox.run(&["query", &sql, "-f", "csv"]).stdout;
    let mut reader = csv::Reader::from_reader(from_csv.as_bytes());
    assert_eq!(reader.headers().unwrap(), vec!["text", "nothing", "nan", "inf", "list", "rec"]);
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let from_json = sandbox.run(&["query", &sql, "-f", "json"]).json();
    assert_eq!((records.len(), from_json.as_array().unwrap().len()), (texts.len(), texts.len()));
    for (at, (text, record)) in texts.iter().zip(records).enumerate() {
        assert_eq!((&record[0], &record[1]), (*text, ""));
        assert!(record[2].parse::<f64>().unwrap().is_nan());
        assert_eq!(record[3].parse::<f64>().unwrap(), f64::NEG_INFINITY);
        let json = |field: usize| serde_json::from_str::<serde_json::Value>(&record[field]).unwrap();
        assert_eq!([json(4), json(5)], nested);
        let row = &from_json[at];
        assert_eq!((&row["text"], &row["nothing"]), (&json!(text), &json!(null)));
        assert_eq!([&row["list"], &row["rec"]], nested.each_ref());
    }
    let empty = "SELECT '' AS empty, NULL AS nothing";
    assert_eq!(sandbox.run(&["query", empty, "-f", "csv"]).stdout, "empty,nothing\n\"\",\n", "and they differ");
}

#[test]
fn ordered_rows_are_written_into_a_file_as_well() {
    let (_server, sandbox) = pulled();
    let ran = sandbox.run(&["query", "--output", "many.csv", "SELECT i FROM many ORDER BY i DESC"]);
    assert_eq!(ran.code, 0, "{}", ran.text);
    let file = sandbox.run(&["query", "-f", "csv", "SELECT count(*), first(i) FROM 'many.csv'"]);
    assert!(file.stdout.ends_with("\n3000,2999\n"), "{}", file.text);
}

/// Values have the same form as from the server, including those that the engine returns in another form.
#[test]
fn values_are_exact() {
    let (_server, sandbox) = pulled();
    for (value, shown) in [
        ("'12:00:00+02'::TIMETZ", "12:00:00+02:00"),
        ("'12:00:00.5-02:30'::TIMETZ", "12:00:00.500000-02:30"),
        ("'12:00:00.123456789'::TIME_NS", "12:00:00.123456789"),
        ("'101'::BIT", "101"),
        (
            "'12345678901234567890123456789012345678901234567890'::BIGNUM",
            "12345678901234567890123456789012345678901234567890",
        ),
        ("340282366920938463463374607431768211455::UHUGEINT", "340282366920938463463374607431768211455"),
        ("'0e0c5d3c-4f5c-4f0e-9a57-6a5b6ad1e0a1'::UUID", "0e0c5d3c-4f5c-4f0e-9a57-6a5b6ad1e0a1"),
        ("'a'::ENUM('a', 'b')", "a"),
        ("'2026-01-02 03:04:05.123456789'::TIMESTAMP_NS", "2026-01-02 03:04:05.123456789"),
        ("'2026-01-02 03:04:05.123'::TIMESTAMP_MS", "2026-01-02 03:04:05.123000"),
        ("'2026-01-02 03:04:05'::TIMESTAMP_S", "2026-01-02 03:04:05"),
        ("'infinity'::DATE", "infinity"),
        ("'-infinity'::DATE", "-infinity"),
        ("union_value(n := 1)", "1"),
        ("[TIMESTAMPTZ '2026-01-02 03:04:05+00', NULL]", r#"["2026-01-02 03:04:05+00:00",null]"#),
        ("{'at': '12:00:00+02'::TIMETZ, 'n': '101'::BIT}", r#"{"at":"12:00:00+02:00","n":"101"}"#),
        ("[170141183460469231731687303715884105727::HUGEINT]", r#"["170141183460469231731687303715884105727"]"#),
        ("MAP {'k': ['infinity'::DATE]}", r#"{"k":["infinity"]}"#),
        ("row(1, 'x')", "(1, x)"),
        ("NULL::BIT", ""),
    ] {
        let ran = sandbox.run(&["query", &format!("SELECT {value} AS v"), "-f", "csv"]);
        let row = ran.stdout.strip_prefix("v\n").unwrap_or_else(|| panic!("{value}: {}", ran.text));
        let row = row.trim_end().trim_matches('"').replace("\"\"", "\"");
        assert_eq!(row, shown, "{value}");
    }
    let ran =
        sandbox.run(&["query", "SELECT i, '1'::BIT AS b, i FROM many ORDER BY i DESC", "-f", "json", "--limit=1"]);
    assert_eq!(ran.json(), json!([{"i": 2999, "b": "1", "i_1": 2999}]), "{}", ran.text);
}

#[test]
fn truncation_is_reported() {
    let (_server, sandbox) = pulled();
    let ran = sandbox.run(&["query", "SELECT * FROM many ORDER BY i -- comment", "-f", "csv", "--limit", "2"]);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("i\n0\n1\n", "(truncated at 2 rows)\n"));
    let ran = sandbox.run(&["query", "SELECT * FROM many LIMIT 2;", "-f", "csv", "--limit", "2"]);
    assert_eq!(ran.stderr, "");
    let ran = sandbox.run(&["query", "SELECT * FROM many", "-f", "csv"]);
    assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (1001, "(truncated at 1000 rows)\n"));
    assert_eq!(sandbox.run(&["query", "SELECT 1 AS a", "-f", "csv", "--limit", "0"]).stdout, "a\n");
    for bad in [["--limit", "many"], ["--limit", "-1"], ["--format", "xml"]] {
        assert_eq!(sandbox.run(&["query", "SELECT 1", bad[0], bad[1]]).code, 2, "{bad:?}");
    }
}

#[test]
fn other_statements_work_and_nothing_is_written() {
    let (_server, sandbox) = pulled();
    let names = sandbox.run(&["query", "SHOW TABLES", "-f", "csv"]);
    assert_eq!(names.stdout, "name\nmany\norders\n", "{}", names.text);
    assert_eq!(sandbox.value("SET VARIABLE x = 5; SELECT getvariable('x') + 1"), "6");
    assert_eq!(sandbox.value("SET VARIABLE x = ';'; SELECT DATE 'infinity' AS \";\"; -- done"), "infinity");
    let plain = "SELECT 1e300, true, -1::TINYINT, 18446744073709551615::UBIGINT, 'x,', uuid() IS NULL, NULL";
    let shown = sandbox.value(&format!("PREPARE p AS {plain}, 1.50, sum(1), DATE 'infinity'; EXECUTE p"));
    assert_eq!(shown, "1e+300,true,-1,18446744073709551615,\"x,\",false,,1.50,1,infinity");
    assert!(sandbox.run(&["query", "EXPLAIN SELECT 1", "-f", "json"]).json()[0]["explain_value"].is_string());
    let ran = sandbox.run(&["query", "PREPARE p AS SELECT '10:11:12'::TIME_NS AS day; EXECUTE p", "-f", "csv"]);
    insta::assert_snapshot!(ran.text, @r"
    exit 1
    --- stdout
    --- stderr
    Query error: column day cannot be shown as the result of this kind of statement; use a SELECT, or cast it to VARCHAR
    ");
    assert!(sandbox.run(&["query", "DESCRIBE orders"]).stdout.contains("VARCHAR"));
    let ran = sandbox.run(&["query", "CREATE TABLE lost AS SELECT 1"]);
    assert_eq!(ran.code, 1, "{}", ran.text);
    assert!(ran.stderr.starts_with("Query error: "), "{}", ran.text);
}

#[test]
fn errors() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    insta::assert_snapshot!(sandbox.run(&["query", "SELECT 1"]).text, @r"
    exit 1
    --- stdout
    --- stderr
    Local DuckDB not found. Run: agnes pull
    ");
    sandbox.run(&["pull"]);
    assert_eq!(sandbox.value("SELECT 1 AS one"), "1", "a workspace without tables");
    insta::assert_snapshot!(sandbox.run(&["query", "SELECT 1 FORM x"]).text, @r#"
    exit 1
    --- stdout
    --- stderr
    Query error: Parser Error: syntax error at or near "x"

      LINE 1: SELECT 1 FORM x
                            ^
    "#);
    assert_eq!(sandbox.run(&["query"]).code, 1);
    assert_eq!(sandbox.run(&["query", "SELECT 1", "--sql", "SELECT 1"]).code, 1);
    for bad in ["[1]", "{}", "{\"sql\": 1}", "not json"] {
        let ran = sandbox.run_with_input(&["query", "--stdin"], bad);
        assert_eq!(ran.code, 1);
        assert!(ran.stderr.starts_with("Error: failed to parse stdin JSON: "), "{}", ran.text);
    }
    let ran = sandbox.run_with_input(&["query", "--stdin"], r#"{"sql": "SELECT 1", "register_bq": {"a": "SELECT 1"}}"#);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.text);
    assert!(ran.stderr.starts_with("Error: BigQuery results cannot be registered yet"), "{}", ran.text);
    let input = r#"{"sql": "SELECT 2 AS two", "register_bq": {}}"#;
    let ran = sandbox.run_with_input(&["query", "--stdin", "-f", "csv"], input);
    assert_eq!(ran.stdout, "two\n2\n");
}

#[test]
fn a_closed_pipe_ends_the_output_without_an_error() {
    let (_server, sandbox) = pulled();
    let sql = "SELECT repeat('x', 1000) AS x FROM many a, range(100)";
    let mut child = sandbox.spawn(&mut sandbox.command(&["query", sql, "-f", "csv", "--limit", "300000"]));
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 100]).unwrap();
    drop(stdout);
    let ran = sandbox.finished(child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}

#[test]
fn remote() {
    let server = StandIn::start();
    let body = json!({"columns": ["n", "n"], "rows": [[18_446_744_073_709_551_615_u64, [1, "x"]]], "row_count": 1, "truncated": true});
    server.answer("POST /api/query", 200, body);
    let sandbox = Sandbox::signed_in(&server);
    let ran = sandbox.run(&["query", "--remote", "SELECT 1", "-f", "csv", "--limit", "1"]);
    insta::assert_snapshot!(ran.text, @r#"
    exit 0
    --- stdout
    n,n_1
    18446744073709551615,"[1,""x""]"
    --- stderr
    (truncated at 1 rows)
    "#);
    assert_eq!(server.seen("POST /api/query")[0].body, json!({"sql": "SELECT 1", "limit": 1}));
    server.answer(
        "POST /api/query",
        400,
        json!({"detail": {"kind": "timeout", "seconds": 300, "hint": "Ask for less."}}),
    );
    insta::assert_snapshot!(sandbox.run(&["query", "SELECT 1", "--remote"]).text, @r"
    exit 1
    --- stdout
    --- stderr
    Error: timeout (HTTP 400)
      seconds: 300
      hint: Ask for less.
    ");
    assert_eq!(sandbox.run(&["query", "--remote", "SELECT 1", "--token", "bad"]).code, 7);
}
