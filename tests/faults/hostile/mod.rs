//! Statements that take all memory, all stack or all time, from somebody who is signed in.

mod catalog;
mod fuzz;
mod generator;
mod kept;
mod people;
mod values;
mod watch;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::flood::own_peak;
use crate::program::Place;
use people::People;

const TIMEOUT: Duration = Duration::from_secs(2);
/// How late an answer may come, on two cores that run other tests as well.
const LATE: Duration = Duration::from_secs(2);
/// What the server itself may take at most, in KiB.
const MEMORY_KIB: u64 = 150 * 1024;

/// Each ended or froze a server that ran it in its own process.
fn worst() -> Vec<String> {
    let nested = |count: usize| format!("repeat('[', {count}) || repeat(']', {count})");
    let objects = "repeat('{\"a\":', 500000) || '1' || repeat('}', 500000)";
    let wild = |operator: &str, tail: &str| format!("SELECT repeat('a', 5000) {operator} '{}b'{tail}", "%a".repeat(40));
    let mut statements: Vec<String> = [
        format!("SELECT json_structure({})", nested(500_000)),
        format!("SELECT json_structure({objects})"),
        format!("SELECT json_contains({0}, {0})", nested(500_000)),
        format!("SELECT from_json({}, '[\"JSON\"]')", nested(500_000)),
        format!("SELECT json_transform({}, '[\"JSON\"]')", nested(500_000)),
        format!("SELECT json_group_structure({})", nested(500_000)),
        format!("SELECT ({})::JSON::VARIANT", nested(500_000)),
        format!("SELECT json_extract({}, '$..a')", nested(500_000)),
        wild("GLOB", "").replace('%', "*"),
        wild("ILIKE", ""),
        wild("LIKE", " ESCAPE '!'"),
        wild("SIMILAR TO", ""),
        format!("SELECT '{}'::BIGNUM", "9".repeat(300_000)),
        format!("SELECT count(*) FROM {}", ["range(1000)"; 8].join(", ")),
        format!("SELECT {}1", "list_transform([1], lambda x: ".repeat(60)) + &")".repeat(60),
        format!("SELECT 1 WHERE {}true", "1 = 2 OR ".repeat(900)),
        format!("SELECT 1 WHERE {}", vec!["true"; 90_000].join(" AND ")),
        format!("SELECT * FROM {}", (0..400).map(|n| format!("range(2) t{n}")).collect::<Vec<_>>().join(", ")),
    ]
    .into();
    let ctes: Vec<String> = (1..24).map(|n| format!("t{n} AS (SELECT a.x FROM t{0} a, t{0} b)", n - 1)).collect();
    statements.push(format!("WITH t0 AS (SELECT 1 AS x), {} SELECT count(*) FROM t23", ctes.join(", ")));
    statements.extend(
        [
            "SELECT len(range(1000000000))",
            "SELECT len(list_resize([1], 3000000000))",
            "SELECT count(x) FROM (SELECT unnest(range(3000000000)) AS x)",
            "SELECT damerau_levenshtein(repeat('a', 100000), repeat('b', 100000))",
            "SELECT levenshtein(repeat('a', 1000000), repeat('b', 1000000))",
            "SELECT jaro_winkler_similarity(repeat('a', 1000000), repeat('b', 1000000))",
            "SELECT sum(len(list_transform(range(100000000), lambda x: x::VARCHAR || 'x')))",
            "SELECT quantile_cont(a.range * b.range, 0.5) FROM range(100000) a, range(100000) b",
            "SELECT list(a.range) FROM range(100000) a, range(100000) b",
            "SELECT string_agg(repeat('x', 1000)) FROM range(100000000)",
            "SELECT histogram(range) FROM range(1000000000)",
            "SELECT repeat(repeat('x', 1000000), 1000000)",
            "SELECT list_sort(range(500000000))",
            "SELECT array_agg(repeat('x', 900000)) FROM range(100000)",
            "SELECT range, repeat('x', 1000000) FROM range(100000) ORDER BY 2, 1",
            "SELECT regexp_replace(repeat('a', 1000000), '(a*)*b', 'x', 'g')",
            "SELECT regexp_matches(repeat('a', 100000), '((a{1,100}){1,100}){1,10}')",
            "SELECT reservoir_quantile(1, NULL::INT[])",
            "SELECT 1::VARIANT + 0.0",
            "SELECT sum(sqrt(a.range * b.range)) FROM range(2000000) a, range(30000000) b",
            "WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t",
            "WITH RECURSIVE t AS (SELECT 'x' AS x UNION ALL SELECT x || x FROM t) SELECT max(len(x)) FROM t",
            "SELECT (SELECT count(*) FROM range(a.range)) FROM range(1000000) a",
            "SELECT list_reduce(range(300000000), lambda x, y: x + y)",
            "SELECT bitstring('1', 2000000000)",
            "SELECT map(range(50000000), range(50000000))",
            "SELECT DISTINCT hash(a.range + b.range)::VARCHAR FROM range(100000) a, range(100000) b",
        ]
        .map(str::to_owned),
    );
    statements
}

fn place() -> Place {
    let timeout = TIMEOUT.as_secs().to_string();
    Place::new(&[("AGNES_QUERY_TIMEOUT", &timeout), ("AGNES_QUERY_MEMORY", "256MB"), ("AGNES_QUERY_SPILL", "1GB")])
}

#[test]
fn no_statement_ends_freezes_or_fills_the_server() {
    let place = place();
    let server = place.serve(&[]);
    let people = People::of(&server);
    for sql in worst() {
        let begun = Instant::now();
        let (status, body) = people.post(&people.admin, "/api/query", json!({ "sql": sql, "limit": 5 }));
        let (took, shown) = (begun.elapsed(), &sql[..sql.len().min(100)]);
        eprintln!("{status} {took:?} {shown}");
        assert!([200, 400, 413, 504].contains(&status), "{status} {body}: {shown}");
        assert!(took < TIMEOUT + LATE, "{took:?}: {shown}");
        let answer = people.post(&people.other, "/api/query", json!({"sql": "SELECT 42"}));
        assert_eq!((answer.0, &answer.1["rows"]), (200, &json!([[42]])), "after {shown}");
    }
    let memory = own_peak(server.child.id()).unwrap();
    assert!(memory < MEMORY_KIB, "the server took {memory} KiB");
}

#[test]
fn a_row_that_is_too_large_leaves_nothing_to_the_next_query() {
    let place = Place::new(&[]);
    let server = place.serve(&[]);
    let people = People::of(&server);
    for large in ["repeat(repeat(chr(1), 1000000), 60)", "repeat(repeat('x', 1000000), 60)"] {
        let sql = format!("SELECT {large}");
        let (status, body) = people.post(&people.admin, "/api/query", json!({ "sql": sql }));
        assert_eq!(status, 400, "{body}");
        assert!(body["detail"].as_str().unwrap().contains("one row is larger than 8 MB"), "{body}");
        for _ in 0..3 {
            let answer = people.post(&people.other, "/api/query", json!({"sql": "SELECT 42"}));
            assert_eq!((answer.0, &answer.1["rows"]), (200, &json!([[42]])), "after {sql}");
        }
    }
}

#[test]
fn forty_of_the_worst_at_once_hurt_nobody_else() {
    let place = place();
    let server = place.serve(&[]);
    let people = People::of(&server);
    let quiet = people.percentile();
    let (during, statuses) = std::thread::scope(|scope| {
        let flood = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let worst = worst().into_iter().cycle().take(40);
            let ask = async |sql: String| people.send(&people.admin, "/api/query", json!({ "sql": sql })).await.0;
            runtime.block_on(join_all(worst.map(ask)))
        });
        let during = people.percentile();
        (during, flood.join().unwrap())
    });
    eprintln!("quiet {quiet:?}, with 40 of the worst {during:?}: {statuses:?}");
    assert!(statuses.iter().all(|status| [200, 400, 413, 429, 504].contains(status)), "{statuses:?}");
    // The processor of a machine that tests is busy with other tests, too.
    assert!(during < (2 * quiet).max(Duration::from_millis(500)), "{quiet:?} became {during:?}");
    let memory = own_peak(server.child.id()).unwrap();
    assert!(memory < MEMORY_KIB, "the server took {memory} KiB");
}

#[test]
fn what_does_not_fit_in_memory_is_spilled() {
    let place = Place::new(&[("AGNES_QUERY_MEMORY", "256MB")]);
    let server = place.serve(&[]);
    let people = People::of(&server);
    for sql in [
        // Ten times the memory.
        "SELECT count(*) FROM (SELECT md5(range::VARCHAR) || repeat('x', 100) AS t FROM range(20000000) ORDER BY t OFFSET 1)",
        "SELECT count(*) FROM (SELECT DISTINCT md5(range::VARCHAR) || repeat('x', 100) FROM range(15000000))",
    ] {
        let (status, body) = people.post(&people.admin, "/api/query", json!({ "sql": sql }));
        assert_eq!(status, 200, "{body}: {sql}");
    }
    watch::wait_until_nothing_is_spilled(&place);
}

#[test]
fn workers_end_with_a_server_that_is_killed() {
    let place = Place::new(&[]);
    let mut server = place.serve(&[]);
    let people = People::of(&server);
    people.post(&people.admin, "/api/query", json!({"sql": "SELECT 42"}));
    let endless = json!({"sql": "SELECT sum(sqrt(a.range * b.range)) FROM range(2000000) a, range(30000000) b"});
    let mut query = std::pin::pin!(people.send(&people.admin, "/api/query", endless));
    let started = async { tokio::time::timeout(Duration::from_secs(2), &mut query).await };
    assert!(people.runtime.block_on(started).is_err(), "it is still running");
    let workers = watch::workers(server.child.id());
    assert!(!workers.is_empty());
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    watch::wait_for_the_end(workers);
}
