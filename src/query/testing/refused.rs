use super::cases::{Want, hostile, legitimate};
use super::{Fixture, QueryError, SECRET};

/// What policy and namespace make of a statement, without a sandbox around the engine.
fn check(fixture: &Fixture, sql: &str, want: Want) {
    let error = match (fixture.run(sql), want) {
        (Ok(answer), Want::Works(rows)) => {
            return assert!(answer.contains(&format!("\"rows\":{rows}")), "{sql}\nwanted {rows}, got {answer}");
        }
        (Ok(answer), _) => panic!("must be refused: {sql}\n{answer}"),
        (Err(error), _) => error,
    };
    let fits = match want {
        Want::Refused => matches!(error, QueryError::Refused),
        Want::Keyword => matches!(error, QueryError::NotSelect),
        Want::Error => matches!(error, QueryError::Sql(_) | QueryError::TooLarge(_)),
        Want::Denied => matches!(error, QueryError::Denied { .. }),
        Want::Unknown if fixture.knows_all => matches!(error, QueryError::UnknownTable { .. }),
        Want::Unknown => matches!(error, QueryError::Denied { .. }),
        Want::Limited | Want::Works(_) => false,
    };
    assert!(fits, "{sql}\nwanted {want:?}, got {error:?}");
    let text = error.to_string();
    assert!(!text.contains(SECRET), "{sql}\n{text}");
    // Only a table that the caller can read is suggested.
    let suggested = text.lines().find_map(|line| line.strip_prefix("Did you mean "));
    let is_own = |name| ["\"orders\"?", "\"Mixed_Case\"?"].contains(&name);
    assert!(matches!(error, QueryError::Sql(_)) || suggested.is_none_or(is_own), "{sql}\n{text}");
    let dir = fixture.dir.path().to_str().unwrap();
    assert!(!text.contains(dir) || sql.contains(dir), "{sql}\n{text}");
}

#[test]
fn every_case() {
    let fixture = Fixture::new();
    let knowing = Fixture { knows_all: true, ..Fixture::new() };
    // Nothing stops a statement here that takes long.
    for case in hostile().into_iter().chain(legitimate()).filter(|case| case.want != Want::Limited) {
        let sql = case.sql(fixture.dir.path().to_str().unwrap(), "127.0.0.1:1");
        check(&fixture, &sql, case.want);
        if case.want == Want::Unknown {
            check(&knowing, &sql, case.want);
        }
    }
}

#[test]
fn a_readable_table_under_another_source_is_a_mistake() {
    let error = Fixture::new().run("SELECT * FROM wrong.orders").unwrap_err();
    assert!(matches!(error, QueryError::UnknownTable { .. }), "{error:?}");
    let error = Fixture { knows_all: true, ..Fixture::new() }.run("SELECT * FROM nope").unwrap_err();
    assert_eq!(
        error.to_string(),
        "Query error: Catalog Error: Table with name nope does not exist!\n\nLINE 1: SELECT * FROM nope\n                      ^"
    );
}

#[test]
fn statements_that_are_too_deep() {
    let fixture = Fixture::new();
    for sql in
        [format!("SELECT {}1{}", "abs(".repeat(5000), ")".repeat(5000)), format!("SELECT {}1", "1+".repeat(5000))]
    {
        check(&fixture, &sql, Want::Error);
    }
}
