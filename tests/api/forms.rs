//! The forms of a result beside JSON.

use std::path::Path;
use std::pin::Pin;
use std::process::Command;

use axum::http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::Frame;
use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Client, TestApp};

const ARROW: &str = "application/vnd.apache.arrow.stream";

/// A row with a value of each type, one of NULLs, and one of the least and greatest values.
const TYPES: &str = "
    SELECT true AS bool, 1::TINYINT AS i8, 2::SMALLINT AS i16, 3 AS i32, 9007199254740993 AS i64, 5::UTINYINT AS u8,
        6::USMALLINT AS u16, 7::UINTEGER AS u32, 18446744073709551615::UBIGINT AS u64, 12345678901234567890::HUGEINT AS hugeint,
        1.5::DOUBLE AS f64, 0.5::FLOAT AS f32, 12.30::DECIMAL(9,2) AS price, 1.0000000001::DECIMAL(38,10) AS fine,
        'a, \"b\"' || chr(10) || 'é' AS text, 'AB'::BLOB AS blob, DATE '2026-01-02' AS day, TIME '01:02:03.5' AS t,
        TIMESTAMP '2026-01-02 03:04:05.123456' AS ts, '2026-01-02 03:04:05'::TIMESTAMP_S AS ts_s,
        '2026-01-02 03:04:05.123'::TIMESTAMP_MS AS ts_ms, '2026-01-02 03:04:05.123456789'::TIMESTAMP_NS AS ts_ns,
        TIMESTAMPTZ '2026-01-02 03:04:05+00' AS tstz, '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::UUID AS uuid,
        '{\"a\": [1]}'::JSON AS json, 'x'::ENUM('x', 'y') AS e, INTERVAL 3 DAY AS span, '101'::BIT AS bits,
        TIMETZ '01:02:03+00' AS ttz, [1, NULL, 3] AS list, ['x'::ENUM('x', 'y')] AS enums, {'a': 1, 'b': 'x'} AS record,
        MAP {'k': 1} AS map, [{'a': [DATE '2026-01-02']}] AS nested, [1.5::DOUBLE, 2.5]::DOUBLE[2] AS pair,
        union_value(num := 2) AS u, [INTERVAL 1 DAY] AS spans
    UNION ALL BY NAME
    SELECT (-128)::TINYINT AS i8, -9223372036854775807 - 1 AS i64, (-170141183460469231731687303715884105727 // 1000)::HUGEINT AS hugeint,
        'NaN'::DOUBLE AS f64, 'inf'::FLOAT AS f32, '' AS text, ''::BLOB AS blob, DATE '0001-01-01' AS day, []::INT[] AS list
    UNION ALL BY NAME SELECT NULL::BOOL AS bool";

async fn ask(caller: &Client, sql: &str, accept: &str, limit: u64) -> Answer {
    let request = caller.request(Method::POST, "/api/query").json(&json!({ "sql": sql, "limit": limit }));
    caller.send(request.header("accept", accept)).await
}

#[tokio::test]
async fn other_programs_read_every_form_as_the_json_says() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let directory = tempfile::tempdir().unwrap();
    for (name, accept) in [
        ("answer.json", "*/*"),
        ("plain.arrows", ARROW),
        ("lz4.arrows", "application/vnd.apache.arrow.stream; codec=lz4"),
        ("zstd.arrows", "text/html, application/vnd.apache.arrow.stream;codec=zstd;q=0.9, application/json;q=0.8"),
        ("answer.parquet", "application/vnd.apache.parquet"),
        ("answer.csv", "text/csv"),
    ] {
        let answer = ask(admin, TYPES, accept, 10).await;
        assert_eq!(answer.status, 200, "{name}: {answer}");
        if name != "answer.json" {
            assert_eq!((answer.header("x-agnes-rows"), answer.header("x-agnes-truncated")), ("3", "false"), "{name}");
        }
        std::fs::write(directory.path().join(name), &answer.body).unwrap();
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = Command::new(here.join(".ci/python")).output().unwrap();
    let ran = Command::new(String::from_utf8(python.stdout).unwrap().trim())
        .arg(here.join("tests/api/forms.py"))
        .arg(directory.path())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    // 37 columns, 3 rows, 12 readers and three of CSV.
    assert_eq!(String::from_utf8(ran.stdout).unwrap().trim(), (37 * 3 * 15).to_string());
}

#[tokio::test]
async fn what_does_not_fit_in_a_form_is_refused_and_not_changed() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let most = "SELECT 170141183460469231731687303715884105727::HUGEINT AS most";
    for (accept, status) in [(ARROW, 400), ("application/vnd.apache.parquet", 400), ("text/csv", 200), ("*/*", 200)] {
        let answer = ask(admin, most, accept, 10).await;
        assert_eq!(answer.status, status, "{accept}: {answer}");
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let part = if status == 200 { "170141183460469231731687303715884105727" } else { "cast it to VARCHAR" };
        assert!(text.contains(part), "{accept}: {text}");
    }
    for accept in ["application/vnd.apache.arrow.stream;codec=gzip", "application/vnd.apache.arrow.stream;values=none"]
    {
        assert_eq!(ask(admin, "SELECT 1", accept, 10).await.status, 400, "{accept}");
    }
}

/// A result as its pieces come, with the trailers after the last one.
struct Stream {
    body: Pin<Box<reqwest::Body>>,
    trailers: HeaderMap,
}

impl Stream {
    async fn begin(app: &TestApp, sql: &str, limit: i64) -> Self {
        let admin = app.admin().await;
        let request = admin.request(Method::POST, "/api/query").json(&json!({ "sql": sql, "limit": limit }));
        let response = request.header("accept", ARROW).header("te", "trailers").send().await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers().get("x-agnes-rows")), (200, None));
        Self { body: Box::pin(response.into()), trailers: HeaderMap::new() }
    }

    /// How many bytes come next; `None` after the last one.
    async fn next(&mut self) -> Option<reqwest::Result<usize>> {
        match self.body.frame().await?.map(reqwest_frame) {
            Ok(Ok(bytes)) => Some(Ok(bytes)),
            Ok(Err(trailers)) => {
                self.trailers = trailers;
                None
            }
            Err(error) => Some(Err(error)),
        }
    }
}

fn reqwest_frame(frame: Frame<bytes::Bytes>) -> Result<usize, HeaderMap> {
    frame.into_data().map(|bytes| bytes.len()).map_err(|frame| frame.into_trailers().unwrap())
}

#[tokio::test]
async fn long_results_come_as_they_are_computed_and_say_how_many_rows_there_were() {
    let app = TestApp::start().await;
    for (limit, rows, is_truncated) in [(300_000, 300_000, "true"), (500_000, 400_000, "false")] {
        let sql = "SELECT range, range * 2 AS twice FROM range(400000)";
        let (mut stream, mut bytes) = (Stream::begin(&app, sql, limit).await, 0);
        while let Some(piece) = stream.next().await {
            bytes += piece.unwrap();
        }
        assert_eq!(stream.trailers["x-agnes-rows"], rows.to_string());
        assert_eq!(stream.trailers["x-agnes-truncated"], is_truncated);
        assert!(bytes > rows * 16);
    }
    // It would take hours.
    let endless = "SELECT a.range + b.range AS n FROM range(1000000000) a, range(1000000000) b";
    assert!(Stream::begin(&app, endless, 10_000_000).await.next().await.unwrap().unwrap() > 0);
}

#[tokio::test]
async fn a_long_result_whose_query_fails_is_broken_off() {
    let app = TestApp::start().await;
    let sql = "SELECT (CASE WHEN range < 1000000 THEN '1' ELSE 'x' END)::INT AS n FROM range(2000000)";
    let mut stream = Stream::begin(&app, sql, 10_000_000).await;
    while stream.next().await.expect("a result that is not whole").is_ok() {}
}
