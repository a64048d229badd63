use serde_json::Value;

use super::{Fixture, MAX_RESPONSE_BYTES, QueryError};

#[test]
fn limit_and_truncated() {
    let fixture = Fixture::new();
    for (limit, rows, truncated) in [(0, 0, true), (5, 5, true), (20, 20, false), (99_999, 20, false)] {
        let body = fixture.run_limited("SELECT * FROM orders", limit, MAX_RESPONSE_BYTES).unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&body["row_count"], &body["truncated"]), (&rows.into(), &truncated.into()), "{limit}");
        assert_eq!(body["rows"].as_array().unwrap().len(), rows);
    }
}

#[test]
fn the_answer_is_bounded_in_bytes() {
    let fixture = Fixture::new();
    let body = fixture.run_limited("SELECT i, repeat('x', 1000) FROM range(100) t(i)", 1000, 10_000).unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&body["row_count"], &body["truncated"]), (&9.into(), &true.into()));
    let large = fixture.run_limited("SELECT repeat('x', 20000)", 1000, 10_000);
    assert!(matches!(large, Err(QueryError::TooLarge(_))), "{large:?}");
}
