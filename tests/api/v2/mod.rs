//! `/api/v2/…`: tables one at a time.

mod quota;
mod scan;
mod tables;

use agnes::base::ident::quote_path;
use agnes::config::DataDir;
use agnes::engine::{self, Limits};
use agnes::extract::{self, TableMeta, parts_folder};
use agnes::store::{MigrationContext, Seeds, Store};

use crate::support::{Client, TestApp};

/// Starts on a state database with rows that these statements add.
pub async fn start_with_rows(sql: &str) -> TestApp {
    let dir = tempfile::tempdir().unwrap();
    let place = DataDir::new(dir.path()).unwrap();
    Store::open(&place, &MigrationContext::default(), &Seeds::default()).unwrap().close().await;
    let connection = engine::open(&place.system_db(), &Limits::small()).unwrap();
    connection.execute_batch(&format!("{sql}; CHECKPOINT")).unwrap();
    drop(connection);
    TestApp::start_in(dir, &[]).await
}

/// Publishes what a source named `shop` offers: tables with their parts, each of which is a SELECT. One without a name is
/// the only file of its table.
pub async fn offer(app: &TestApp, tables: &[(&str, &[(&str, &str)])]) {
    let source = app.state.config.data_dir.extract("shop");
    let connection = engine::in_memory(&Limits::small()).unwrap();
    let mut metas = Vec::new();
    for (table, parts) in tables {
        let folder = parts_folder(&source, table);
        for (part, sql) in *parts {
            let file = if part.is_empty() {
                extract::data_file(&source, table)
            } else {
                folder.join(format!("{part}.parquet"))
            };
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            connection.execute_batch(&format!("COPY ({sql}) TO {} (FORMAT parquet)", quote_path(&file))).unwrap();
        }
        metas.push(TableMeta {
            table_name: (*table).into(),
            description: Some(format!("All {table}")),
            rows: 0,
            size_bytes: 0,
            extracted_at: Some("2026-11-23T02:14:38Z".parse().unwrap()),
            query_mode: "local".into(),
        });
    }
    std::fs::write(source.join(agnes::connectors::LOCK), "").unwrap();
    extract::write(&source, &metas).unwrap();
    app.sync().await;
}

/// Somebody who may read these tables.
pub async fn reader(app: &TestApp, tables: &[&str]) -> Client {
    for table in tables {
        app.grant("Eng", table).await;
    }
    app.user("bob@example.com", &["Eng"]).await
}
