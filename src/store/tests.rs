use std::path::Path;

use super::*;
use crate::config::DataDir;
use crate::engine::{Limits, open};

#[path = "../../tests/support/unpack.rs"]
mod unpack;

fn data_dir(path: &Path) -> DataDir {
    DataDir::new(path).unwrap()
}

fn open_store(path: &Path) -> Store {
    Store::open(&data_dir(path), &MigrationContext::default(), &Seeds::default()).unwrap()
}

/// A data directory with the database of v0.35 after a clean stop, or as a kill left it.
fn v0_35(state: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    unpack::unpack(state, &dir.path().join("state")).unwrap();
    dir
}

#[tokio::test]
async fn a_fresh_database_is_seeded_and_keeps_what_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    assert_eq!(store.snapshot().schema_version, VERSION);
    let names: Vec<_> = store.snapshot().groups.all().iter().map(|group| group.name.clone()).collect();
    assert_eq!(names, ["Admin", "Everyone"]);
    let id = store.write(|change| users::insert(change, "ann@example.com", Some("Ann"))).await.unwrap();
    assert_eq!(store.snapshot().users.by_email("ANN@example.com").unwrap().id, id);
    store.close().await;

    let store = open_store(dir.path());
    assert_eq!(store.snapshot().users.get(&id).unwrap().email, "ann@example.com");
    store.close().await;
    assert!(!dir.path().join("state/system.duckdb.wal").exists());
}

#[tokio::test]
async fn a_refused_change_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    let refused: Result<(), StoreError> = store
        .write(|change| {
            users::insert(change, "ann@example.com", None)?;
            users::insert(change, "Ann@Example.com", None).map(drop)
        })
        .await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))));
    let panicked: Result<(), StoreError> = store
        .write(|change| {
            users::insert(change, "bob@example.com", None)?;
            panic!("on purpose")
        })
        .await;
    assert!(matches!(panicked, Err(StoreError::Broken(_))));
    assert_eq!(store.snapshot().users.all().len(), 0);
    store.write(|change| users::insert(change, "eve@example.com", None)).await.unwrap();
    store.close().await;
}

/// Nothing that a change writes can stay unseen, however it is written.
#[tokio::test]
async fn every_write_renews_its_part_of_the_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    let before = store.snapshot();
    let written: Result<usize, StoreError> =
        store.write(|change| change.execute("UPDATE user_groups SET description = 'new'", [])).await;
    assert_eq!(written.unwrap(), 2);
    let after = store.snapshot();
    assert!(after.groups.all().iter().all(|group| group.description.as_deref() == Some("new")));
    assert!(std::sync::Arc::ptr_eq(&before.users, &after.users), "what was not written to is not loaded again");
    for sql in ["TRUNCATE user_groups", "INSERT INTO user_groups SELECT * FROM user_groups", "DELETE FROM strangers"] {
        let refused: Result<usize, StoreError> = store.write(move |change| change.execute(sql, [])).await;
        assert!(matches!(refused, Err(StoreError::Broken(_))), "{sql}");
    }
    let sql = "DELETE FROM user_groups RETURNING id";
    let refused = store.read(move |reader| reader.list::<String, Vec<_>>(sql, [], |row| row.get(0))).await;
    assert!(refused.is_err());
    store.close().await;
}

/// The snapshot must not grow with every token that was ever made.
#[tokio::test]
async fn of_ended_tokens_the_snapshot_holds_the_latest() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    let live = "INSERT INTO personal_access_tokens (id, user_id, name, token_hash, prefix, created_at, expires_at)
                SELECT 'live ' || n, 'ann', '', '', '', now()::TIMESTAMP, if(n = 0, NULL, now()::TIMESTAMP + INTERVAL 2 DAY)
                FROM range(2000) t(n)";
    let ended =
        "INSERT INTO personal_access_tokens (id, user_id, name, token_hash, prefix, created_at, expires_at, revoked_at)
                 SELECT 'ended ' || n, 'ann', '', '', '', now()::TIMESTAMP,
                        if(n % 2 = 0, NULL, now()::TIMESTAMP - to_days(n::INTEGER + 2)),
                        if(n % 2 = 0, now()::TIMESTAMP - to_days(n::INTEGER + 2), NULL)
                 FROM range(1500) t(n)";
    let written: Result<_, StoreError> = store
        .write(|change| {
            change.execute(live, [])?;
            change.execute(ended, [])
        })
        .await;
    assert_eq!(written.unwrap(), 1500);
    let tokens = &store.snapshot().tokens;
    assert_eq!(tokens.keys().filter(|id| id.starts_with("live")).count(), 2000);
    assert_eq!(tokens.keys().filter(|id| id.starts_with("ended")).count(), 1000);
    assert!(tokens["ended 0"].is_revoked && !tokens["ended 999"].is_revoked && !tokens.contains_key("ended 1000"));
    assert_eq!(store.read(|reader| tokens::list(reader, Some("ann"))).await.unwrap().len(), 3500);
    store.close().await;
}

#[tokio::test]
async fn a_second_process_learns_who_holds_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    let error =
        Store::open(&data_dir(dir.path()), &MigrationContext::default(), &Seeds::default()).err().unwrap().to_string();
    assert!(error.contains("in use by another Agnes process") && error.contains(&std::process::id().to_string()));
    store.close().await;
}

#[tokio::test]
async fn databases_of_v0_35_are_taken_over() {
    for state in ["clean", "killed"] {
        let dir = v0_35(state);
        let store = open_store(dir.path());
        let snapshot = store.snapshot();
        assert_eq!(snapshot.schema_version, VERSION, "{state}");
        let ann = snapshot.users.by_email("ann@example.com").unwrap();
        assert!(ann.password_hash.is_some());
        let analysts = &snapshot.members.of_user(&ann.id)[0].group_id;
        assert!(snapshot.grants.has_table(analysts, "flights"), "{state}");
        assert!(!snapshot.grants.has_table(analysts, "weather"), "{state}");
        assert_eq!(snapshot.registry.all().len(), 3);
        assert_eq!(snapshot.tokens.len(), 2);
        assert_eq!(snapshot.sync.get("flights").unwrap().rows, Some(336_776));
        store.close().await;

        let copies: Vec<_> = std::fs::read_dir(dir.path().join("state"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.contains("pre-migrate-") && !name.ends_with(".wal"))
            .collect();
        assert_eq!(copies.len(), 1, "{state}");
        let connection = open(&dir.path().join("state/system.duckdb"), &Limits::small()).unwrap();
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM knowledge_items"), 1);
        assert_eq!(count("SELECT count(*) FROM column_metadata"), 1);
        // Theirs, and the one that begins the chain of hashes.
        assert_eq!(count("SELECT count(*) FROM audit_log"), 19 + 1);
        assert_eq!(count("SELECT count(*) FROM duckdb_constraints() WHERE constraint_type <> 'NOT NULL'"), 0);
        assert_eq!(count("SELECT count(*) FROM duckdb_indexes()"), 0);
    }
}

/// Version 19 lacks `source_query` and the three templates; a table of its own must be carried over.
#[tokio::test]
async fn version_19_is_taken_over() {
    let dir = v0_35("clean");
    let path = dir.path().join("state/system.duckdb");
    let connection = open(&path, &Limits::small()).unwrap();
    connection
        .execute_batch(
            "DROP TABLE welcome_template; DROP TABLE setup_banner; DROP TABLE claude_md_template;
             CREATE TABLE registry_19 AS SELECT * EXCLUDE (source_query) FROM table_registry; DROP TABLE table_registry;
             ALTER TABLE registry_19 RENAME TO table_registry;
             CREATE TABLE notes AS SELECT 'kept' AS text; ALTER TABLE users ADD COLUMN shoe_size INTEGER;
             UPDATE schema_version SET version = 19",
        )
        .unwrap();
    drop(connection);
    let store = open_store(dir.path());
    assert_eq!(store.snapshot().registry.get("flights").unwrap().source_query, None);
    store.close().await;
    let connection = open(&path, &Limits::small()).unwrap();
    let text: String = connection.query_row("SELECT text FROM notes", [], |row| row.get(0)).unwrap();
    assert_eq!(text, "kept");
    connection.execute_batch("SELECT shoe_size FROM users; SELECT content FROM welcome_template WHERE id = 1").unwrap();
}

#[tokio::test]
async fn what_cannot_be_taken_over_stays_as_it_is() {
    let dir = v0_35("clean");
    let path = dir.path().join("state/system.duckdb");
    let change = |sql: &str| open(&path, &Limits::small()).unwrap().execute_batch(sql).unwrap();
    let refusal = || Store::open(&data_dir(dir.path()), &MigrationContext::default(), &Seeds::default()).err().unwrap();

    change("UPDATE schema_version SET version = 7");
    assert!(matches!(refusal(), OpenError::Migrate(MigrateError::TooOld { version: 7, .. })));

    change(
        "UPDATE schema_version SET version = 23;
         INSERT INTO table_registry (id, name, source_type, query_mode, source_query)
         VALUES ('m', 'm', 'bigquery', 'materialized', 'SELECT * FROM bq.\"ds\".\"t\"')",
    );
    assert!(matches!(refusal(), OpenError::Migrate(MigrateError::NoProject)));
    let files = std::fs::read_dir(dir.path().join("state")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!files.into_iter().any(|name| name.to_string_lossy().contains("pre-migrate")), "no copy of what stays");
    let version: i32 = open(&path, &Limits::small())
        .unwrap()
        .query_row("SELECT max(version) FROM schema_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(version, 23);

    let context = MigrationContext { bigquery_project: Some("acme-data".into()) };
    let store = Store::open(&data_dir(dir.path()), &context, &Seeds::default()).unwrap();
    let sql = store.snapshot().registry.get("m").unwrap().source_query.clone();
    assert_eq!(sql.as_deref(), Some("SELECT * FROM `acme-data.ds.t`"));
    store.close().await;
}
