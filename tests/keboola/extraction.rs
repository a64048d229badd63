use std::collections::HashSet;

use agnes::connectors::keboola::client::StorageClient;
use agnes::connectors::{Request, TableRequest};
use agnes::engine::Value;

use crate::keboola_server::{Content, Store, Table};
use crate::{Scene, gzip, lines, one_row, only_error, query, row, simple};

/// Rows `from..to` of a [`simple`] table without header.
fn rows(from: u32, to: u32) -> String {
    (from..to).map(|id| format!("\"{id}\",\"note, \"\"{id}\"\"\nend\"\n")).collect()
}

#[tokio::test]
async fn slices_of_every_store_keep_their_order() {
    for (number, store) in [Store::Gcs, Store::S3, Store::Azure, Store::Signed].into_iter().enumerate() {
        let scene = Scene::new().await;
        // Six slices of unequal size, of which one is empty and one is not compressed.
        let slices = vec![
            gzip(&rows(0, 5000)),
            gzip(&rows(5000, 5001)),
            Vec::new(),
            rows(5001, 7000).into_bytes(),
            gzip(&rows(7000, 7010)),
            gzip(&rows(7010, 9000)),
        ];
        scene.keboola.put(simple("orders", Content::Slices(store, slices)));
        let report = scene.run(&["orders"]).await;
        assert_eq!((report.exit_code(), report.tables_extracted), (0, 1), "store {number}: {report:?}");
        let parquet = scene.parquet("orders");
        let counts = query(
            &parquet,
            "SELECT count(*), count(*) FILTER (id <> n), count(*) FILTER (note = concat('note, \"', id, '\"', chr(10), 'end'))
             FROM (SELECT *, row_number() OVER () - 1 AS n FROM FILE)",
        );
        assert_eq!(counts, [vec![Value::BigInt(9000), Value::BigInt(0), Value::BigInt(9000)]], "store {number}");
    }
}

#[tokio::test]
async fn whole_files_may_be_compressed_cached_or_in_another_order() {
    let scene = Scene::new().await;
    let swapped = "\"note\",\"id\"\n\"a\r\nb\",\"7\"\n\"\",\"\"\n";
    let mut cached = simple("cached", Content::Whole(gzip(swapped)));
    cached.cached = true;
    scene.keboola.put(cached);
    scene.keboola.put(simple("header_only", Content::Whole(b"\"id\",\"note\"\n".to_vec())));
    scene.keboola.put(simple("nothing", Content::Whole(Vec::new())));
    let report = scene.run(&["cached", "header_only", "nothing"]).await;
    assert_eq!(report.exit_code(), 0, "{report:?}");
    assert_eq!(lines(&scene.parquet("cached")), ["7|a\r\nb", "∅|"]);
    for empty in ["header_only", "nothing"] {
        assert_eq!(lines(&scene.parquet(empty)), [""; 0]);
        assert_eq!(crate::schema(&scene.parquet(empty)), ["id BIGINT", "note VARCHAR"]);
    }
    assert_eq!(scene.published(), ["cached", "header_only", "nothing"]);
}

#[tokio::test]
async fn tables_of_earlier_runs_stay_unless_keep_drops_them() {
    let scene = Scene::new().await;
    for name in ["orders", "customers", "products"] {
        scene.keboola.put(simple(name, one_row(1)));
    }
    scene.run(&["orders", "customers"]).await;
    let before = agnes::extract::read(&scene.directory).unwrap().tables;
    scene.run(&["products"]).await;
    assert_eq!(scene.published(), ["customers", "orders", "products"]);
    let after = agnes::extract::read(&scene.directory).unwrap().tables;
    assert!(before.iter().all(|table| after.contains(table)), "time and counts of other tables stay");

    let keep = HashSet::from(["products".to_owned(), "orders".to_owned()]);
    let report = scene.run_request(Request { tables: Vec::new(), keep: Some(keep), ..Request::default() }).await;
    assert_eq!(report.exit_code(), 0);
    assert_eq!(scene.published(), ["orders", "products"]);
    assert!(!scene.parquet("customers").exists());
    assert!(scene.parquet("orders").exists());
}

#[tokio::test]
async fn unsafe_names_fail_alone_and_never_reach_the_api() {
    let scene = Scene::new().await;
    scene.keboola.put(simple("orders", one_row(1)));
    let with = |name: &str, bucket: &str, source: &str| TableRequest {
        source_table: Some(source.into()),
        bucket: Some(bucket.into()),
        ..row(name)
    };
    let tables = vec![
        row("orders"),
        row("bad-name"),
        row("_META"),
        with("a", "in.c-crm/../x", "orders"),
        with("b", "in.c-crm", "or\"ders"),
        row("ORDERS"),
        TableRequest { query_mode: "remote".into(), ..row("live") },
        TableRequest { query_mode: "materialized".into(), ..row("made elsewhere") },
    ];
    let report = scene.run_request(Request { tables, ..Request::default() }).await;
    let errors: Vec<_> = report.errors.iter().map(|error| (error.table.as_str(), error.error.as_str())).collect();
    assert_eq!(
        errors,
        [
            ("bad-name", "unsafe identifier"),
            ("_META", "unsafe identifier"),
            ("a", "unsafe bucket/source_table"),
            ("b", "unsafe bucket/source_table"),
            ("ORDERS", "another table of this source has the same name"),
            ("live", "Keboola answered 404: The table \"in.c-crm.live\" was not found."),
        ]
    );
    assert_eq!((report.tables_extracted, report.tables_failed, report.exit_code()), (1, 6, 2));
    assert_eq!(scene.published(), ["orders"]);
    assert_eq!(scene.keboola.count("POST"), 1);
}

#[tokio::test]
async fn a_row_without_bucket_is_found_by_its_id() {
    let scene = Scene::new().await;
    scene.keboola.put(Table::new("out.c-x.y", &["id"], Content::Whole(b"id\n1\n".to_vec())));
    let table = TableRequest { id: "out.c-x.y".into(), bucket: None, ..row("renamed") };
    let report = scene.run_request(Request { tables: vec![table], ..Request::default() }).await;
    assert_eq!(report.exit_code(), 0, "{report:?}");
    assert_eq!(lines(&scene.parquet("renamed")), ["1"]);
}

#[tokio::test]
async fn only_one_run_at_a_time() {
    let scene = Scene::new().await;
    scene.keboola.put(simple("orders", one_row(1)));
    let lock = agnes::base::lock::FileLock::acquire(&scene.directory.join(".lock")).unwrap();
    let report = scene.run(&["orders"]).await;
    assert_eq!(report.exit_code(), 1);
    assert!(only_error(&report).contains("another Keboola extraction is running"), "{report:?}");
    assert!(!scene.parquet("orders").exists());
    drop(lock);
    assert_eq!(scene.run(&["orders"]).await.exit_code(), 0);
}

#[tokio::test]
async fn the_listing_names_tables_with_their_buckets() {
    let scene = Scene::new().await;
    scene.keboola.put(simple("orders", one_row(1)));
    let client = StorageClient::new(&scene.settings).unwrap();
    assert_eq!(client.verify_token().await.unwrap().owner.name, "Tests");
    let tables = client.tables().await.unwrap();
    assert_eq!(tables.len(), 1);
    assert_eq!(tables[0].bucket.as_ref().unwrap().id, "in.c-crm");
    assert_eq!(tables[0].columns, ["id", "note"]);
    assert!(tables[0].column_metadata.contains_key("id"));
}

#[tokio::test]
async fn remote_tables_are_shown_and_not_fetched() {
    let scene = Scene::new().await;
    scene.keboola.put(simple("orders", one_row(1)));
    let types = [("id", "INTEGER"), ("amount", "NUMERIC")];
    let live = Table::new("in.c-crm.live-1", &["id", "amount"], Content::Whole(Vec::new())).base_types(&types);
    scene.keboola.put(live);
    let remote = TableRequest { query_mode: "remote".into(), source_table: Some("live-1".into()), ..row("live") };
    let report = scene.run_request(Request { tables: vec![row("orders"), remote], ..Request::default() }).await;
    assert_eq!((report.tables_extracted, report.tables_failed), (2, 0), "{report:?}");
    assert_eq!(scene.keboola.count("POST"), 1, "one export");
    let extract = agnes::extract::read(&scene.directory).unwrap();
    let modes: Vec<_> =
        extract.tables.iter().map(|table| (table.table_name.as_str(), table.query_mode.as_str())).collect();
    assert_eq!(modes, [("live", "remote"), ("orders", "local")]);
    let attach = &extract.attach[0];
    assert_eq!((attach.alias.as_str(), attach.extension.as_str()), ("kbc", "keboola"));
    assert_eq!((attach.url.as_str(), attach.token_env.as_str()), (scene.keboola.url.as_str(), "KEBOOLA_STORAGE_TOKEN"));
    assert_eq!(extract.views["live"], "CREATE VIEW live AS SELECT * FROM kbc.\"in.c-crm\".\"live-1\";");
    let bytes = std::fs::read(scene.directory.join("extract.duckdb")).unwrap();
    let token = crate::TOKEN.as_bytes();
    assert!(!bytes.windows(token.len()).any(|window| window == token), "the token is in the extract");
}
