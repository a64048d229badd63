use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{offer, reader, start_with_rows};
use crate::access_log::entries;
use crate::support::TestApp;

/// A value of each kind that a sample has to show.
const VALUES: &str = "
    SELECT 9007199254740993 AS i64, 12.30::DECIMAL(12,2) AS price, 1.5::DOUBLE AS f64, true AS paid, 'a' AS text,
        DATE '2026-01-02' AS day, TIMESTAMP '2026-01-02 03:04:05' AS ts, TIMESTAMPTZ '2026-01-02 03:04:05+00' AS tstz,
        TIME '10:11:12.5' AS t, INTERVAL 26 HOUR AS span, '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::UUID AS uuid,
        [1, NULL] AS list, {'a': 1, 'b': 'x'} AS record, MAP {'k': 1} AS map, 'AB'::BLOB AS blob
    UNION ALL BY NAME SELECT NULL AS i64
    UNION ALL BY NAME SELECT 'NaN'::DOUBLE AS f64
    UNION ALL BY NAME SELECT '-Infinity'::DOUBLE AS f64";

#[tokio::test]
async fn the_catalog_shows_what_the_caller_may_read_and_how_much_there_is() {
    let app = TestApp::start().await;
    offer(&app, &[("sales", &[("2026-01", "SELECT 1 AS id, 'x' AS b"), ("2026-02", "SELECT 2 AS id, 'y' AS b")])])
        .await;
    app.publish("Mixed_Case", "id\n1\n2\n").await;
    app.publish("secret", "id\n1\n").await;
    app.register("later").await.ok();
    let bob = reader(&app, &["mixed_case", "sales", "later", "nothing"]).await;
    let catalog = bob.get("/api/v2/catalog?refresh=1").await.ok();
    assert!(catalog["server_time"].as_str().unwrap().ends_with("+00:00"), "{catalog}");
    let tables = catalog["tables"].as_array().unwrap();
    let shown: Vec<String> = tables.iter().map(|table| without_sizes(table.clone())).collect();
    assert_snapshot!(shown.join("\n"), @r#"
        {"id":"mixed_case","name":"Mixed_Case","description":"","source_type":"local","query_mode":"local","sql_flavor":"duckdb","where_examples":[],"fetch_via":"local: agnes pull, then agnes query \"SELECT <cols> FROM Mixed_Case\"","rough_size_hint":null,"rows":2,"columns":1,"parts":null}
        {"id":"later","name":"later","description":"","source_type":"local","query_mode":"local","sql_flavor":"duckdb","where_examples":[],"fetch_via":"local: agnes pull, then agnes query \"SELECT <cols> FROM later\"","rough_size_hint":null,"rows":null,"columns":null,"parts":null}
        {"id":"sales","name":"sales","description":"All sales","source_type":"","query_mode":"local","sql_flavor":"duckdb","where_examples":[],"fetch_via":"local: agnes pull, then agnes query \"SELECT <cols> FROM sales\"","rough_size_hint":null,"rows":2,"columns":2,"parts":2}
        "#);
    let names = app.admin().await.get("/api/v2/catalog").await.ok();
    assert_eq!(names["tables"].as_array().unwrap().len(), 4);
}

/// Sizes and times differ from run to run; there are some.
fn without_sizes(mut table: Value) -> String {
    if table["rows"].is_null() {
        assert_eq!((&table["size_bytes"], &table["last_sync"]), (&Value::Null, &Value::Null));
    } else {
        assert!(table["size_bytes"].as_u64() > Some(100) && table["last_sync"].is_string(), "{table}");
    }
    let of_tables = ["size_bytes", "last_sync"];
    table.as_object_mut().unwrap().retain(|field, _| !of_tables.contains(&field.as_str()));
    table.to_string()
}

#[tokio::test]
async fn a_schema_names_types_and_descriptions() {
    let app = start_with_rows(
        "INSERT INTO column_metadata (table_id, column_name, description) VALUES ('orders', 'AMOUNT', 'In euros')",
    )
    .await;
    offer(&app, &[("sales", &[("", VALUES)])]).await;
    app.publish("Orders", "id,amount\n1,2.5\n").await;
    let bob = reader(&app, &["orders", "sales"]).await;
    let columns = bob.get("/api/v2/schema/sales").await.ok()["columns"].clone();
    let columns = columns.as_array().unwrap().iter().map(|column| format!("{}: {}", column["name"], column["type"]));
    assert_snapshot!(columns.collect::<Vec<_>>().join("\n"), @r#"
        "i64": "BIGINT"
        "price": "DECIMAL(12,2)"
        "f64": "DOUBLE"
        "paid": "BOOLEAN"
        "text": "VARCHAR"
        "day": "DATE"
        "ts": "TIMESTAMP"
        "tstz": "TIMESTAMP WITH TIME ZONE"
        "t": "TIME"
        "span": "INTERVAL"
        "uuid": "UUID"
        "list": "INTEGER[]"
        "record": "STRUCT(a INTEGER, b VARCHAR)"
        "map": "MAP(VARCHAR, INTEGER)"
        "blob": "BLOB"
        "#);
    // The id and the name differ in case.
    let by_id = bob.get("/api/v2/schema/orders").await;
    assert_eq!(by_id.to_string(), bob.get("/api/v2/schema/Orders").await.to_string());
    let mut by_id = by_id.ok();
    assert!(by_id["size_bytes"].as_u64() > Some(100));
    by_id["size_bytes"] = json!(0);
    assert_snapshot!(by_id, @r#"
        {"table_id":"orders","source_type":"local","sql_flavor":"duckdb","columns":[{"name":"id","type":"BIGINT","nullable":true,"description":""},{"name":"amount","type":"DECIMAL(18,1)","nullable":true,"description":"In euros"}],"partition_by":null,"clustered_by":[],"where_dialect_hints":{},"description":null,"rows":1,"size_bytes":0}
        "#);
}

#[tokio::test]
async fn columns_are_those_of_the_latest_sync() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let names = async |app: &TestApp| {
        let schema = app.admin().await.get("/api/v2/schema/orders").await.ok();
        let columns = schema["columns"].as_array().unwrap().clone();
        columns.iter().map(|column| column["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&app).await, ["id"]);
    app.drop_file("orders.csv", "id,amount\n1,2\n");
    app.sync().await;
    assert_eq!(names(&app).await, ["id", "amount"]);
}

#[tokio::test]
async fn a_sample_shows_every_type() {
    let app = TestApp::start().await;
    offer(&app, &[("sales", &[("", VALUES)])]).await;
    let bob = reader(&app, &["sales"]).await;
    let answer = bob.get("/api/v2/sample/sales").await;
    assert_eq!(answer.status, 200, "{answer}");
    let body = answer.to_string();
    let rows = body.split_once("\"rows\":[").unwrap().1;
    assert_snapshot!(rows.replace("},{", "},\n{"), @r#"
        {"i64":9007199254740993,"price":"12.30","f64":1.5,"paid":true,"text":"a","day":"2026-01-02","ts":"[time]","tstz":"[time]","t":"10:11:12.500000","span":"1 day, 2:00:00","uuid":"[id]","list":[1,null],"record":{"a":1,"b":"x"},"map":{"k":1},"blob":"QUI="},
        {"i64":null,"price":null,"f64":null,"paid":null,"text":null,"day":null,"ts":null,"tstz":null,"t":null,"span":null,"uuid":null,"list":null,"record":null,"map":null,"blob":null},
        {"i64":null,"price":null,"f64":null,"paid":null,"text":null,"day":null,"ts":null,"tstz":null,"t":null,"span":null,"uuid":null,"list":null,"record":null,"map":null,"blob":null},
        {"i64":null,"price":null,"f64":null,"paid":null,"text":null,"day":null,"ts":null,"tstz":null,"t":null,"span":null,"uuid":null,"list":null,"record":null,"map":null,"blob":null}],"source":"","truncated":false}
        "#);
}

#[tokio::test]
async fn a_sample_has_as_many_rows_as_were_asked_for() {
    let app = TestApp::start().await;
    offer(&app, &[("sales", &[("a", "SELECT i FROM range(70) t(i)"), ("b", "SELECT i FROM range(70, 140) t(i)")])])
        .await;
    let bob = reader(&app, &["sales"]).await;
    for (query, count) in [("", 5), ("?n=1", 1), ("?n=100", 100), ("?n=7&refresh=true", 7)] {
        let sample = bob.get(&format!("/api/v2/sample/SALES{query}")).await.ok();
        let rows = sample["rows"].as_array().unwrap();
        assert_eq!((rows.len(), &rows[0], &sample["truncated"]), (count, &json!({ "i": 0 }), &json!(false)), "{query}");
    }
    for query in ["?n=0", "?n=101", "?n=-1", "?n=x", "?n=", "?n=99999999999999999999"] {
        let answer = bob.get(&format!("/api/v2/sample/sales{query}")).await;
        assert_eq!(answer.status, 422, "{query}: {answer}");
        assert!(answer.to_string().contains(r#""loc":["query","n"]"#), "{query}: {answer}");
    }
}

#[tokio::test]
async fn what_is_not_there_and_what_is_somebody_elses() {
    let app = start_with_rows(
        "INSERT INTO table_registry (id, name, source_type, query_mode) VALUES ('events', 'events', 'bigquery', 'remote')",
    )
    .await;
    app.publish("orders", "id\n1\n").await;
    app.register("later").await.ok();
    let bob = reader(&app, &["later", "events"]).await;
    let admin = app.admin().await;
    let later = "table 'later' has no data yet; ask an admin whether its sync succeeds";
    for (caller, table, status, detail) in [
        (&bob, "orders", 403, "not authorized for this table"),
        (&bob, "nope", 403, "not authorized for this table"),
        (admin, "nope", 404, "table 'nope' not found"),
        (&bob, "later", 404, later),
        (&bob, "events", 409, "table 'events' stays in BigQuery, which this server cannot read"),
    ] {
        for what in ["schema", "sample"] {
            let answer = caller.get(&format!("/api/v2/{what}/{table}")).await;
            assert_eq!(
                (answer.status.as_u16(), answer.json()),
                (status, json!({ "detail": detail })),
                "{what} {table}"
            );
        }
    }
    let catalog = bob.get("/api/v2/catalog").await.ok();
    assert_eq!(catalog["tables"][0]["sql_flavor"], "bigquery");
    assert!(catalog["tables"][0]["fetch_via"].as_str().unwrap().starts_with("agnes snapshot create events "));
}

#[tokio::test]
async fn reading_leaves_lines_in_the_access_log() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n2\n").await;
    let admin = app.admin().await;
    admin.get("/api/v2/sample/orders").await.ok();
    admin.get("/api/v2/schema/orders").await.ok();
    let lines = entries(&app, "user=admin@example.com", 2).await;
    let lines = lines.iter().map(|line| format!("{} {} {}", line["action"], line["tables"], line["rows"]));
    let mut lines: Vec<_> = lines.collect();
    lines.sort();
    assert_eq!(lines, [r#""sample" ["orders"] 2"#, r#""schema" ["orders"] null"#]);
}
