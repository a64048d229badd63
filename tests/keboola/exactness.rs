//! Every value arrives as it was: types, NULL, names, keys.

use agnes::connectors::{Report, Request, TableRequest};
use agnes::extract::typing::reasons;
use agnes::protocol::sync_options::SyncOptions;
use serde_json::{Value, json};

use crate::keboola_server::{Content, Store, Table};
use crate::{Scene, gzip, lines, query, row, schema};

/// Puts a table with the CSV of its only slice, and what its detail has besides the usual; fetches it.
async fn fetch(id: &str, columns: &[&str], detail: Value, csv: &str) -> (Scene, Report) {
    let scene = Scene::new().await;
    put(&scene, id, columns, detail, csv);
    let report = scene.run_request(Request { tables: vec![request(id)], ..Request::default() }).await;
    assert_eq!(report.errors, [], "{report:?}");
    (scene, report)
}

fn put(scene: &Scene, id: &str, columns: &[&str], detail: Value, csv: &str) {
    let content = Content::Slices(Store::Gcs, vec![gzip(csv)]);
    scene.keboola.put(Table { detail, ..Table::new(id, columns, content) });
}

fn request(id: &str) -> TableRequest {
    let (bucket, name) = id.rsplit_once('.').unwrap();
    TableRequest { bucket: Some(bucket.into()), ..row(name) }
}

/// Metadata of a column: its base type, and type and length at the backend.
fn noted(provider: &str, base: &str, native: Option<(&str, &str)>) -> Value {
    let entry =
        |key: &str, value: &str| json!({"key": format!("KBC.datatype.{key}"), "value": value, "provider": provider});
    let mut entries = vec![entry("basetype", base)];
    if let Some((name, length)) = native {
        entries.extend([entry("type", name), entry("length", length)]);
    }
    entries.into()
}

fn notes(report: &Report) -> Vec<&str> {
    report.notes.iter().map(|note| note.note.as_str()).collect()
}

fn people() -> Value {
    let column = |name: &str, kind: &str, length: &str, base: &str| json!({"name": name, "basetype": base, "definition": {"type": kind, "length": length}});
    json!({"isTyped": true, "primaryKey": ["id"], "definition": {"primaryKeysNames": ["id"], "columns": [
        column("id", "NUMBER", "38,0", "INTEGER"), column("nick", "VARCHAR", "16777216", "STRING"),
        column("city", "VARCHAR", "16777216", "STRING"), column("age", "NUMBER", "38,0", "INTEGER")]}})
}

const PEOPLE: &str = "\"1\",\"Ann\",\"Oslo\",\"30\"\n\"2\",,\"Moss\",\n\"3\",\"\",\"Bergen\",\"41\"\n\"4\",,,\n";

#[tokio::test]
async fn numbers_keep_their_digits() {
    let detail = json!({"columnMetadata": {
        "ref": noted("user", "NUMERIC", Some(("NUMBER", "38,0"))),
        "amount": noted("user", "NUMERIC", Some(("NUMBER", "20,2"))),
        "rate": noted("user", "NUMERIC", None), "whole": noted("user", "NUMERIC", None), "price": noted("user", "FLOAT", None),
        "mixed": noted("user", "FLOAT", Some(("NUMBER", "65,30"))), "none": noted("user", "NUMERIC", None)}});
    let columns = ["ref", "amount", "rate", "whole", "price", "mixed", "none"];
    let csv = "135217135789158401,99999999999999.99,0.1,135217135789158401,0.30,1.5,\n\
               135217135789158403,100000000000000.01,1e3,-2,99999999999999.99,0.25,\n\
               12345678901234567890,0.30,nan,,1.00,850,\n";
    let (scene, report) = fetch("in.c-erp.postings", &columns, detail, csv).await;
    assert_eq!(
        schema(&scene.parquet("postings")),
        [
            "ref DECIMAL(38,0)",
            "amount DECIMAL(20,2)",
            "rate VARCHAR",
            "whole BIGINT",
            "price DECIMAL(18,2)",
            "mixed DOUBLE",
            "none DOUBLE"
        ]
    );
    assert_eq!(
        lines(&scene.parquet("postings")),
        [
            "135217135789158401|99999999999999.99|0.1|135217135789158401|0.30|1.5|∅",
            "135217135789158403|100000000000000.01|1e3|-2|99999999999999.99|0.25|∅",
            "12345678901234567890|0.30|nan|∅|1.00|850.0|∅"
        ]
    );
    assert_eq!(
        notes(&report),
        [
            "column rate, NUMERIC in Keboola, is text, since row 2 has \"1e3\": no such type returns every value as it is"
        ]
    );
    let kept = reasons::kept(&scene.directory, "postings");
    let rate = &kept[2];
    assert_eq!((rate.column.as_str(), rate.kind.as_str(), rate.values), ("rate", "VARCHAR", Some(3)));
    assert_eq!(rate.decided_by.as_ref().map(|seen| (seen.line, seen.text.as_str())), Some((2, "1e3")));
    assert_eq!((rate.before.as_deref(), kept[0].kind.as_str()), (Some("DECIMAL(18,1)"), "DECIMAL(38,0)"));
}

#[tokio::test]
async fn types_that_extractors_note_are_used() {
    let mysql = |base| noted("keboola.ex-db-mysql", base, None);
    let detail = json!({"columnMetadata": {"id": mysql("INTEGER"), "total": mysql("NUMERIC"), "issued": mysql("DATE"), "paid": mysql("BOOLEAN")}});
    let csv = "\"1\",\"10.50\",\"2025-01-31\",\"1\"\n\"2\",\"7.25\",\"2025-02-01\",\"0\"\n";
    let id = "in.c-keboola-ex-db-mysql-77.invoices";
    let (scene, report) = fetch(id, &["id", "total", "issued", "paid"], detail, csv).await;
    let parquet = scene.parquet("invoices");
    assert_eq!(schema(&parquet), ["id BIGINT", "total DECIMAL(18,2)", "issued DATE", "paid BOOLEAN"]);
    assert_eq!(lines(&parquet), ["1|10.50|2025-01-31|true", "2|7.25|2025-02-01|false"]);
    assert_eq!(report.notes, []);
}

#[tokio::test]
async fn typed_tables_tell_null_from_the_empty_text() {
    let columns = ["id", "nick", "city", "age"];
    let (scene, _) = fetch("in.c-crm.people", &columns, people(), PEOPLE).await;
    let parquet = scene.parquet("people");
    assert_eq!(lines(&parquet), ["1|Ann|Oslo|30", "2|∅|Moss|∅", "3||Bergen|41", "4|∅|∅|∅"]);

    // So do columns that have become text, and a table of one column; without types, there is no NULL.
    let mut odd = people();
    odd["definition"]["columns"][3]["basetype"] = "NUMERIC".into();
    let (scene, _) = fetch("in.c-crm.people", &columns, odd, "1,a,b,x\n2,c,d,\n3,e,f,\"\"\n").await;
    assert_eq!(lines(&scene.parquet("people")), ["1|a|b|x", "2|c|d|∅", "3|e|f|"]);
    for (is_typed, expected) in [(true, ["x", "∅", "", "∅"]), (false, ["x", "", "", ""])] {
        let (scene, _) = fetch("in.c-crm.one", &["note"], json!({"isTyped": is_typed}), "\"x\"\n\n\"\"\n\n").await;
        assert_eq!(lines(&scene.parquet("one")), expected);
    }
}

#[tokio::test]
async fn columns_that_differ_in_case_are_renamed_and_told() {
    let detail = json!({"columnMetadata": {"id": noted("user", "INTEGER", None)}});
    let (scene, report) = fetch("in.c-x.mixedcase", &["Id", "id", "note"], detail.clone(), "\"1\",\"2\",\"x\"\n").await;
    assert_eq!(schema(&scene.parquet("mixedcase")), ["Id VARCHAR", "id_1 BIGINT", "note VARCHAR"]);
    assert_eq!(notes(&report), ["another column differs from id only in upper and lower case: id is called id_1 here"]);

    // Rows are merged by the column that was meant.
    let merged = TableRequest {
        primary_key: vec!["id".into()],
        sync_strategy: Some("incremental".into()),
        sync_options: Some(SyncOptions { full_refresh_every_days: Some(0), ..SyncOptions::default() }),
        ..request("in.c-x.mixedcase")
    };
    for csv in ["1,1,a\n1,2,b\n", "1,2,c\n"] {
        put(&scene, "in.c-x.mixedcase", &["Id", "id", "note"], detail.clone(), csv);
        let report = scene.run_request(Request { tables: vec![merged.clone()], ..Request::default() }).await;
        assert_eq!(report.errors, [], "{report:?}");
    }
    let mut rows = lines(&scene.parquet("mixedcase"));
    rows.sort();
    assert_eq!(rows, ["1|1|a", "1|2|c"]);
}

#[tokio::test]
async fn the_key_at_keboola_is_used() {
    let never = SyncOptions { full_refresh_every_days: Some(0), ..SyncOptions::default() };
    let incremental = |id: &str| TableRequest {
        sync_strategy: Some("incremental".into()),
        sync_options: Some(never.clone()),
        ..request(id)
    };
    let linked = |key: Value| {
        json!({"isAlias": true, "primaryKey": [], "sourceTable": {"id": "out.c-main.customers", "primaryKey": key,
               "columnMetadata": {"id": noted("user", "INTEGER", None)}}})
    };
    let mut no_own_list = people();
    no_own_list["primaryKey"] = json!([]);
    for (id, columns, detail, first, second, expected) in [
        (
            "in.c-shared.customers",
            &["id", "name"][..],
            linked(json!(["id"])),
            "1,Ann\n2,Ben\n",
            "2,Bea\n",
            Some(&["1|Ann", "2|Bea"][..]),
        ),
        // The alias lacks a column of the key, or there is none.
        ("in.c-shared.customers", &["id", "name"], linked(json!(["id", "day"])), "1,Ann\n2,Ben\n", "2,Bea\n", None),
        ("in.c-shared.customers", &["id", "name"], linked(json!([])), "1,Ann\n2,Ben\n", "2,Bea\n", None),
        (
            "in.c-crm.people",
            &["id", "nick", "city", "age"],
            people(),
            "1,a,,\n2,b,,\n",
            "2,,\"\",3\n",
            Some(&["1|a|∅|∅", "2|∅||3"]),
        ),
        (
            "in.c-crm.people",
            &["id", "nick", "city", "age"],
            no_own_list,
            "1,a,,\n",
            "2,,,\n",
            Some(&["1|a|∅|∅", "2|∅|∅|∅"]),
        ),
    ] {
        let scene = Scene::new().await;
        let table = incremental(id);
        let mut reports = Vec::new();
        for csv in [first, second] {
            put(&scene, id, columns, detail.clone(), csv);
            reports.push(scene.run_request(Request { tables: vec![table.clone()], ..Request::default() }).await);
        }
        assert!(reports.iter().all(|report| report.errors.is_empty()), "{reports:?}");
        match expected {
            Some(expected) => {
                assert_eq!(lines(&scene.parquet(&table.name)), expected);
                assert_eq!(reports[1].notes, []);
            }
            None => {
                assert_eq!(lines(&scene.parquet(&table.name)), ["2|Bea"]);
                assert!(notes(&reports[0])[0].contains("needs a primary key"), "{reports:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_new_value_that_does_not_fit_loads_the_table_whole() {
    let never = SyncOptions { full_refresh_every_days: Some(0), ..SyncOptions::default() };
    let table = TableRequest {
        primary_key: vec!["id".into()],
        sync_strategy: Some("incremental".into()),
        sync_options: Some(never),
        ..request("in.c-crm.orders")
    };
    let detail =
        json!({"columnMetadata": {"id": noted("user", "NUMERIC", None), "amount": noted("user", "NUMERIC", None)}});
    let scene = Scene::new().await;
    let began = 1_768_003_200;
    let mut imported: Vec<(i64, String)> = Vec::new();
    for (new, whole, kinds, rows) in [
        ("1,1.50", true, ["BIGINT", "DECIMAL(18,2)"], &["1|1.50"][..]),
        ("2,2.25", false, ["BIGINT", "DECIMAL(18,2)"], &["1|1.50", "2|2.25"]),
        // Not 2 once more, and not rounded.
        ("2.0,7.125", true, ["VARCHAR", "VARCHAR"], &["1|1.50", "2.0|7.125", "2|2.25"]),
        (
            "135217135789158401,1e3",
            false,
            ["VARCHAR", "VARCHAR"],
            &["135217135789158401|1e3", "1|1.50", "2.0|7.125", "2|2.25"],
        ),
    ] {
        // The first row is older than what increments ask for.
        let at = if imported.is_empty() { began - 500_000 } else { began };
        imported.push((at, new.to_owned()));
        let content = Content::Whole(Vec::new());
        let columns = &["id", "amount"];
        scene.keboola.put(Table {
            detail: detail.clone(),
            imported: Some(imported.clone()),
            ..Table::new("in.c-crm.orders", columns, content)
        });
        let report = scene.run_request(Request { tables: vec![table.clone()], ..Request::default() }).await;
        assert_eq!(report.errors, [], "{report:?}");
        assert_eq!(scene.keboola.exports().last().unwrap()["changedSince"].is_null(), whole, "{new}");
        assert_eq!(schema(&scene.parquet("orders")), [format!("id {}", kinds[0]), format!("amount {}", kinds[1])]);
        let mut found = lines(&scene.parquet("orders"));
        found.sort();
        assert_eq!(found, rows);
    }
}

#[tokio::test]
async fn times_of_day_and_moments_come_back_or_are_text() {
    let detail = json!({"columnMetadata": {
        "nanos": noted("user", "TIMESTAMP", None), "zoned": noted("user", "TIMESTAMP", None),
        "epoch": noted("user", "DATE", None), "inf": noted("user", "TIMESTAMP", None), "code": noted("user", "INTEGER", None)}});
    let columns = ["nanos", "zoned", "epoch", "inf", "code"];
    let csv = "2024-01-31 10:00:00.123456789,2024-01-31 10:00:00.000 +0200,epoch,infinity,007\n\
               2024-01-31 10:00:00,2024-01-31T10:00Z,2024-01-31,2024-01-31,8\n";
    let (scene, report) = fetch("in.c-x.times", &columns, detail, csv).await;
    let parquet = scene.parquet("times");
    assert_eq!(
        schema(&parquet),
        ["nanos VARCHAR", "zoned TIMESTAMP WITH TIME ZONE", "epoch VARCHAR", "inf VARCHAR", "code VARCHAR"]
    );
    let texts = query(&parquet, "SELECT concat_ws('|', nanos, epoch, inf, code) FROM FILE");
    assert_eq!(
        format!("{texts:?}"),
        "[[Text(\"2024-01-31 10:00:00.123456789|epoch|infinity|007\")], \
                                      [Text(\"2024-01-31 10:00:00|2024-01-31|2024-01-31|8\")]]"
    );
    assert_eq!(report.notes.len(), 4, "{report:?}");
}
