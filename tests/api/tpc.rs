//! The queries of TPC-H and TPC-DS over generated tables.

use std::path::Path;

use crate::bare::{Published, printed, python};

/// Makes the tables of a benchmark, and returns its queries.
fn generate(benchmark: &str, folder: &Path) -> Vec<String> {
    let platform = if cfg!(target_arch = "x86_64") { "linux_amd64" } else { "linux_arm64" };
    let extension = format!("{}/v1.5.5/{platform}/{benchmark}.duckdb_extension", printed(".ci/extensions"));
    let arguments = [benchmark, &extension, "0.01", folder.to_str().unwrap()];
    serde_json::from_str(&python("tests/api/tpc.py", &arguments, "")).unwrap()
}

async fn check(benchmark: &str, count: usize) {
    let (published, queries) = Published::start(|folder| generate(benchmark, folder)).await;
    assert_eq!(queries.len(), count);
    let differences = published.differences(&queries).await;
    assert!(differences.is_empty(), "{} of {count}:\n{}", differences.len(), differences.join("\n\n"));
}

#[tokio::test]
async fn tpc_h_gives_the_rows_of_duckdb_alone() {
    check("tpch", 22).await;
}

#[tokio::test]
async fn tpc_ds_gives_the_rows_of_duckdb_alone() {
    check("tpcds", 99).await;
}
