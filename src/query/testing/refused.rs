use super::statements::{CALLS, NOT_SELECTS, NOT_SINGLE_SELECTS, RELATIONS, SCALARS, TABLES};
use super::{Fixture, QueryError, SECRET};

/// What a refusal must be.
#[derive(Clone, Copy, Debug)]
enum Want {
    /// 400 "Query must start with SELECT or WITH"
    NotSelect,
    /// 400 "Only single SELECT queries are allowed"
    Refused,
    /// 403
    Denied,
    /// 400, the plain text of an unknown table
    Unknown,
    /// 400 of any kind, or 403 for a name
    Bad,
}

fn check(fixture: &Fixture, sql: &str, want: Want) {
    let error = match fixture.run(sql) {
        Err(error) => error,
        Ok(answer) => panic!("must be refused: {sql}\n{}", answer),
    };
    let fits = match want {
        Want::NotSelect => matches!(error, QueryError::NotSelect),
        Want::Refused => matches!(error, QueryError::Refused),
        Want::Denied => matches!(error, QueryError::Denied { .. }),
        Want::Unknown => matches!(error, QueryError::UnknownTable { .. }),
        Want::Bad => {
            matches!(
                error,
                QueryError::Refused | QueryError::Sql(_) | QueryError::Denied { .. } | QueryError::TooLarge(_)
            )
        }
    };
    assert!(fits, "{sql}\nwanted {want:?}, got {error:?}");
    let text = error.to_string();
    assert!(!text.contains(SECRET), "{sql}\n{text}");
    // Only a table that the caller can read is suggested.
    let mut suggested = text.lines().filter_map(|line| line.strip_prefix("Did you mean "));
    assert!(suggested.all(|name| ["\"orders\"?", "\"Mixed_Case\"?"].contains(&name)), "{sql}\n{text}");
    assert!(!text.contains(fixture.dir.path().to_str().unwrap()), "{sql}\n{text}");
}

#[test]
fn statements_that_are_no_single_select() {
    let fixture = Fixture::new();
    for sql in fixture.filled(NOT_SINGLE_SELECTS) {
        check(&fixture, &sql, Want::Refused);
    }
    for sql in NOT_SELECTS {
        check(&fixture, sql, Want::NotSelect);
    }
    for sql in [
        "SELECT $1",
        "SELECT ?",
        "SELECT * FROM orders WHERE id = $id",
        "SELECT FROM WHERE",
        "SELECT 1)",
        "SELECT 1) AS q, (SELECT 2",
    ] {
        check(&fixture, sql, Want::Bad);
    }
}

#[test]
fn tables_without_a_grant() {
    let fixture = Fixture::new();
    for sql in TABLES {
        check(&fixture, sql, Want::Denied);
    }
}

#[test]
fn names_that_are_not_there() {
    let fixture = Fixture::new();
    let admin = Fixture { knows_all: true, ..Fixture::new() };
    for sql in [
        "SELECT * FROM totally_unknown_table",
        "SELECT * FROM sala",
        "SELECT * FROM registry_rows",
        "SELECT * FROM conn",
        "SELECT * FROM request",
        "SELECT * FROM keboola.hidden_stuff",
        "SELECT * FROM bq.\"secret_ds\".\"secret_tbl\"",
        "SELECT * FROM bq/**/.hr.pay",
        "SELECT * FROM bq /* x */ . hr . pay",
        "SELECT * FROM bq.--c\nhr.pay",
        "SELECT * FROM kbc.\"in.c-main\".\"t\"",
        "SELECT * FROM ſalaries",
        "SELECT * FROM wrong.orders",
    ] {
        check(&admin, sql, Want::Unknown);
        let is_own = sql.ends_with(".orders");
        check(&fixture, sql, if is_own { Want::Unknown } else { Want::Denied });
    }
    check(&fixture, "SELECT 1\0", Want::Bad);
    check(&fixture, "SELECT id FROM orders\0 UNION SELECT salary FROM salaries", Want::Bad);
    check(&fixture, "SELECT * FROM U&\"sal\\0061ries\"", Want::Bad);
    let error = admin.run("SELECT * FROM nope").unwrap_err();
    assert_eq!(
        error.to_string(),
        "Query error: Catalog Error: Table with name nope does not exist!\n\nLINE 1: SELECT * FROM nope\n                      ^"
    );
}

/// Functions and relations that read files, settings, the catalog or other SQL, or have effects.
#[test]
fn what_reaches_beyond_the_tables() {
    let fixture = Fixture::new();
    for call in fixture.filled(CALLS) {
        check(&fixture, &format!("SELECT * FROM {call}"), Want::Refused);
    }
    let places = [
        "WITH x AS (FROM {}) SELECT * FROM x",
        "SELECT * FROM orders, LATERAL (FROM {})",
        "SELECT (FROM {})",
        "SELECT 1 IN (FROM {})",
        "SELECT 1 LIMIT (FROM {})",
        "SELECT 1 UNION ALL FROM {}",
        "SELECT * FROM orders POSITIONAL JOIN {}",
        "SELECT * FROM (SUMMARIZE FROM {})",
    ];
    for place in places {
        check(&fixture, &place.replace("{}", "query('SELECT * FROM sal'||'aries')"), Want::Refused);
    }
    for call in fixture.filled(SCALARS) {
        check(&fixture, &format!("SELECT {call}"), Want::Refused);
    }
    for relation in fixture.filled(RELATIONS) {
        check(&fixture, &format!("SELECT * FROM {relation}"), Want::Bad);
    }
    // The first part of a recursive expression does not see the expression itself.
    for name in ["pg_settings", "duckdb_views", "sqlite_master"] {
        let sql = format!(
            "WITH RECURSIVE {name} AS (SELECT * FROM {name} UNION ALL SELECT * FROM {name} WHERE false)
             SELECT * FROM {name}"
        );
        check(&fixture, &sql, Want::Refused);
    }
    let recursive = "WITH RECURSIVE salaries AS (SELECT * FROM salaries UNION ALL SELECT * FROM salaries WHERE false)
                     SELECT * FROM salaries";
    check(&fixture, recursive, Want::Denied);
    for call in ["format('{:>1000000000}', 'a')", "lpad('a', 1000000000, 'x')", "printf('%1000000000d', 1)"] {
        check(&fixture, &format!("SELECT {call}"), Want::Bad);
    }
    check(&fixture, "SELECT table_name FROM information_schema.tables", Want::Refused);
    check(&fixture, "SELECT 1 FROM orders AT (VERSION => 1)", Want::Bad);
    check(&fixture, "WITH x AS (SHOW TABLES) SELECT * FROM x", Want::Bad);
    check(&fixture, "SELECT repeat('x', 200000000)", Want::Bad);
    check(&fixture, &format!("SELECT {}1{}", "abs(".repeat(5000), ")".repeat(5000)), Want::Bad);
    check(&fixture, &format!("SELECT {}1", "1+".repeat(5000)), Want::Bad);
}
