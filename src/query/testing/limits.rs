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

#[test]
fn a_row_is_bounded_by_what_the_server_writes() {
    let fixture = Fixture::new();
    let run = |sql: &str| fixture.run(sql);
    // As many thousand characters as there is room for, and more.
    for (character, fits, exceeds) in [("'x'", 8_000, 9_000), ("chr(1)", 1_300, 1_500), ("'\"'", 4_000, 4_300)] {
        let repeated = |count: u32| run(&format!("SELECT repeat(repeat({character}, 1000), {count})"));
        assert!(repeated(fits).is_ok(), "{character}");
        assert!(matches!(repeated(exceeds), Err(QueryError::TooLarge(8))), "{character}");
    }
    assert!(matches!(run("SELECT repeat(repeat('x', 1000), 7000)::BLOB"), Err(QueryError::TooLarge(8))));
}

#[test]
fn names_of_columns_and_messages_are_bounded() {
    let fixture = Fixture::new();
    let stars = ["*"; 10].join(",");
    let long = format!("SELECT {stars} FROM (SELECT {stars} FROM (SELECT 1 AS \"{}\"))", "x".repeat(50_000));
    assert!(matches!(fixture.run(&long), Err(QueryError::TooComplex(_))));
    for sql in ["SELECT repeat('x', 900000)::INTEGER".to_owned(), format!("SELECT * FROM \"{}\"", "é".repeat(400_000))]
    {
        let message = fixture.run(&sql).unwrap_err().to_string();
        assert!(message.chars().count() < 5_000 && message.contains('…'), "{} bytes", message.len());
    }
}
