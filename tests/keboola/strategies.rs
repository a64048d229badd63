//! What is fetched, and what becomes of it, by the strategy of a table.

use std::path::PathBuf;

use agnes::base::ident::quote_path;
use agnes::connectors::{Report, Request, TableRequest};
use agnes::engine::{self, Limits};
use agnes::extract::parts_folder;
use agnes::protocol::sync_options::{Granularity, Operator, SyncOptions, WhereFilter};
use serde_json::{Value, json};

use crate::keboola_server::{Content, Table};
use crate::{Scene, row};

const DAY: i64 = 86_400;
/// When every export of the stand-in begins: 2026-01-10.
const BEGAN: i64 = 1_768_003_200;

/// `in.c-crm.orders` with columns id, day, value; rows with the days of their import, counted from `BEGAN`.
fn orders(rows: &[(i64, &str)]) -> Table {
    let mut table = Table::new("in.c-crm.orders", &["id", "day", "value"], Content::Whole(Vec::new())).base_types(&[
        ("id", "INTEGER"),
        ("day", "DATE"),
        ("value", "INTEGER"),
    ]);
    table.imported = Some(rows.iter().map(|(day, row)| (BEGAN + day * DAY, (*row).to_owned())).collect());
    table
}

fn request(strategy: &str, options: SyncOptions) -> TableRequest {
    TableRequest {
        sync_strategy: Some(strategy.into()),
        sync_options: Some(options),
        primary_key: vec!["id".into()],
        ..row("orders")
    }
}

impl Scene {
    async fn fetch(&self, table: &TableRequest) -> Report {
        let report = self.run_request(Request { tables: vec![table.clone()], ..Request::default() }).await;
        assert_eq!(report.errors, [], "{report:?}");
        report
    }

    /// All rows as `id day value`, through the view of the extract.
    fn rows(&self) -> Vec<String> {
        let connection = engine::in_memory(&Limits::small()).unwrap();
        let database = quote_path(&self.directory.join("extract.duckdb"));
        connection.execute_batch(&format!("ATTACH {database} AS e (READ_ONLY)")).unwrap();
        let sql = "SELECT concat_ws(' ', id, day, value) FROM e.main.orders ORDER BY id";
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    fn parts(&self) -> Vec<String> {
        let entries = std::fs::read_dir(parts_folder(&self.directory, "orders")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn state_file(&self) -> PathBuf {
        self.directory.join("state/orders.json")
    }

    /// What the last export asked for.
    fn asked(&self) -> Value {
        self.keboola.exports().last().cloned().unwrap()
    }
}

#[tokio::test]
async fn an_unchanged_table_is_not_exported_again() {
    let scene = Scene::new().await;
    scene.keboola.put(orders(&[(-5, "1,2026-01-05,10")]));
    for strategy in ["full_refresh", "incremental"] {
        scene.fetch(&request(strategy, SyncOptions::default())).await;
        let exports = scene.keboola.exports().len();
        assert_eq!(scene.fetch(&request(strategy, SyncOptions::default())).await.tables_extracted, 1);
        assert_eq!(scene.keboola.exports().len(), exports, "{strategy}");
    }
    // A missing or damaged note, or a missing file, makes it whole again.
    for ruin in [scene.state_file(), scene.parquet("orders")] {
        std::fs::remove_file(&ruin).unwrap();
        let exports = scene.keboola.exports().len();
        scene.fetch(&request("incremental", SyncOptions::default())).await;
        assert_eq!(scene.keboola.exports().len(), exports + 1, "{ruin:?}");
        assert_eq!(scene.asked(), json!({"gzip": true}));
    }
}

#[tokio::test]
async fn increments_are_merged_by_the_primary_key() {
    let scene = Scene::new().await;
    scene.keboola.put(orders(&[(-5, "1,2026-01-05,10"), (-4, "2,2026-01-06,20")]));
    let table = request("incremental", SyncOptions { full_refresh_every_days: Some(0), ..SyncOptions::default() });
    scene.fetch(&table).await;
    assert_eq!(scene.asked(), json!({"gzip": true}));

    // Row 2 changed twice, row 3 is new, and what was imported in the overlap comes again.
    let first = (-5, "1,2026-01-05,10");
    scene.keboola.put(orders(&[first, (0, "2,2026-01-06,21"), (1, "3,2026-01-07,30"), (1, "2,2026-01-06,22")]));
    scene.fetch(&table).await;
    assert_eq!(scene.asked(), json!({"gzip": true, "changedSince": (BEGAN - DAY).to_string()}));
    assert_eq!(scene.rows(), ["1 2026-01-05 10", "2 2026-01-06 22", "3 2026-01-07 30"]);

    // Another window, other columns or another key: the whole table, since what is there may lack rows.
    let wide = SyncOptions { incremental_window_days: Some(3), ..SyncOptions::default() };
    scene.fetch(&request("incremental", wide)).await;
    assert_eq!(scene.asked(), json!({"gzip": true}));
    let no_key = TableRequest { primary_key: Vec::new(), ..table.clone() };
    let report = scene.fetch(&no_key).await;
    assert!(report.notes[0].note.contains("needs a primary key"), "{report:?}");
}

#[tokio::test]
async fn deleted_rows_go_with_the_next_whole_load() {
    let scene = Scene::new().await;
    scene.keboola.put(orders(&[(-5, "1,2026-01-05,10"), (-4, "2,2026-01-06,20")]));
    // The stand-in's clock says 2026-01-10, ours is far beyond a week later.
    let table = request("incremental", SyncOptions::default());
    let never = request("incremental", SyncOptions { full_refresh_every_days: Some(0), ..SyncOptions::default() });
    scene.fetch(&never).await;
    scene.keboola.put(orders(&[(-5, "1,2026-01-05,10")]));
    scene.fetch(&never).await;
    assert_eq!(scene.rows().len(), 2, "an increment does not tell of it");
    scene.fetch(&table).await;
    assert_eq!(scene.rows(), ["1 2026-01-05 10"]);
}

#[tokio::test]
async fn partitions_change_one_by_one() {
    let scene = Scene::new().await;
    let january = (-5, "1,2026-01-05,10");
    scene.keboola.put(orders(&[january, (-4, "2,2026-02-06,20"), (-4, "3,,30")]));
    let by_month =
        SyncOptions { partition_by: Some("day".into()), full_refresh_every_days: Some(0), ..SyncOptions::default() };
    let table = request("partitioned", by_month.clone());
    scene.fetch(&table).await;
    assert_eq!(scene.parts(), ["2026-01.parquet", "2026-02.parquet", "unknown.parquet"]);
    let time = |part: &str| {
        std::fs::metadata(parts_folder(&scene.directory, "orders").join(part)).unwrap().modified().unwrap()
    };
    let before = time("2026-01.parquet");

    // Row 3 gets a date, so that it leaves its partition; row 2 changes.
    scene.keboola.put(orders(&[january, (1, "2,2026-02-06,21"), (1, "3,2026-03-01,30")]));
    scene.fetch(&table).await;
    assert_eq!(scene.asked()["changedSince"], (BEGAN - DAY).to_string());
    assert_eq!(scene.parts(), ["2026-01.parquet", "2026-02.parquet", "2026-03.parquet"]);
    assert_eq!(scene.rows(), ["1 2026-01-05 10", "2 2026-02-06 21", "3 2026-03-01 30"]);
    assert_eq!(time("2026-01.parquet"), before, "an untouched partition is left alone");
    let meta = agnes::extract::read(&scene.directory).unwrap().tables;
    assert_eq!(meta[0].rows, 3);

    // By year: one file; then as one file, without parts.
    let by_year = SyncOptions { partition_granularity: Some(Granularity::Year), ..by_month };
    scene.fetch(&request("partitioned", by_year)).await;
    assert_eq!(scene.parts(), ["2026.parquet"]);
    scene.fetch(&request("full_refresh", SyncOptions::default())).await;
    assert!(scene.parquet("orders").is_file() && !parts_folder(&scene.directory, "orders").exists());
    assert_eq!(scene.rows().len(), 3);
}

#[tokio::test]
async fn options_shape_the_export() {
    let scene = Scene::new().await;
    scene.keboola.put(orders(&[(-5, "1,10"), (-4, "2,20")]));
    let filter = WhereFilter { column: "value".into(), operator: Operator::Ge, values: vec!["10".into()] };
    let options = SyncOptions {
        columns: vec!["value".into(), "id".into()],
        where_filters: vec![filter],
        ..SyncOptions::default()
    };
    scene.fetch(&request("full_refresh", options)).await;
    let filters = json!([{"column": "value", "operator": "ge", "values": ["10"]}]);
    assert_eq!(scene.asked(), json!({"gzip": true, "columns": "id,value", "whereFilters": filters}));
    assert_eq!(crate::schema(&scene.parquet("orders")), ["id BIGINT", "value BIGINT"]);

    let wrong = SyncOptions { columns: vec!["nothing".into()], ..SyncOptions::default() };
    let report =
        scene.run_request(Request { tables: vec![request("full_refresh", wrong)], ..Request::default() }).await;
    assert!(report.errors[0].error.contains("has no column nothing"), "{report:?}");
}

#[tokio::test]
async fn a_first_load_may_come_in_pieces() {
    let scene = Scene::new().await;
    let now = agnes::base::time::now().as_second();
    let mut table = orders(&[]);
    let at = |days: i64, row: &str| (now - days * DAY, row.to_owned());
    table.imported = Some(vec![
        at(400, "9,2020-01-01,0"),
        at(25, "1,2026-01-05,10"),
        at(3, "1,2026-01-05,11"),
        at(0, "2,2026-01-06,20"),
    ]);
    scene.keboola.put(table);
    let options =
        SyncOptions { max_history_days: Some(30), initial_load_chunk_days: Some(10), ..SyncOptions::default() };
    scene.fetch(&request("incremental", options)).await;
    let exports = scene.keboola.exports();
    assert_eq!(exports.len(), 3);
    assert!(exports[0]["changedUntil"].is_string() && exports[2]["changedUntil"].is_null(), "{exports:?}");
    assert_eq!(scene.rows(), ["1 2026-01-05 11", "2 2026-01-06 20"], "what is older than 30 days is left out");
}
