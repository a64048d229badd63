use serde_json::json;

use crate::keboola_server::{Content, Store, Table};
use crate::{Scene, gzip, lines, only_error, query, schema, simple};

#[tokio::test]
async fn every_type_becomes_its_parquet_type() {
    let scene = Scene::new().await;
    let types = [
        ("s", "VARCHAR", None, "VARCHAR"),
        ("i", "NUMBER", Some("38,0"), "BIGINT"),
        ("d", "NUMBER", Some("12,2"), "DECIMAL(12,2)"),
        ("f", "FLOAT", None, "DOUBLE"),
        ("b", "BOOLEAN", None, "BOOLEAN"),
        ("day", "DATE", None, "DATE"),
        ("t", "TIME", None, "TIME"),
        ("ts", "TIMESTAMP_NTZ", Some("9"), "TIMESTAMP"),
        ("tz", "TIMESTAMP_TZ", Some("9"), "TIMESTAMP WITH TIME ZONE"),
        ("ltz", "TIMESTAMP_LTZ", Some("9"), "TIMESTAMP"),
        ("bin", "BINARY", None, "BLOB"),
        ("v", "VARIANT", None, "VARCHAR"),
    ];
    let names: Vec<_> = types.iter().map(|row| row.0).collect();
    let rows = [
        [
            "",
            "-42",
            "1234567890.5",
            "1.5e3",
            "TRUE",
            "2024-02-29",
            "23:59:59.5",
            "2024-02-29 12:00:00.123456000",
            "2024-02-29 12:00:00.000 +0230",
            "2024-02-29 12:00:00.000 -0800",
            "00ff",
            "{\"\"a\"\": 1}",
        ],
        [
            "x",
            "9007199254740993",
            "-0.10",
            "0",
            "f",
            "1969-12-31",
            "00:00:00",
            "2024-02-29",
            "2024-02-29T12:00:00Z",
            "2024-02-29 12:00:00+00:00",
            "",
            "",
        ],
        [""; 12],
    ];
    let csv: String = rows.iter().map(|row| format!("\"{}\"\n", row.join("\",\""))).collect();
    let mut table = Table::new("in.c-crm.all", &names, Content::Slices(Store::Gcs, vec![gzip(&csv)]));
    let defined = types.iter().map(|(name, native, length, _)| {
        json!({"name": name, "definition": {"type": native, "length": length, "nullable": true}, "basetype": "STRING"})
    });
    table.detail = json!({"isTyped": true, "definition": {"columns": defined.collect::<Vec<_>>()}});
    scene.keboola.put(table);
    let report = scene.run(&["all"]).await;
    assert_eq!(report.exit_code(), 0, "{report:?}");
    let parquet = scene.parquet("all");
    let expected: Vec<_> = types.iter().map(|(name, _, _, kind)| format!("{name} {kind}")).collect();
    assert_eq!(schema(&parquet), expected);
    let shown: Vec<_> =
        query(&parquet, r"SELECT concat_ws('|', s, i, d, f, b, day, t, ts, ltz, hex(bin), v) FROM FILE");
    let text = |row: &[agnes::engine::Value]| format!("{:?}", row[0]);
    assert_eq!(
        text(&shown[0]),
        r#"Text("|-42|1234567890.50|1500.0|true|2024-02-29|23:59:59.5|2024-02-29 12:00:00.123456|2024-02-29 20:00:00|00FF|{\"a\": 1}")"#
    );
    assert_eq!(
        text(&shown[1]),
        r#"Text("x|9007199254740993|-0.10|0.0|false|1969-12-31|00:00:00|2024-02-29 00:00:00|2024-02-29 12:00:00|")"#
    );
    // Read as it is stored, in microseconds UTC: functions of it need icu, which the bundled engine lacks.
    let zoned = query(&parquet, "SELECT tz FROM FILE");
    let stored =
        |seconds: i64| agnes::engine::Value::Timestamp(agnes::engine::TimeUnit::Microsecond, seconds * 1_000_000);
    assert_eq!((&zoned[0][0], &zoned[1][0]), (&stored(1_709_199_000), &stored(1_709_208_000)));
    // Empty is NULL for all but text.
    let nulls = query(&parquet, "SELECT count(COLUMNS(*)) FROM (FROM FILE LIMIT 1 OFFSET 2)");
    let kept: Vec<_> = nulls[0].iter().map(|value| matches!(value, agnes::engine::Value::BigInt(1))).collect();
    let texts: Vec<_> = types.iter().map(|row| row.3 == "VARCHAR").collect();
    assert_eq!(kept, texts);
}

#[tokio::test]
async fn a_column_with_a_value_that_would_be_lost_is_text() {
    let scene = Scene::new().await;
    let bad = [
        ("i", "INTEGER", "1.5", "2"),
        ("big", "INTEGER", "123456789012345678901234567890", "2"),
        ("b", "BOOLEAN", "yes", "true"),
        ("day", "DATE", "2024-01-01 10:00:00", "2024-01-01"),
        ("ts", "TIMESTAMP", "2024-01-01T10:00:00+02:00", "2024-01-01 00:00:00"),
        ("f", "NUMERIC", "1,5", "1.5"),
        ("good", "INTEGER", "10.0", "11"),
    ];
    let names: Vec<_> = bad.iter().map(|row| row.0).collect();
    let line = |cell: fn(&(&str, &str, &'static str, &'static str)) -> &'static str| {
        format!("\"{}\"\n", bad.iter().map(cell).collect::<Vec<_>>().join("\",\""))
    };
    let csv = line(|row| row.3) + &line(|row| row.2) + &line(|_| "");
    let types: Vec<_> = bad.iter().map(|row| (row.0, row.1)).collect();
    let content = Content::Slices(Store::Gcs, vec![gzip(&csv)]);
    scene.keboola.put(Table::new("in.c-crm.odd", &names, content).base_types(&types));
    let report = scene.run(&["odd"]).await;
    assert_eq!(report.exit_code(), 0, "{report:?}");
    let parquet = scene.parquet("odd");
    assert_eq!(
        schema(&parquet),
        ["i VARCHAR", "big DECIMAL(38,0)", "b VARCHAR", "day VARCHAR", "ts VARCHAR", "f VARCHAR", "good BIGINT"]
    );
    assert_eq!(
        lines(&parquet)[1],
        "1.5|123456789012345678901234567890|yes|2024-01-01 10:00:00|2024-01-01T10:00:00+02:00|1,5|10"
    );
}

#[tokio::test]
async fn rows_of_another_width_or_header_fail_the_table_without_quoting_data() {
    let scene = Scene::new().await;
    let narrow = Content::Slices(Store::Gcs, vec![gzip("\"1\",\"a\"\n\"private\"\n")]);
    scene.keboola.put(simple("narrow", narrow));
    scene.keboola.put(simple("header", Content::Whole(b"\"id\",\"other\"\n\"1\",\"a\"\n".to_vec())));
    let report = scene.run(&["narrow"]).await;
    let error = only_error(&report);
    assert!(
        error.contains("in.c-crm.narrow")
            && error.contains("row 2 of the export has 1 fields, but the table has 2 columns"),
        "{error}"
    );
    assert!(!error.contains("private"), "{error}");
    let report = scene.run(&["header"]).await;
    let error = only_error(&report);
    assert!(error.contains("(id, other) are not those of the table (id, note)"), "{error}");
    assert!(!scene.parquet("narrow").exists());
}

#[tokio::test]
async fn a_slice_that_ends_too_early_is_no_shorter_table() {
    let scene = Scene::new().await;
    let mut slice = gzip(&(0..50_000).map(|id| format!("\"{id}\",\"{}\"\n", id * 7919)).collect::<String>());
    slice.truncate(slice.len() / 2);
    scene.keboola.put(simple("cut", Content::Slices(Store::Gcs, vec![slice])));
    let report = scene.run(&["cut"]).await;
    assert!(only_error(&report).contains("a downloaded piece is not whole"), "{report:?}");
    assert!(!scene.parquet("cut").exists());
}

#[tokio::test]
async fn long_rows_are_read() {
    let scene = Scene::new().await;
    let long = "x".repeat(16 << 20);
    scene.keboola.put(simple("long", Content::Slices(Store::Gcs, vec![gzip(&format!("\"1\",\"{long}\"\n"))])));
    let report = scene.run(&["long"]).await;
    assert_eq!(report.exit_code(), 0, "{report:?}");
    let length = query(&scene.parquet("long"), "SELECT strlen(note) FROM FILE");
    assert_eq!(length, [[agnes::engine::Value::BigInt(16 << 20)]]);
}

#[tokio::test]
async fn a_table_larger_than_the_memory_limit_converts() {
    let mut scene = Scene::new().await;
    scene.settings.memory = "32MB".into();
    let slices: Vec<_> = (0..3_u32)
        .map(|slice| {
            let rows: String = (slice * 200_000..(slice + 1) * 200_000)
                .map(|id| format!("\"{id}\",\"{:085x}\"\n", u128::from(id).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
                .collect();
            rows.into_bytes()
        })
        .collect();
    let bytes: usize = slices.iter().map(Vec::len).sum();
    assert!(bytes > 55_000_000, "{bytes}");
    scene.keboola.put(simple("large", Content::Slices(Store::Gcs, slices)));
    let report = scene.run(&["large"]).await;
    assert_eq!(report.exit_code(), 0, "{report:?}");
    assert_eq!(
        query(&scene.parquet("large"), "SELECT count(*), max(id) FROM FILE"),
        [[agnes::engine::Value::BigInt(600_000), agnes::engine::Value::BigInt(599_999)]]
    );
}
