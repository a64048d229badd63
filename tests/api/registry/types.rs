//! Types that the owner of a table declares.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};

const ORDERS: &str = "id,amount,zip\n1,\"1.234,5\",0100\n2,\"12,25\",n/a\n";

async fn declare(app: &TestApp, table: &str, format: Value) -> Answer {
    app.admin().await.put_json(&format!("/api/admin/registry/{table}"), json!({ "file_format": format })).await
}

async fn types(app: &TestApp, table: &str) -> Answer {
    app.admin().await.get(&format!("/api/admin/registry/{table}/types")).await
}

/// `name TYPE: why` of each column.
async fn reasons(app: &TestApp, table: &str) -> Vec<String> {
    let types = types(app, table).await.ok();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let columns = types["columns"].as_array().unwrap().iter();
    columns.map(|c| format!("{} {}: {}", text(&c["name"]), text(&c["type"]), text(&c["why"]))).collect()
}

#[tokio::test]
async fn they_are_applied_by_the_next_sync_and_can_be_taken_back() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.register("orders").await.ok();
    assert_snapshot!(types(&app, "orders").await, @r#"
    200 OK
    {"id":"orders","name":"orders","columns":[]}
    "#);
    app.publish("orders_2", "id,zip,empty\n1,7,\n2,8,\n3,n/a,\n").await;
    assert_snapshot!(types(&app, "orders_2").await, @r#"
    200 OK
    {"id":"orders_2","name":"orders_2","columns":[{"name":"id","type":"BIGINT","declared":null,"is_declared":false,"values":3,"why":"all 3 values"},{"name":"zip","type":"VARCHAR","declared":null,"is_declared":false,"values":3,"why":"text: line 4 has \"n/a\"; the values before it are BIGINT"},{"name":"empty","type":"VARCHAR","declared":null,"is_declared":false,"values":0,"why":"no values"}]}
    "#);
    assert_eq!(types(&app, "nothing").await.status, 404);

    app.drop_file("orders.csv", ORDERS);
    app.sync().await;
    assert_eq!(admin.value("SELECT amount FROM orders").await, "1.234,5");
    let format = json!({ "columns": { "AMOUNT": "decimal(18,2)", "zip": "text" }, "decimal_separator": ",",
        "thousands_separator": ".", "null_values": ["n/a"] });
    assert_snapshot!(declare(&app, "orders", format.clone()).await, @r#"
    200 OK
    {"id":"orders","updated":["file_format"]}
    "#);
    assert_eq!(super::row(&app, "orders").await.unwrap()["file_format"], format);
    insta::assert_debug_snapshot!(reasons(&app, "orders").await, @r#"
    [
        "id BIGINT: all 2 values",
        "amount VARCHAR: text: line 2 has \"1.234,5\"; declared as decimal(18,2), which the next sync applies",
        "zip VARCHAR: text: line 2 has \"0100\"; declared as text, which the next sync applies",
    ]
    "#);
    app.sync().await;
    assert_eq!(admin.value("SELECT sum(amount) FROM orders").await.to_string().trim_matches('"'), "1246.75");
    assert_eq!(admin.value("SELECT count(zip) FROM orders").await, 1);
    insta::assert_debug_snapshot!(reasons(&app, "orders").await, @r#"
    [
        "id BIGINT: all 2 values",
        "amount DECIMAL(18,2): declared as decimal(18,2)",
        "zip VARCHAR: declared as text",
    ]
    "#);

    // Other changes leave it.
    admin.put_json("/api/admin/registry/orders", json!({ "description": "All" })).await.ok();
    assert_eq!(super::row(&app, "orders").await.unwrap()["file_format"], format);
    declare(&app, "orders", json!({})).await.ok();
    assert_eq!(super::row(&app, "orders").await.unwrap().get("file_format"), None);
    assert!(reasons(&app, "orders").await[1].contains("it was declared; the next sync"));
    app.sync().await;
    assert_eq!(admin.value("SELECT amount FROM orders").await, "1.234,5");

    let audit = admin.get("/api/admin/audit?action=update_table").await.ok();
    assert_eq!(audit["count"], 3);
    assert_eq!(audit["entries"][2]["params"]["file_format"], format);
    assert_eq!(audit["entries"][2]["params"]["updated_fields"], json!(["file_format"]));
}

#[tokio::test]
async fn a_declaration_that_cannot_hold_is_refused_with_field_and_reason() {
    let keboola = [("KEBOOLA_STACK_URL", "https://keboola.example"), ("KEBOOLA_STORAGE_TOKEN", "t")];
    let app = TestApp::start_with(&keboola).await;
    app.register("orders").await.ok();
    assert_snapshot!(declare(&app, "orders", json!({ "columns": { "amount": "decimal" } })).await, @r#"
    422 Unprocessable Entity
    {"detail":[{"type":"value_error","loc":["body","file_format"],"msg":"Value error, column 'amount': 'decimal' is not a column type; use text, integer, decimal(18,2), double, boolean, date, timestamp or timestamptz, the last three also with a format such as timestamp('%d.%m.%Y %H:%M')","input":{"columns":{"amount":"decimal"}},"ctx":{"error":{}}}]}
    "#);
    for (format, reason) in [
        (json!({ "columns": { "a": "decimal(39,2)" } }), "column 'a': 'decimal(39,2)' is not a column type"),
        (json!({ "columns": { "a": "timestamptz('%d.%m.%Y')" } }), "needs %z"),
        (json!({ "columns": { "Zip": "text", "zip": "integer" } }), "declared twice"),
        (json!({ "delimiter": "ab" }), "the delimiter is one character"),
        (json!({ "delimiter": ";", "quote": ";" }), "the same character"),
        (json!({ "encoding": "klingon" }), "'klingon' is not the name of an encoding"),
        (json!({ "decimal_separator": ";" }), "the decimal separator is '.' or ','"),
        (json!({ "decimal_separator": ",", "thousands_separator": "," }), "the thousands separator"),
        (json!({ "delimeter": ";" }), "unknown field `delimeter`"),
        (json!({ "skip_lines": -1 }), "greater than or equal to 0"),
    ] {
        let answer = declare(&app, "orders", format.clone()).await;
        assert_eq!(answer.status, 422, "{format}");
        let detail = answer.json()["detail"][0].clone();
        assert_eq!(detail["loc"][1], "file_format", "{detail}");
        assert!(detail["msg"].as_str().unwrap().contains(reason), "{detail}");
    }
    assert_eq!(super::row(&app, "orders").await.unwrap().get("file_format"), None);

    let deals = json!({ "name": "deals", "source_type": "keboola", "bucket": "in.c-crm" });
    app.admin().await.post_json("/api/admin/register-table", deals.clone()).await.ok();
    assert_snapshot!(declare(&app, "deals", json!({ "delimiter": ";" })).await, @r#"
    422 Unprocessable Entity
    {"detail":[{"type":"value_error","loc":["body","file_format"],"msg":"Value error, file_format is only for tables of source_type 'local'; send {} to clear it","input":{"delimiter":";"},"ctx":{"error":{}}}]}
    "#);
    let mut other = deals;
    (other["name"], other["file_format"]) = (json!("other"), json!({ "delimiter": ";" }));
    assert_eq!(app.admin().await.post_json("/api/admin/register-table", other.clone()).await.status, 422);
    other["source_type"] = json!("local");
    app.admin().await.post_json("/api/admin/register-table", other).await.ok();
    assert_eq!(super::row(&app, "other").await.unwrap()["file_format"], json!({ "delimiter": ";" }));
}

#[tokio::test]
async fn a_value_that_does_not_fit_refuses_the_file_and_the_rows_stay() {
    let app = TestApp::start().await;
    app.drop_file("orders.csv", "id,zip\n1,10\n2,20\n");
    let body = json!({ "name": "orders", "source_type": "local", "file_format": { "columns": { "zip": "integer" } } });
    app.admin().await.post_json("/api/admin/register-table", body).await.ok();
    app.sync().await;
    app.drop_file("orders.csv", "id,zip\n1,10\n2,20\n3,\n4,n/a\n");
    app.sync().await;
    let error = app.sync_error("orders").await;
    assert!(error.contains("orders.csv: line 5, column 'zip': \"n/a\" is not integer, which was declared"), "{error}");
    let admin = app.admin().await;
    assert_eq!(admin.value("SELECT sum(zip) FROM orders").await, 30);
    assert_eq!(admin.value("SELECT count(*) FROM orders").await, 2);
    // Once the text is known to stand for no value, the file fits.
    declare(&app, "orders", json!({ "columns": { "zip": "integer" }, "null_values": ["n/a"] })).await.ok();
    app.sync().await;
    assert_eq!(admin.value("SELECT count(*) FROM orders").await, 4);
    declare(&app, "orders", json!({ "columns": { "zap": "integer" } })).await.ok();
    assert!(reasons(&app, "orders").await[2].contains("zap -: declared as integer, but the table has no such column"));
    app.sync().await;
    let error = app.sync_error("orders").await;
    assert!(error.contains("'zap' has a declared type, but the header has no such column"), "{error}");
    assert_eq!(admin.value("SELECT count(*) FROM orders").await, 4);
}

#[tokio::test]
async fn a_parquet_file_keeps_its_types() {
    let app = TestApp::start().await;
    app.publish("made", "id,name\n1,a\n").await;
    let parquet = app.state.config.data_dir.extract("local").join("data/made.parquet");
    app.drop_file("orders.parquet", std::fs::read(parquet).unwrap());
    app.register("orders").await.ok();
    app.sync().await;
    assert_eq!(reasons(&app, "orders").await[0], "id BIGINT: the type that the source delivers");
    declare(&app, "orders", json!({ "columns": { "id": "integer", "name": "text" } })).await.ok();
    app.sync().await;
    assert_eq!(reasons(&app, "orders").await[0], "id BIGINT: declared as integer");
    declare(&app, "orders", json!({ "columns": { "id": "text" } })).await.ok();
    app.sync().await;
    let error = app.sync_error("orders").await;
    assert!(error.contains("column 'id' is declared as text, but BIGINT in the file, which is parquet"), "{error}");
    assert_eq!(app.admin().await.value("SELECT id FROM orders").await, 1);
}

#[tokio::test]
async fn admins_who_change_different_columns_at_the_same_time_both_have_their_way() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.register("orders").await.ok();
    let change = async |changes: Value| admin.patch_json("/api/admin/registry/orders/types", changes).await;
    let columns: Vec<String> = (0..16).map(|number| format!("c{number}")).collect();
    let changes = columns.iter().map(|column| change(json!({ "columns": { (column.as_str()): "text" } })));
    for answer in futures_util::future::join_all(changes).await {
        assert_eq!(answer.status, 200, "{answer}");
    }
    let declared = async || super::row(&app, "orders").await.unwrap()["file_format"].clone();
    assert_eq!(declared().await["columns"].as_object().unwrap().len(), 16);

    let all: serde_json::Map<_, _> = columns.iter().skip(1).map(|column| (column.clone(), json!(""))).collect();
    assert_snapshot!(change(json!({ "columns": all, "delimiter": ";", "null_values": ["n/a"], "thousands_separator": " " })).await, @r#"
    200 OK
    {"id":"orders","name":"orders","file_format":{"columns":{"c0":"text"},"delimiter":";","null_values":["n/a"],"thousands_separator":" "}}
    "#);
    // Without regard to case, and what is empty is taken back.
    let changed = change(json!({ "columns": { "C0": "integer" }, "delimiter": "", "null_values": [] })).await.ok();
    assert_eq!(changed["file_format"], json!({ "columns": { "C0": "integer" }, "thousands_separator": " " }));
    let before = declared().await;
    for (wrong, reason) in [
        (json!({ "columns": { "c1": "" } }), "no type is declared for the column c1"),
        (json!({ "columns": { "c1": "whole" } }), "'whole' is not a column type"),
        (json!({ "decimal_separator": ".." }), "a separator is one character"),
        (json!({ "thousands_separator": "." }), "the thousands separator is neither"),
        (json!({ "delimeter": ";" }), "delimeter"),
    ] {
        let answer = change(wrong).await;
        assert!(answer.status == 422 && answer.to_string().contains(reason), "{answer}");
    }
    assert_eq!(declared().await, before);
    assert_eq!(change(json!({ "reset": true })).await.ok()["file_format"], json!({}));
    assert_eq!(declared().await, Value::Null);
    assert_eq!(admin.patch_json("/api/admin/registry/nothing/types", json!({})).await.status, 404);
    let audit = admin.get("/api/admin/audit?action=update_table").await.ok();
    let params = &audit["entries"][0]["params"];
    assert_eq!((&params["file_format"], &params["updated_fields"]), (&json!({}), &json!(["file_format"])));
    assert_eq!(audit["count"], 19);
}
