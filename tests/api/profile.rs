//! Profiles of tables.

use agnes::base::ident::quote_path;
use agnes::engine::{self, Limits};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::TestApp;

/// Publishes the rows of a query.
async fn publish(app: &TestApp, table: &str, sql: &str) {
    std::fs::create_dir_all(app.files_folder()).unwrap();
    let file = quote_path(&app.files_folder().join(format!("{table}.parquet")));
    let connection = engine::in_memory(&Limits::small()).unwrap();
    connection.execute_batch(&format!("COPY ({sql}) TO {file} (FORMAT parquet)")).unwrap();
    app.register(table).await;
    app.sync().await;
}

async fn profile(app: &TestApp, table: &str) -> Value {
    app.admin().await.get(&format!("/api/catalog/profile/{table}")).await.ok()
}

fn column<'a>(profile: &'a Value, name: &str) -> &'a Value {
    profile["columns"].as_array().unwrap().iter().find(|column| column["name"] == name).unwrap()
}

#[tokio::test]
async fn a_sync_profiles_what_it_changed() {
    let app = TestApp::start().await;
    let body = json!({"name": "orders", "source_type": "local", "description": "All orders", "primary_key": ["id"]});
    app.drop_file(
        "orders.csv",
        "id,kind,amount,day,paid\n1,a,0,2026-01-02,true\n2,a,2.5,2026-02-20,false\n3,b,,,true\n3,a,10,2026-02-20,\n",
    );
    app.admin().await.post_json("/api/admin/register-table", body).await.ok();
    app.sync().await;
    let profile = profile(&app, "orders").await;
    let mut shown = profile.clone();
    shown["columns"] = Value::Null;
    assert_snapshot!(serde_json::to_string_pretty(&shown).unwrap(), @r#"
    {
      "table_id": "orders",
      "description": "All orders",
      "primary_key": "id",
      "sync_strategy": "full_refresh",
      "row_count": 4,
      "column_count": 5,
      "file_size_mb": 0.0,
      "avg_completeness": 85.0,
      "missing_cells": 3,
      "missing_cells_pct": 15.0,
      "duplicate_rows": 1,
      "variable_types": {
        "BOOLEAN": 1,
        "DATE": 1,
        "NUMERIC": 2,
        "STRING": 1
      },
      "date_range": {
        "earliest": "2026-01-02",
        "latest": "2026-02-20",
        "span_days": 49
      },
      "alerts": [
        {
          "column": "kind",
          "type": "imbalance",
          "message": "kind is highly imbalanced (top value 75%)"
        },
        {
          "column": "amount",
          "type": "missing",
          "message": "amount has 25% missing values"
        },
        {
          "column": "day",
          "type": "missing",
          "message": "day has 25% missing values"
        },
        {
          "column": "paid",
          "type": "missing",
          "message": "paid has 25% missing values"
        }
      ],
      "sampled": false,
      "last_sync": "[time]",
      "related_tables": [],
      "used_by_metrics": [],
      "columns": null,
      "sample_rows": [
        {
          "id": "1",
          "kind": "a",
          "amount": "0.0",
          "day": "2026-01-02",
          "paid": "True"
        },
        {
          "id": "2",
          "kind": "a",
          "amount": "2.5",
          "day": "2026-02-20",
          "paid": "False"
        },
        {
          "id": "3",
          "kind": "b",
          "amount": null,
          "day": null,
          "paid": "True"
        },
        {
          "id": "3",
          "kind": "a",
          "amount": "10.0",
          "day": "2026-02-20",
          "paid": null
        }
      ],
      "profiled_at": "[time]"
    }
    "#);
    let amount = column(&profile, "amount");
    assert_eq!((&amount["null_count"], &amount["unique_count"]), (&json!(1), &json!(3)));
    let stats = &amount["numeric_stats"];
    assert_eq!(
        (&stats["min"], &stats["max"], &stats["median"], &stats["zeros"]),
        (&json!(0.0), &json!(10.0), &json!(2.5), &json!(1))
    );
    assert_eq!((&stats["mean"], &stats["stddev"]), (&json!(4.17), &json!(5.2)));
    let counts = stats["histogram"]["counts"].as_array().unwrap();
    assert_eq!((counts.len(), counts.iter().map(|count| count.as_u64().unwrap()).sum::<u64>()), (15, 3));
    assert_eq!((&stats["histogram"]["bins"][0], &counts[14]), (&json!("0-0.67"), &json!(1)));
    assert_eq!(column(&profile, "day")["date_stats"]["histogram"], json!({"bins": ["2026-Q1"], "counts": [3]}));
    assert_eq!(
        column(&profile, "paid")["boolean_stats"],
        json!({"true_count": 2, "false_count": 1, "true_pct": 66.67})
    );
    assert_eq!(
        column(&profile, "kind")["string_stats"]["top_values"][0],
        json!({"value": "a", "count": 3, "pct": 75.0})
    );

    // An unchanged table is not profiled again; a changed one is.
    app.sync().await;
    assert_eq!(self::profile(&app, "orders").await["profiled_at"], profile["profiled_at"]);
    app.drop_file("orders.csv", "id,kind\n1,a\n");
    app.sync().await;
    assert_eq!(self::profile(&app, "ORDERS").await["column_count"], 2);
}

#[tokio::test]
async fn odd_columns_and_values() {
    let app = TestApp::start().await;
    publish(&app, "odd", r#"SELECT 1.25::DECIMAL(18, 4) AS price, 170141183460469231731687303715884105727::HUGEINT AS huge,
        'nan'::DOUBLE AS odd, 'infinity'::DATE AS never, [1, 2] AS list, {'a': 1} AS structure, MAP {'k': 1} AS map,
        'x'::BLOB AS bytes, NULL::VARCHAR AS "nothing", TIMESTAMPTZ '2026-01-01 00:00:00+01' AS "at ""noon""",
        INTERVAL 1 DAY AS span, uuid() AS id, TIME '10:00' AS clock
        UNION ALL SELECT 2.5, 1, 7.5, DATE '2026-01-01', [3], {'a': NULL}, MAP {}, NULL, NULL, NULL, NULL, uuid(), NULL"#).await;
    let profile = profile(&app, "odd").await;
    assert_eq!(profile["column_count"], 13);
    assert_eq!(column(&profile, "price")["numeric_stats"]["mean"], 1.88);
    assert_eq!(column(&profile, "odd")["numeric_stats"]["max"], 7.5, "what is no number is left out");
    assert_eq!(column(&profile, "never")["date_stats"]["latest"], "2026-01-01");
    assert_eq!(column(&profile, "at \"noon\"")["date_stats"]["earliest"], "2025-12-31");
    assert_eq!(column(&profile, "nothing")["alerts"], json!(["high_missing"]));
    assert_eq!(column(&profile, "list")["sample_values"], json!(["[1, 2]", "[3]"]));
    publish(&app, "empty", "SELECT 1 AS id, 'x' AS text, DATE '2026-01-01' AS day WHERE false").await;
    let empty = self::profile(&app, "empty").await;
    assert_eq!((&empty["row_count"], &empty["alerts"], &empty["sample_rows"]), (&json!(0), &json!([]), &json!([])));
    assert_eq!(column(&empty, "id")["numeric_stats"]["histogram"], json!({"bins": [], "counts": []}));
}

#[tokio::test]
async fn large_tables_are_sampled_and_samples_can_be_switched_off() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("instance.yaml"), "profiler:\n  sample_size: 1000\n  samples: false\n").unwrap();
    let app = TestApp::start_in(dir, &[]).await;
    publish(&app, "many", "SELECT i AS id, i % 3 AS kind, 'secret ' || (i % 2) AS word FROM range(200000) t(i)").await;
    let profile = profile(&app, "many").await;
    assert_eq!((&profile["sampled"], &profile["row_count"]), (&json!(true), &json!(200_000)));
    assert_eq!(column(&profile, "kind")["unique_count"], 3);
    assert!(!profile.to_string().contains("secret"), "no value of the table is shown");
}

#[tokio::test]
async fn profiles_need_a_grant_and_a_table() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let admin = app.admin().await;
    assert_snapshot!(admin.get("/api/catalog/profile/nothing").await, @r#"
    404 Not Found
    {"detail":"Profile not found for 'nothing'"}
    "#);
    assert_snapshot!(admin.post_json("/api/catalog/profile/nothing/refresh", Value::Null).await, @r#"
    404 Not Found
    {"detail":"No parquet for 'nothing'"}
    "#);
    assert_snapshot!(admin.post_json("/api/catalog/profile/orders/refresh", Value::Null).await, @r#"
    200 OK
    {"status":"ok","table":"orders","columns":1}
    "#);
    let ann = app.user("ann@example.com", &[]).await;
    for table in ["orders", "nothing"] {
        assert_eq!(ann.get(&format!("/api/catalog/profile/{table}")).await.status, 403);
        assert_eq!(ann.post_json(&format!("/api/catalog/profile/{table}/refresh"), Value::Null).await.status, 403);
    }
    // What v0.35 left counts where there is no profile yet, and the manifest tells of it.
    let quiet = json!({"name": "quiet", "source_type": "local"});
    app.drop_file("quiet.csv", "id\n1\n");
    admin.post_json("/api/admin/register-table", quiet).await.ok();
    admin.put_json("/api/admin/registry/quiet", json!({"profile_after_sync": false})).await.ok();
    app.sync().await;
    assert_eq!(admin.get("/api/catalog/profile/quiet").await.status, 404);
    let legacy = app.data_dir().join("src_data/metadata");
    std::fs::create_dir_all(&legacy).unwrap();
    std::fs::write(legacy.join("profiles.json"), json!({"tables": {"quiet": {"row_count": 9}}}).to_string()).unwrap();
    assert_eq!(admin.get("/api/catalog/profile/quiet").await.ok()["row_count"], 9);
    let assets = admin.get("/api/sync/manifest").await.ok()["assets"].clone();
    assert_eq!(assets["profiles"]["hash"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn extreme_values_do_not_fail_a_profile() {
    let app = TestApp::start().await;
    let long = "repeat('y', 600) || i";
    publish(
        &app,
        "extreme",
        &format!(
            "SELECT CASE WHEN i % 2 = 0 THEN 1.7e308 ELSE -1.7e308 END AS huge, 1e308::DOUBLE AS large,
             DATE '1001-01-01' + (i * 3650)::INTEGER AS day, DATE '5870000-01-01' AS far,
             TIMESTAMP_NS '1999-12-31 10:00:00' AS at, {long} AS text, 'a' AS \"file_row_number\",
             CASE WHEN i = 0 THEN (-0.0::DOUBLE) WHEN i = 1 THEN 0.0 ELSE 'nan'::DOUBLE END AS zero
         FROM range(300) t(i)"
        ),
    )
    .await;
    let profile = profile(&app, "extreme").await;
    let stats = |name: &str| column(&profile, name)["numeric_stats"].clone();
    assert_eq!((&stats("huge")["max"], &stats("huge")["stddev"]), (&json!(1.7e308), &Value::Null));
    assert_eq!(stats("huge")["histogram"]["bins"], json!([]), "no bin is that wide");
    assert_eq!((&stats("large")["min"], &stats("large")["mean"]), (&json!(1e308), &Value::Null));
    assert_eq!(column(&profile, "zero")["unique_count"], 2, "0 and -0 are one value, and so is NaN");
    let days = &column(&profile, "day")["date_stats"];
    assert_eq!((&days["earliest"], &days["histogram"]["bins"][0]), (&json!("1001-01-01"), &json!("1001-1015")));
    let counts = days["histogram"]["counts"].as_array().unwrap();
    assert_eq!(counts.iter().map(|count| count.as_u64().unwrap()).sum::<u64>(), 300);
    assert!(counts.len() <= 201, "{} bars", counts.len());
    assert_eq!(column(&profile, "far")["date_stats"]["latest"], "5870000-01-01");
    assert_eq!(column(&profile, "at")["date_stats"]["histogram"], json!({"bins": ["1999-Q4"], "counts": [300]}));
    let text = column(&profile, "text");
    assert_eq!((&text["unique_count"], &text["string_stats"]["min_length"]), (&json!(300), &json!(601)));
    assert_eq!(text["sample_values"][0], format!("{}… (601 characters)", "y".repeat(500)));
}

#[tokio::test]
async fn a_sample_takes_the_same_rows_for_every_column() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("instance.yaml"), "profiler:\n  sample_size: 2000\n").unwrap();
    let app = TestApp::start_in(dir, &[]).await;
    // More columns than one group has, in a table that is sampled.
    let columns = (0..100).map(|n| format!("i + {n} AS c{n}")).collect::<Vec<_>>().join(", ");
    publish(&app, "many", &format!("SELECT {columns} FROM range(20000) t(i)")).await;
    publish(&app, "numbered", "SELECT i AS file_row_number FROM range(20000) t(i)").await;
    let profile = profile(&app, "many").await;
    assert_eq!((&profile["sampled"], &profile["missing_cells"]), (&json!(true), &json!(0)));
    let first = column(&profile, "c0");
    let rows = first["unique_count"].as_u64().unwrap();
    assert!((1700..2300).contains(&rows), "{rows} rows were sampled");
    for n in 0..100_u64 {
        let other = column(&profile, &format!("c{n}"));
        assert_eq!((&other["unique_count"], &other["completeness_pct"]), (&json!(rows), &json!(100.0)));
        let difference =
            other["numeric_stats"]["mean"].as_f64().unwrap() - first["numeric_stats"]["mean"].as_f64().unwrap();
        assert!((difference - n as f64).abs() < 0.02, "c{n} was measured in other rows");
    }
    let row = profile["sample_rows"][2].as_object().unwrap();
    let value = |n: usize| row[&format!("c{n}")].as_str().unwrap().parse::<usize>().unwrap();
    assert_eq!(value(99), value(0) + 99);
    assert_eq!(column(&self::profile(&app, "numbered").await, "file_row_number")["unique_count"], 2000);
}
