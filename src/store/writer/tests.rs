use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::*;
use crate::engine::Limits;
use crate::store::{groups, users};

/// Runs for years unless it is interrupted.
const ENDLESS: &str = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b";

fn open_store(path: &Path) -> Store {
    Store::open(&DataDir::new(path).unwrap(), &MigrationContext::default(), &Seeds::default()).unwrap()
}

async fn insert(store: &Store, email: &'static str) {
    store.write(move |change| users::insert(change, email, None)).await.unwrap();
}

fn count(reader: &Reader<'_>) -> engine::Result<i64> {
    reader.one("SELECT count(*) FROM users", [], |row| row.get(0))
}

/// A read that has begun and goes on until it is told to end.
async fn long_read(store: &Store) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<[i64; 2], StoreError>>) {
    let (begun, has_begun) = oneshot::channel();
    let (end, ended) = mpsc::channel::<()>();
    let store = store.clone();
    let read = tokio::spawn(async move {
        store
            .read(move |reader| {
                let first = count(reader)?;
                let _ = begun.send(());
                let _ = ended.recv();
                Ok([first, count(reader)?])
            })
            .await
    });
    has_begun.await.unwrap();
    (end, read)
}

/// A read that has begun and ends only when it is interrupted.
async fn endless_read(store: &Store) -> tokio::task::JoinHandle<Result<i64, StoreError>> {
    let (begun, has_begun) = oneshot::channel();
    let store = store.clone();
    let read = tokio::spawn(async move {
        let endless = move |reader: &Reader<'_>| {
            let _ = begun.send(());
            reader.one(ENDLESS, [], |row| row.get(0))
        };
        store.read(endless).await
    });
    has_begun.await.unwrap();
    read
}

/// Leaves the writer's connection as a fatal error does: it refuses to begin a transaction.
fn break_connection(writer: &mut Writer) {
    writer.connection.as_ref().unwrap().execute_batch("BEGIN").unwrap();
}

#[tokio::test]
async fn a_long_read_sees_one_state_and_holds_up_no_change() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    let (end, long) = long_read(&store).await;
    insert(&store, "ann@example.com").await;
    store.run(|writer| writer.merge()).await.unwrap();
    insert(&store, "bob@example.com").await;
    assert_eq!(store.read(count).await.unwrap(), 2, "a read sees every change before it");
    end.send(()).unwrap();
    assert_eq!(long.await.unwrap().unwrap(), [0, 0], "the long read still sees the state at its begin");
    store.close().await;
    assert!(!dir.path().join("state/system.duckdb.wal").exists());
}

#[tokio::test]
async fn a_read_cannot_write() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    let lease = store.connections.lease("BEGIN TRANSACTION READ ONLY", &Watch::new()).unwrap();
    let written = store
        .connections
        .run(lease, Watch::new(), READ_TIMEOUT, |connection| connection.execute_batch("DELETE FROM user_groups"));
    assert!(engine::message(&written.unwrap().unwrap_err()).contains("read-only"));
    store.close().await;
}

#[tokio::test]
async fn closing_stops_reads() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    let read = endless_read(&store).await;
    store.close().await;
    assert!(matches!(read.await.unwrap(), Err(StoreError::Closed)));
    assert!(matches!(store.read(count).await, Err(StoreError::Closed)));
    assert!(!dir.path().join("state/system.duckdb.wal").exists());
}

#[tokio::test]
async fn dropping_the_future_stops_its_read_and_more_than_fit_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    let endless = |reader: &Reader<'_>| reader.one(ENDLESS, [], |row| row.get::<_, i64>(0));
    let mut reads: Vec<_> = (0..MAX_CONCURRENT_READS + MAX_WAITING_READS)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.read(endless).await })
        })
        .collect();
    while store.reads.available() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(matches!(store.read(count).await, Err(StoreError::Busy)));
    insert(&store, "ann@example.com").await;
    reads.drain(..).for_each(|read| read.abort());
    while store.reads.available() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(store.read(count).await.unwrap(), 1);
    store.close().await;
}

#[tokio::test]
async fn reads_go_on_after_the_database_was_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    insert(&store, "ann@example.com").await;
    assert_eq!(store.read(count).await.unwrap(), 1);
    let endless = endless_read(&store).await;
    // As after a fatal error: the writer's connection refuses to begin.
    store.run(break_connection).await.unwrap();
    insert(&store, "bob@example.com").await;
    assert!(endless.await.unwrap().is_err());
    assert_eq!(store.read(count).await.unwrap(), 2);
    // The same, noticed by a read.
    store.run(break_connection).await.unwrap();
    store.connections.close();
    assert_eq!(store.read(count).await.unwrap(), 2);
    store.close().await;
}

#[tokio::test]
async fn a_change_that_takes_long_is_rolled_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    let late = |change: &Transaction<'_>| -> Result<i64> {
        users::insert(change, "ann@example.com", None)?;
        Ok(change.one(ENDLESS, [], |row| row.get(0))?)
    };
    let outcome = store.run(move |writer| writer.change(Some(Duration::from_millis(50)), late)).await.unwrap();
    assert!(matches!(outcome, Err(StoreError::TooLong)));
    // One that does not notice is rolled back, too.
    let deaf = |change: &Transaction<'_>| -> Result<()> {
        users::insert(change, "ann@example.com", None)?;
        let _ = change.one(ENDLESS, [], |row| row.get::<_, i64>(0));
        Ok(())
    };
    let outcome = store.run(move |writer| writer.change(Some(Duration::from_millis(50)), deaf)).await.unwrap();
    assert!(matches!(outcome, Err(StoreError::TooLong)));
    assert_eq!(store.read(count).await.unwrap(), 0);
    insert(&store, "ann@example.com").await;
    assert_eq!(store.read(count).await.unwrap(), 1);
    store.close().await;
}

#[tokio::test]
async fn more_changes_than_fit_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    let (end, ended) = mpsc::channel::<()>();
    let long = store.clone();
    let long = tokio::spawn(async move { long.run(move |_| _ = ended.recv()).await });
    let waiting: Vec<_> = (0..MAX_WAITING_CHANGES)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.write(|change| change.execute("DELETE FROM user_groups", [])).await })
        })
        .collect();
    while store.places.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    let refused = store.write(|change| users::insert(change, "ann@example.com", None)).await;
    assert!(matches!(refused, Err(StoreError::Busy)));
    let results = store.clone();
    let results =
        tokio::spawn(
            async move { results.write_results(|change| users::insert(change, "bob@example.com", None)).await },
        );
    end.send(()).unwrap();
    long.await.unwrap().unwrap();
    for change in waiting {
        change.await.unwrap().unwrap();
    }
    results.await.unwrap().unwrap();
    insert(&store, "ann@example.com").await;
    store.close().await;
}

#[tokio::test]
async fn changes_go_on_during_a_copy() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_store(dir.path());
    // Enough rows for the copy to take a while.
    let fill = "INSERT INTO sync_history (id, table_id, synced_at, error)
                SELECT n, 'orders', current_timestamp, md5(n::VARCHAR) FROM range(1000000) t(n)";
    store.write_results(move |change| change.execute(fill, [])).await.unwrap();
    store.run(|writer| writer.start_copy()).await.unwrap();
    let started = Instant::now();
    let mut changes = 0;
    while store.run(|writer| writer.copying.is_some()).await.unwrap() {
        let name = format!("group {changes}");
        store.write(move |change| groups::insert(change, &name, None, "test")).await.unwrap();
        changes += 1;
    }
    assert!(changes > 1, "{changes} changes within {:?}", started.elapsed());
    let copy = std::fs::read_dir(dir.path().join("state/snapshots")).unwrap().next().unwrap().unwrap().path();
    let copied = engine::open_read_only(&copy, &Limits::small()).unwrap();
    let rows: i64 = copied.query_row("SELECT count(*) FROM sync_history", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 1_000_000);
    // Closing does not wait for a copy, and leaves nothing of it.
    store.run(|writer| writer.start_copy()).await.unwrap();
    store.close().await;
    assert_eq!(std::fs::read_dir(dir.path().join("state/snapshots")).unwrap().count(), 1);
    assert!(!dir.path().join("state/system.duckdb.wal").exists());
}
