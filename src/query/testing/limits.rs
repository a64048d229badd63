use std::time::Duration;

use serde_json::Value;

use super::{Fixture, QueryError, exists};
use crate::engine::{self, Limits};
use crate::query::execute::execute;

/// Never ends by itself.
const ENDLESS: &str = "WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t";
const LONG: &str = "SELECT sum(sqrt(a.range * b.range)) FROM range(2000000) a, range(30000000) b";

#[tokio::test]
async fn limit_and_truncated() {
    let fixture = Fixture::new();
    for (limit, rows, truncated) in [(0, 0, true), (5, 5, true), (20, 20, false), (usize::MAX, 20, false)] {
        let answer = fixture.run_limited("SELECT * FROM orders", limit).await.unwrap();
        assert_eq!((answer.row_count, answer.truncated), (rows, truncated), "{limit}");
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body["rows"].as_array().unwrap().len(), rows);
    }
    let answer = fixture.run_limited("SELECT * FROM range(200000)", usize::MAX).await.unwrap();
    assert_eq!((answer.row_count, answer.truncated), (100_000, true));
}

#[test]
fn the_answer_is_bounded_in_bytes() {
    let connection = engine::in_memory(&Limits::small()).unwrap();
    let answer =
        execute(&connection, "SELECT i, repeat('x', 1000) FROM range(100) t(i)", 1000, 10_000, &|| false).unwrap();
    assert_eq!((answer.row_count, answer.truncated), (9, true));
    serde_json::from_str::<Value>(&answer.body).unwrap();
    assert!(matches!(
        execute(&connection, "SELECT repeat('x', 20000)", 1000, 10_000, &|| false),
        Err(QueryError::TooLarge(_))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn long_queries_stop_at_the_deadline() {
    let fixture = Fixture::with(|settings| settings.timeout = Duration::from_secs(2));
    for sql in [ENDLESS, LONG] {
        let error = fixture.run(sql).await.unwrap_err();
        assert!(matches!(error, QueryError::Timeout { .. }), "{sql}: {error:?}");
    }
    // The instance is usable again.
    fixture.run("SELECT 1").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_future_stops_the_query_and_a_full_queue_is_busy() {
    let fixture = Fixture::with(|settings| (settings.concurrency, settings.max_waiting) = (1, 1));
    let spawn = |sql: &'static str| {
        let (engine, readable) = (fixture.engine.clone(), fixture.readable.clone());
        tokio::spawn(async move { engine.run(1, readable, exists, sql.into(), 10).await })
    };
    let (first, second) = (spawn(LONG), spawn(LONG));
    while fixture.engine.available() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(matches!(fixture.run("SELECT 1").await, Err(QueryError::Busy)));
    first.abort();
    second.abort();
    while fixture.engine.available() < 2 {
        tokio::task::yield_now().await;
    }
    fixture.run("SELECT 1").await.unwrap();
}

#[tokio::test]
async fn instances_are_shared_bounded_and_renewed() {
    let fixture = Fixture::new();
    let run = async |generation: u64, tables: usize, sql: &str| {
        fixture.engine.run(generation, fixture.readable[..tables].to_vec(), exists, sql.into(), 10).await
    };
    for tables in [2, 1, 2, 1] {
        run(1, tables, "SELECT * FROM orders").await.unwrap();
    }
    assert_eq!(fixture.engine.instances(), 2);
    run(1, 0, "SELECT 1").await.unwrap();
    assert_eq!(fixture.engine.instances(), 2, "the least recently used went");
    assert!(matches!(run(1, 0, "SELECT * FROM orders").await, Err(QueryError::Denied(_))));
    run(2, 1, "SELECT * FROM orders").await.unwrap();
    assert_eq!(fixture.engine.instances(), 1, "an older generation goes at once");
    assert!(matches!(run(2, 1, "SELECT * FROM mixed_case").await, Err(QueryError::Denied(_))));
}
