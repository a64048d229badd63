//! What the servers hold.

use agnes::base::ident::quote_path;
use agnes::config::DataDir;
use agnes::engine::{self, Limits};
use agnes::extract::{self, TableMeta, data_file};
use agnes::store::{MigrationContext, Seeds, Store};

use crate::CALLERS;
use crate::program::Place;

pub const KEY: &str = "a signing key for a benchmark, 32 characters or more";

/// A place for a server with these settings.
pub fn place(variables: &[(&str, &str)]) -> Place {
    // The one line that tells the address, and none for each request.
    let always = [("JWT_SECRET_KEY", KEY), ("LOG_LEVEL", "agnes::server::start=info,error")];
    Place::new(&[&always, variables].concat())
}

pub fn source(place: &Place) -> std::path::PathBuf {
    place.data_dir().join("extracts/bench")
}

/// Tables as a connector writes them, an admin (`user-0`), and callers who may read two tables each.
pub fn publish(place: &Place, tables: &[(String, String)]) {
    let directory = source(place);
    std::fs::create_dir_all(directory.join("data")).expect("a folder");
    let connection = engine::in_memory(&Limits::small()).expect("an engine");
    let metas = tables.iter().map(|(name, sql)| {
        let file = quote_path(&data_file(&directory, name));
        connection.execute_batch(&format!("COPY ({sql}) TO {file} (FORMAT parquet)")).expect("a table");
        let (description, extracted_at) = (None, None);
        TableMeta {
            table_name: name.clone(),
            description,
            rows: 1,
            size_bytes: 0,
            extracted_at,
            query_mode: "local".into(),
        }
    });
    extract::write(&directory, &metas.collect::<Vec<_>>()).expect("an extract");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(
            &DataDir::new(place.data_dir()).expect("a path"),
            &MigrationContext::default(),
            &Seeds::default(),
        );
        store.expect("a state database").close().await;
    });
    let database =
        engine::open(&place.data_dir().join("state/system.duckdb"), &Limits::small()).expect("the state database");
    let count = tables.len();
    database
        .execute_batch(&format!(
            "INSERT INTO users (id, email, name, active, created_at)
                 SELECT 'user-' || n, 'user-' || n || '@example.com', 'User ' || n, true, current_timestamp
                 FROM range({CALLERS}) t(n);
             INSERT INTO user_groups (id, name, is_system, created_by)
                 SELECT 'group-' || n, 'Group ' || n, false, 'bench' FROM range({CALLERS}) t(n);
             INSERT INTO user_group_members (user_id, group_id, source)
                 SELECT 'user-' || n, 'group-' || n, 'admin' FROM range({CALLERS}) t(n);
             INSERT INTO user_group_members (user_id, group_id, source)
                 SELECT 'user-0', id, 'admin' FROM user_groups WHERE name = 'Admin';
             INSERT INTO table_registry (id, name, source_type, query_mode, registered_at)
                 SELECT 'id-' || n, 't' || n, 'bench', 'local', current_timestamp FROM range({count}) t(n) WHERE {count} > 1;
             INSERT INTO resource_grants (id, group_id, resource_type, resource_id)
                 SELECT 'grant-' || n || '-' || k, 'group-' || n, 'table', 'id-' || (n * k)
                 FROM range({CALLERS}) t(n), range(2) u(k);
             CHECKPOINT"
        ))
        .expect("rows");
}
