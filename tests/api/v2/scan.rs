use std::process::Command;

use arrow::ipc::reader::StreamReader;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{offer, reader};
use crate::access_log::entries;
use crate::support::{Answer, Client, TestApp};

/// 40 orders in two files, and a table of somebody else.
async fn start() -> (TestApp, Client) {
    let app = TestApp::start().await;
    let orders = |from, to| {
        format!(
            "SELECT i AS id, 'cust' || i AS customer, (i / 4)::DECIMAL(9,2) AS amount, i % 2 = 0 AS paid,
                DATE '2026-01-01' + i::INTEGER AS day, i * 10 AS \"Full Name\", {{'sub': i}} AS rec, [i] AS tags
             FROM range({from}, {to}) t(i)"
        )
    };
    let (first, second) = (orders(0, 25), orders(25, 40));
    offer(
        &app,
        &[("orders", &[("a", &first), ("b", &second)]), ("salaries", &[("", "SELECT 'top-secret' AS person")])],
    )
    .await;
    let bob = reader(&app, &["orders"]).await;
    (app, bob)
}

async fn scan(caller: &Client, body: Value) -> Answer {
    caller.post_json("/api/v2/scan", body).await
}

/// The columns and rows of a result.
fn table(answer: &Answer) -> Vec<Vec<String>> {
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (200, "application/vnd.apache.arrow.stream"),
        "{answer}"
    );
    let reader = StreamReader::try_new(&*answer.body, None).unwrap();
    let mut table = vec![reader.schema().fields().iter().map(|field| field.name().clone()).collect()];
    for batch in reader {
        let batch = batch.unwrap();
        let options = FormatOptions::default().with_null("null");
        let columns: Vec<_> =
            batch.columns().iter().map(|values| ArrayFormatter::try_new(values, &options).unwrap()).collect();
        table.extend(
            (0..batch.num_rows()).map(|row| columns.iter().map(|column| column.value(row).to_string()).collect()),
        );
    }
    table
}

fn shown(answer: &Answer) -> String {
    table(answer).iter().map(|row| row.join("|")).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn columns_rows_and_order() {
    let (_app, bob) = start().await;
    for (body, expected) in [
        (json!({"select": ["id", "CUSTOMER"], "where": "id < 2"}), "id|customer 0|cust0 1|cust1"),
        (json!({"select": ["id", "ID", "id"], "limit": 1}), "id|id_1|id_2 0|0|0"),
        (json!({"select": ["Full Name"], "where": "\"Full Name\" = 390"}), "Full Name 390"),
        (json!({"select": ["id"], "order_by": ["paid desc", "Full Name DESC"], "limit": 2}), "id 38 36"),
        (json!({"select": ["id"], "order_by": ["id asc"], "limit": 2, "where": ""}), "id 0 1"),
        (json!({"select": ["id"], "where": "orders.id = 3 OR ORDERS.id = 4 -- these"}), "id 3 4"),
        (json!({"select": ["id"], "where": "tags[1] = 7 /* a list */"}), "id 7"),
        (json!({"select": ["id"], "where": "day = DATE '2026-01-03' AND amount < 1"}), "id 2"),
        (json!({"select": ["id"], "where": "false"}), "id"),
        (json!({"select": ["id"], "where": "id IN (1) OR id = 2) IS NOT NULL AND (id < 2"}), ""),
    ] {
        let mut body = body;
        body["table_id"] = json!("orders");
        let answer = scan(&bob, body.clone()).await;
        if expected.is_empty() {
            assert_eq!(answer.status, 400, "{body}");
        } else {
            assert_eq!(shown(&answer), expected, "{body}");
            assert_eq!(answer.header("x-agnes-truncated"), "false");
        }
    }
    let all =
        scan(&bob, json!({"table_id": "Orders", "select": [], "where": null, "limit": null, "order_by": null})).await;
    assert_eq!((table(&all).len(), table(&all)[0].len(), all.header("x-agnes-rows")), (41, 8, "40"));
}

#[tokio::test]
async fn what_is_wrong_in_a_request() {
    let (app, bob) = start().await;
    for body in [json!([]), json!("x"), json!(1), Value::Null] {
        assert_eq!(scan(&bob, body.clone()).await.status, 422, "{body}");
    }
    let admin = app.admin().await;
    for (caller, body, status, detail) in [
        (&bob, json!({}), 400, json!("1 validation error for ScanRequest\ntable_id\n  Field required")),
        (
            &bob,
            json!({"table_id": 1}),
            400,
            json!("1 validation error for ScanRequest\ntable_id\n  Input should be a valid string"),
        ),
        (
            &bob,
            json!({"table_id": "orders", "select": [1]}),
            400,
            json!("1 validation error for ScanRequest\nselect.0\n  Input should be a valid string"),
        ),
        (
            &bob,
            json!({"table_id": "orders", "limit": 0}),
            400,
            json!("1 validation error for ScanRequest\nlimit\n  Input should be greater than or equal to 1"),
        ),
        (&bob, json!({"table_id": "salaries"}), 403, json!("not authorized for this table")),
        (&bob, json!({"table_id": "nope", "limit": 99_999_999}), 403, json!("not authorized for this table")),
        (admin, json!({"table_id": "nope"}), 404, json!("table 'nope' not found")),
        (
            &bob,
            json!({"table_id": "orders", "limit": 10_000_001, "where": "nope"}),
            400,
            json!("limit 10000001 exceeds max 10000000"),
        ),
        (&bob, json!({"table_id": "orders", "select": ["id", "nope"]}), 400, json!("unknown columns: ['nope']")),
        (&bob, json!({"table_id": "orders", "select": ["id\""]}), 400, json!("unknown columns: ['id\"']")),
        (&bob, json!({"table_id": "orders", "order_by": ["nope"]}), 400, json!("unknown order_by column: 'nope'")),
        (
            &bob,
            json!({"table_id": "orders", "order_by": ["id; DROP TABLE x"]}),
            400,
            json!("invalid order_by entry: 'id; DROP TABLE x'"),
        ),
        (
            &bob,
            json!({"table_id": "orders", "order_by": ["id NULLS FIRST"]}),
            400,
            json!("invalid order_by entry: 'id NULLS FIRST'"),
        ),
        (
            &bob,
            json!({"table_id": "orders", "select": ["nope"], "where": "id IN (SELECT 1)"}),
            400,
            json!({"error": "validator_rejected", "kind": "nested_select", "message": "a predicate cannot contain a SELECT", "details": {}}),
        ),
        (
            &bob,
            json!({"table_id": "orders", "where": " "}),
            400,
            json!({"error": "validator_rejected", "kind": "parse_error", "message": "the predicate is blank", "details": {}}),
        ),
        (
            &bob,
            json!({"table_id": "orders", "where": "id = 1\u{0} OR true"}),
            400,
            json!({"error": "validator_rejected", "kind": "parse_error", "message": "the predicate contains a NUL character", "details": {}}),
        ),
        (
            &bob,
            json!({"table_id": "orders", "where": "nope = 1"}),
            400,
            json!({"error": "validator_rejected", "kind": "unknown_column", "message": "orders has no column nope", "details": {"column": "nope"}}),
        ),
    ] {
        for path in ["/api/v2/scan", "/api/v2/scan/estimate"] {
            // Estimates have no greatest limit.
            let is_limit = path.ends_with("estimate") && detail.as_str().is_some_and(|text| text.starts_with("limit "));
            let answer = caller.post_json(path, body.clone()).await;
            let expected = if is_limit {
                json!({"error": "validator_rejected", "kind": "unknown_column", "message": "orders has no column nope", "details": {"column": "nope"}})
            } else {
                detail.clone()
            };
            assert_eq!((answer.status.as_u16(), &answer.json()["detail"]), (status, &expected), "{path} {body}");
        }
    }
    // What only the engine finds is the caller's mistake, too.
    for predicate in ["id[1] = 1", "customer = 1", "id = DATE 'x'", "lower(id, 1) = 'x'", "sqrt(-id) > 1"] {
        let answer = scan(&bob, json!({"table_id": "orders", "where": predicate})).await;
        assert_eq!(answer.status, 400, "{predicate}: {answer}");
    }
}

#[tokio::test]
async fn estimates_are_in_proportion() {
    let (app, bob) = start().await;
    let size = bob.get("/api/v2/schema/orders").await.ok()["size_bytes"].as_u64().unwrap();
    let estimate = async |mut body: Value| {
        body["table_id"] = json!("orders");
        bob.post_json("/api/v2/scan/estimate", body).await.ok()
    };
    let rows_and_bytes =
        |estimate: &Value| (estimate["estimated_result_rows"].clone(), estimate["estimated_result_bytes"].clone());
    let all = estimate(json!({})).await;
    assert_eq!(
        all,
        json!({"table_id": "orders", "estimated_scan_bytes": 0, "estimated_result_rows": 40, "estimated_result_bytes": size, "bq_cost_estimate_usd": 0.0})
    );
    let few = estimate(json!({"limit": 10, "where": "id > 3"})).await;
    assert_eq!(rows_and_bytes(&few), (json!(10), json!(size / 4)));
    let narrow = estimate(json!({"limit": 20_000_000, "select": ["id", "paid"]})).await;
    assert_eq!(rows_and_bytes(&narrow), (json!(40), json!(size / 4)));
    drop(app);
}

/// As Arrow's own Python package reads it.
#[tokio::test]
async fn types_of_a_result() {
    let app = TestApp::start().await;
    let types = "SELECT 1::TINYINT AS i8, 2::UTINYINT AS u8, 9007199254740993 AS i64, 1.5::FLOAT AS f32, 'NaN'::DOUBLE AS f64,
            12.30::DECIMAL(12,2) AS price, true AS paid, 'é' AS text, '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::UUID AS uuid,
            '{\"a\": 1}'::JSON AS json, 'AB'::BLOB AS blob, DATE '2026-01-02' AS day, TIME '10:11:12.5' AS t,
            TIMESTAMP '2026-01-02 03:04:05' AS ts, '2026-01-02 03:04:05.123456789'::TIMESTAMP_NS AS ts_ns,
            TIMESTAMPTZ '2026-01-02 03:04:05+00' AS tstz, [1, NULL] AS list, {'a': 1, 'b': 'x'} AS record, MAP {'k': 1} AS map
        UNION ALL BY NAME SELECT NULL AS i64";
    offer(&app, &[("sales", &[("", types)])]).await;
    let bob = reader(&app, &["sales"]).await;
    let directory = tempfile::tempdir().unwrap();
    for (name, predicate) in [("all.arrows", "true"), ("none.arrows", "false")] {
        let answer = scan(&bob, json!({"table_id": "sales", "where": predicate})).await;
        assert_eq!(answer.status, 200, "{answer}");
        std::fs::write(directory.path().join(name), &answer.body).unwrap();
    }
    let python = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/python")).output().unwrap();
    let script = "
import pyarrow.ipc, sys
tables = [pyarrow.ipc.open_stream(open(sys.argv[1] + name, 'rb')).read_all() for name in ('/all.arrows', '/none.arrows')]
assert tables[0].schema == tables[1].schema and (tables[0].num_rows, tables[1].num_rows) == (2, 0)
for name, kind in zip(tables[0].column_names, tables[0].schema.types):
    print(name, kind, tables[0][name].to_pylist())";
    let ran = Command::new(String::from_utf8(python.stdout).unwrap().trim())
        .args(["-c", script])
        .arg(directory.path())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_snapshot!(String::from_utf8(ran.stdout).unwrap(), @r#"
        i8 int8 [1, None]
        u8 uint8 [2, None]
        i64 int64 [9007199254740993, None]
        f32 float [1.5, None]
        f64 double [nan, None]
        price decimal128(12, 2) [Decimal('12.30'), None]
        paid bool [True, None]
        text string ['é', None]
        uuid string ['[id]', None]
        json string ['{"a": 1}', None]
        blob binary [b'AB', None]
        day date32[day] [datetime.date(2026, 1, 2), None]
        t time64[us] [datetime.time(10, 11, 12, 500000), None]
        ts timestamp[us] [datetime.datetime(2026, 1, 2, 3, 4, 5), None]
        ts_ns timestamp[ns] [Timestamp('[time]'), None]
        tstz timestamp[us, tz=UTC] [datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=zoneinfo.ZoneInfo(key='UTC')), None]
        list list<l: int32> [[1, None], None]
        record struct<a: int32, b: string> [{'a': 1, 'b': 'x'}, None]
        map map<string, int32> [[('k', 1)], None]
        "#);
}

#[tokio::test]
async fn a_scan_leaves_a_line_in_the_access_log() {
    let (app, bob) = start().await;
    let answer = scan(&bob, json!({"table_id": "orders", "limit": 7})).await;
    assert_eq!(answer.status, 200);
    let lines = entries(&app, "user=bob@example.com", 1).await;
    let line = &lines[0];
    assert_eq!(
        json!([line["action"], line["tables"], line["rows"], line["bytes"], line["status"]]),
        json!(["scan", ["orders"], 7, answer.body.len(), 200])
    );
}
