//! Files that become tables.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::stream;
use insta::assert_snapshot;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::{Answer, Client, TestApp};

async fn upload(client: &Client, table: &str, file: &str, content: impl Into<Vec<u8>>) -> Answer {
    send(client, table, file, content, Form::new().text("note", "x")).await
}

/// Uploads behind the other fields of the form.
async fn send(client: &Client, table: &str, file: &str, content: impl Into<Vec<u8>>, form: Form) -> Answer {
    let part = Part::bytes(content.into()).file_name(file.to_owned());
    let request = client.request(Method::POST, &format!("/api/upload/tables/{table}"));
    client.send(request.multipart(form.part("file", part))).await
}

/// Uploads, and waits until it is published.
async fn published(app: &TestApp, table: &str, file: &str, content: &str) -> Value {
    let answer = upload(app.admin().await, table, file, content).await;
    assert_eq!(answer.status, 201, "{answer}");
    let answer = answer.json();
    assert_eq!(app.run(answer["run_id"].as_str().unwrap()).await["status"], "ok");
    answer
}

fn files(app: &TestApp) -> Vec<String> {
    let entries = std::fs::read_dir(app.files_folder()).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_file_becomes_a_table_and_another_replaces_it() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let answer = published(&app, "Orders", "export 7.csv", "id,amount\n1,2.5\n2,3.5\n").await;
    assert_snapshot!(answer, @r#"{"id":"orders","name":"Orders","rows":2,"size_bytes":22,"columns":[{"name":"id","type":"BIGINT"},{"name":"amount","type":"DECIMAL(18,1)"}],"status":"registered","run_id":"[id]"}"#);
    assert_eq!(admin.value("SELECT sum(amount) FROM orders").await, "6.0");
    let again = published(&app, "orders", "orders.TSV", "id\tamount\n9\t9.5\n").await;
    assert_eq!((&again["status"], &again["id"]), (&json!("updated"), &json!("orders")));
    assert_eq!(admin.value("SELECT sum(amount) FROM orders").await, "9.5");
    assert_eq!(files(&app), ["orders.tsv"], "one file for one table");
    let audit = admin.get("/api/admin/audit?action=upload_table").await.ok();
    assert_eq!(audit["entries"][0]["params"]["rows"], 1);
    assert_eq!(audit["count"], 2);
}

#[tokio::test]
async fn what_is_wrong_is_told_and_changes_nothing() {
    let app = TestApp::start_with(&[("AGNES_UPLOAD_TABLE_MAX_MB", "1")]).await;
    let admin = app.admin().await;
    published(&app, "orders", "orders.csv", "id\n1\n").await;
    assert_snapshot!(upload(admin, "orders", "orders.csv", "id\n1,2\n").await, @r#"
    422 Unprocessable Entity
    {"detail":"orders.csv: line 2: a row with 2 columns, but the header has 1. Nothing was changed."}
    "#);
    assert_eq!(upload(admin, "orders", "orders.parquet", "PAR1 no PAR1").await.status, 422);
    assert_snapshot!(upload(admin, "orders", "orders.xlsx", "x").await, @r#"
    415 Unsupported Media Type
    {"detail":"Only .csv, .csv.gz, .tsv, .tsv.gz and .parquet files can become tables"}
    "#);
    assert_snapshot!(upload(admin, "orders", "orders.csv", "x".repeat(1 << 21)).await, @r#"
    413 Payload Too Large
    {"detail":"File too large (max 1 MB)"}
    "#);
    assert_eq!(upload(admin, "or-ders", "orders.csv", "id\n1\n").await.status, 422);
    let no_field = admin.request(Method::POST, "/api/upload/tables/orders").multipart(Form::new().text("a", "b"));
    assert_snapshot!(admin.send(no_field).await, @r#"
    422 Unprocessable Entity
    {"detail":[{"type":"missing","loc":["body","file"],"msg":"Field required","input":null}]}
    "#);
    let broken = admin.request(Method::POST, "/api/upload/tables/orders");
    let broken = broken.header("content-type", "multipart/form-data; boundary=x").body("--x\r\nno form");
    assert_eq!(admin.send(broken).await.status, 400);
    assert_eq!((files(&app), admin.value("SELECT id FROM orders").await), (vec!["orders.csv".into()], json!(1)));
}

#[tokio::test]
async fn a_file_without_any_column_of_the_table_replaces_it_only_on_demand() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    published(&app, "orders", "orders.csv", "id,amount\n1,2\n").await;
    assert_snapshot!(upload(admin, "Orders", "orders.csv", "a,b,c,d,e,f,g\n1,2,3,4,5,6,7\n").await, @r#"
    409 Conflict
    {"detail":"The file has none of the columns of table 'Orders': it has a, b, c, d, e and 2 more, the table has id, amount. Nothing was changed. If it is to replace the table, upload it with --replace (API: replace=true)"}
    "#);
    assert_snapshot!(upload(admin, "orders", "orders.tsv", "name\nann\n").await, @r#"
    409 Conflict
    {"detail":"The file has none of the columns of table 'orders': it has name, the table has id, amount. Nothing was changed. If it is to replace the table, upload it with --replace (API: replace=true)"}
    "#);
    assert_eq!(upload(admin, "orders?replace=false", "orders.csv", "name\nann\n").await.status, 409);
    assert_eq!((files(&app), admin.value("SELECT amount FROM orders").await), (vec!["orders.csv".into()], json!(2)));
    app.sync().await;
    assert_eq!(admin.value("SELECT amount FROM orders").await, 2);
    // One column is enough, in whatever case.
    published(&app, "orders", "orders.csv", "AMOUNT,name\n3,ann\n").await;
    assert_eq!(admin.value("SELECT amount FROM orders").await, 3);
    published(&app, "orders?replace=true", "orders.csv", "place,day\nBrno,7\n").await;
    assert_eq!(admin.value("SELECT day FROM orders").await, 7);
    assert_eq!(upload(admin, "orders?replace=maybe", "orders.csv", "place\nBrno\n").await.status, 422);
}

#[tokio::test]
async fn a_table_in_parts_is_compared_with_the_columns_of_all_parts() {
    let app = TestApp::start().await;
    let folder = app.files_folder().join("sales");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("2025-01.csv"), "id\n1\n").unwrap();
    std::fs::write(folder.join("2025-02.csv"), "id,extra\n2,3\n").unwrap();
    let admin = app.admin().await;
    let row = json!({"name": "sales", "source_type": "local"});
    assert_eq!(admin.post_json("/api/admin/register-table", row).await.status, 201);
    app.sync().await;
    assert_eq!(admin.value("SELECT count(*) FROM sales").await, 2);
    assert_eq!(upload(admin, "sales", "sales.csv", "name\nann\n").await.status, 409);
    assert_eq!(upload(admin, "sales", "sales.csv", "extra\n4\n").await.status, 201);
}

#[tokio::test]
async fn a_file_is_read_as_declared_and_the_declaration_is_kept() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let bytes = b"Report\nid;amount;name\n1;1.234,5;Zo\xeb\n2;n/a;\x8aofie\n";
    let refused = upload(admin, "orders", "orders.csv", bytes).await;
    assert_eq!(refused.status, 422, "{refused}");
    let format = json!({ "columns": { "amount": "decimal(18,2)" }, "delimiter": ";", "encoding": "windows-1250",
        "skip_lines": 1, "null_values": ["n/a"], "decimal_separator": ",", "thousands_separator": "." });
    let declared = |format: &Value| Form::new().text("file_format", format.to_string());
    let answer = send(admin, "orders", "orders.csv", bytes, declared(&format)).await;
    assert_eq!(answer.status, 201, "{answer}");
    let answer = answer.json();
    assert_eq!(answer["columns"][1], json!({ "name": "amount", "type": "DECIMAL(18,2)" }));
    assert_eq!(app.run(answer["run_id"].as_str().unwrap()).await["status"], "ok");
    assert_eq!(
        admin.value("SELECT string_agg(name, ' ') FROM orders WHERE amount IS NULL OR amount > 1234").await,
        "Zoë Šofie"
    );
    let row = || async { admin.get("/api/admin/registry").await.ok()["tables"][0]["file_format"].clone() };
    assert_eq!(row().await, format);
    let audit = admin.get("/api/admin/audit?action=upload_table").await.ok();
    assert_eq!(audit["entries"][0]["params"]["file_format"], format);

    // Another file is read in the same way, unless something else is declared with it, wherever the field is.
    let misfit = upload(admin, "orders", "orders.csv", b"Report\nid;amount;name\n1;2,345;x\n").await;
    assert_snapshot!(misfit, @r#"
    422 Unprocessable Entity
    {"detail":"orders.csv: line 3, column 'amount': \"2,345\" is not decimal(18,2), which was declared. Nothing was changed."}
    "#);
    let again = upload(admin, "orders", "orders.csv", b"Report\nid;amount;name\n1;2,34;\x8e\n").await;
    assert_eq!((again.status.as_u16(), row().await), (201, format));
    app.run(again.json()["run_id"].as_str().unwrap()).await;
    assert_eq!(admin.value("SELECT name FROM orders WHERE amount = 2.34").await, "Ž");
    let part = Part::bytes(b"id,amount\n1,5\n").file_name("orders.csv");
    let form = Form::new().part("file", part).text("file_format", "{}");
    let request = admin.request(Method::POST, "/api/upload/tables/orders").multipart(form);
    assert_eq!((admin.send(request).await.status.as_u16(), row().await), (201, Value::Null));
    for wrong in [json!({ "columns": { "id": "whole" } }), json!({ "delimeter": ";" }), json!("x")] {
        let answer = send(admin, "orders", "orders.csv", "id\n1\n", declared(&wrong)).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["detail"][0]["loc"][1]), (422, &json!("file_format")));
    }
}

#[tokio::test]
async fn what_was_decided_about_a_file_is_told() {
    let app = TestApp::start().await;
    let answer = published(&app, "orders", "orders.csv", "\nid,zip\n1,7\n2,n/a\n").await;
    insta::assert_json_snapshot!(answer["notes"], @r#"
    [
      "column zip is text, since line 4 has \"n/a\"; the values before it are BIGINT",
      "1 empty line(s) above the header were left out"
    ]
    "#);
}

#[tokio::test]
async fn a_table_of_another_source_is_not_replaced() {
    let keboola = [("KEBOOLA_STACK_URL", "https://keboola.example"), ("KEBOOLA_STORAGE_TOKEN", "t")];
    let app = TestApp::start_with(&keboola).await;
    let admin = app.admin().await;
    let body = json!({ "name": "deals", "source_type": "keboola", "bucket": "in.c-crm" });
    assert_eq!(admin.post_json("/api/admin/register-table", body).await.status, 201);
    assert_snapshot!(upload(admin, "DEALS", "deals.csv", "id\n1\n").await, @r#"
    409 Conflict
    {"detail":"Table 'DEALS' comes from keboola; upload the file under another name"}
    "#);
    let ann = app.user("ann@example.com", &[]).await;
    assert_eq!(upload(&ann, "mine", "mine.csv", "id\n1\n").await.status, 403);
    assert_eq!(upload(&app.anonymous(), "mine", "mine.csv", "id\n1\n").await.status, 401);
    assert_eq!(files(&app), [""; 0]);
}

#[tokio::test]
async fn a_file_that_would_not_fit_is_refused_at_once() {
    let app = TestApp::start_with(&[("AGNES_EXTRACT_RESERVE_MB", "1000000000000")]).await;
    let answer = upload(app.admin().await, "orders", "orders.csv", "id\n1\n").await;
    assert_eq!(answer.status, 507, "{answer}");
    assert!(answer.json()["detail"].as_str().unwrap().starts_with("not enough disk space"), "{answer}");
}

#[tokio::test]
async fn a_file_and_its_declaration_take_effect_together_or_not_at_all() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let changes = |changes: Value| Form::new().text("file_format_changes", changes.to_string());
    let content = || std::fs::read_to_string(app.files_folder().join("orders.csv")).unwrap();
    let declared = async || {
        let registry = admin.get("/api/admin/registry").await.ok();
        let rows = registry["tables"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["name"] == "orders").map(|row| row["file_format"].clone())
    };
    let accepted = async |content: &str, form: Form| {
        let answer = send(admin, "orders", "orders.csv", content.to_owned(), form).await;
        assert_eq!(answer.status, 201, "{answer}");
        app.run(answer.json()["run_id"].as_str().unwrap()).await
    };
    let first = changes(json!({ "columns": { "zip": "text" }, "null_values": ["-"] }));
    assert_eq!(accepted("zip,n\n01,-\n", first).await["status"], "ok");
    let kept = json!({ "columns": { "zip": "text" }, "null_values": ["-"] });
    assert_eq!(declared().await, Some(kept.clone()));

    // A file that does not fit the declaration that came with it, and declarations that are not valid.
    for (wrong, reason) in [
        (json!({ "columns": { "n": "integer" } }), "is not integer, which was declared"),
        (json!({ "columns": { "missing": "integer" } }), "missing"),
        (json!({ "columns": { "n": "whole" } }), "is not a column type"),
        (json!({ "columns": { "n": "" } }), "no type is declared"),
    ] {
        let answer = send(admin, "orders", "orders.csv", "zip,n\n02,x\n", changes(wrong)).await;
        assert!(answer.status == 422 && answer.to_string().contains(reason), "{answer}");
        assert_eq!((content(), declared().await), ("zip,n\n01,-\n".into(), Some(kept.clone())));
    }
    let twice = changes(json!({})).text("file_format", "{}");
    assert_eq!(send(admin, "orders", "orders.csv", "zip,n\n02,x\n", twice).await.status, 400);

    let added = changes(json!({ "columns": { "n": "integer" } }));
    assert_eq!(accepted("zip,n\n03,+7\n", added).await["status"], "ok");
    assert_eq!(admin.value("SELECT zip || n FROM orders").await, "037");
    let both = json!({ "columns": { "n": "integer", "zip": "text" }, "null_values": ["-"] });
    assert_eq!(declared().await, Some(both.clone()));

    // The id is taken by a table of another name, which is seen only when the row is written: the file goes with it.
    admin.put_json("/api/admin/registry/orders", json!({ "name": "renamed" })).await.ok();
    let before = files(&app);
    let refused = send(admin, "orders", "orders.tsv", "zip\tn\n04\t8\n", changes(json!({ "quote": "none" }))).await;
    assert_eq!((refused.status.as_u16(), files(&app)), (409, before), "{refused}");
    assert_eq!(content(), "zip,n\n03,+7\n");
}

/// What the parser of forms keeps in memory until it ends.
#[tokio::test]
async fn what_surrounds_a_file_cannot_be_endless() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let begin = "--x\r\nContent-Disposition: form-data; name=";
    for begin in [format!("{begin}\""), format!("{begin}\"note\"\r\n\r\n"), "no form at all".into()] {
        let sent = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&sent);
        let pieces = std::iter::repeat_with(move || {
            counter.fetch_add(64 * 1024, Ordering::Relaxed);
            Bytes::from_static(&[b'x'; 64 * 1024])
        });
        let pieces = std::iter::once(Bytes::from(begin.clone())).chain(pieces);
        let body = reqwest::Body::wrap_stream(stream::iter(pieces.map(Ok::<_, std::io::Error>)));
        let request = admin.request(Method::POST, "/api/upload/tables/orders");
        let request = request.header("content-type", "multipart/form-data; boundary=x").body(body);
        let answer = admin.send(request).await;
        assert_eq!(answer.status, 400, "{begin}: {answer}");
        let sent = sent.load(Ordering::Relaxed) / 1024 / 1024;
        assert!(sent < 32, "{begin}: {sent} MB were read");
    }
    assert_eq!(upload(admin, "orders", "orders.csv", "id\n1\n").await.status, 201);
}
