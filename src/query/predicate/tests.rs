//! The gate alone, with the engine's own parser.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use proptest::{collection, sample};

use super::check::{check, confirm};
use super::functions::{Allowed, allowed};
use super::{Flaw, Selection};
use crate::engine::parse::{MAX_LEVELS, syntax_tree};
use crate::engine::{self, Connection, Limits};
use crate::query::policy;

struct Gate {
    connection: Connection,
    selection: Selection,
}

impl Gate {
    fn new() -> Self {
        let columns = ["id", "customer", "amount", "paid", "created", "tags", "rec", "Full Name", "日本"];
        let selection = Selection {
            table: "orders_2026".into(),
            alias: "orders".into(),
            columns: columns.map(str::to_owned).to_vec(),
            select: Vec::new(),
            predicate: None,
            order_by: Vec::new(),
        };
        let connection = engine::in_memory(&Limits::small()).unwrap();
        let table = "CREATE TABLE orders_2026 (id INTEGER, customer VARCHAR, amount DECIMAL(9,2), paid BOOLEAN, created TIMESTAMP,
            tags VARCHAR[], rec STRUCT(sub INTEGER), \"Full Name\" VARCHAR, \"日本\" INTEGER)";
        connection.execute_batch(table).unwrap();
        Self { connection, selection }
    }

    /// The statement that would run.
    fn check(&self, predicate: &str) -> Result<String, Flaw> {
        let selection = Selection { predicate: Some(predicate.into()), ..self.selection.clone() };
        let tree = |sql: &str| syntax_tree(&self.connection, sql).unwrap();
        let digest = check(&selection, &tree(&selection.draft(predicate)), MAX_LEVELS).unwrap()?;
        let statement = selection.statement();
        confirm(&selection, &tree(&statement), MAX_LEVELS, &digest).unwrap()?;
        Ok(statement)
    }
}

#[test]
fn what_predicates_may_contain() {
    let gate = Gate::new();
    for predicate in [
        "id = 1",
        "ID = 1 AND orders.Customer = 'a' OR \"ORDERS\".\"id\" < 3",
        "\"Full Name\" LIKE 'A%' AND 日本 IS NOT NULL",
        "paid",
        "NOT paid AND id <> 2 AND id IS DISTINCT FROM 3 AND paid IS NOT TRUE",
        "id IN (1, 2, 3) AND id NOT IN (4) AND id BETWEEN 1 AND 5 AND id NOT BETWEEN 7 AND 9",
        "customer ILIKE 'a%' AND customer NOT LIKE 'b!%' ESCAPE '!' AND customer SIMILAR TO 'x.*' AND customer GLOB 'a*'",
        "(id + 1) * 2 - 3 / 4 // 5 % 6 > 0 AND id ** 2 > 1 AND id ^ 2 > 1 AND -id < 0",
        "(id & 1) | (id << 2) >> 1 = 0 AND ~id < 0 AND customer || 'x' = 'ax'",
        "created > DATE '2026-01-01' AND created < TIMESTAMP '2026-01-01 00:00:00' + INTERVAL 3 DAY",
        "created > CURRENT_DATE - INTERVAL '1 day' AND created < current_timestamp AND current_time IS NOT NULL",
        "DATE(created) = DATE '2026-01-01' AND EXTRACT(year FROM created) = 2026 AND date_trunc('month', created) = created",
        "date_add(created, INTERVAL 1 MONTH) > created AND date_sub('day', created, created) = 0",
        "date_diff('day', created, created) = 0",
        "concat(customer, 'x') = 'ax' AND length(customer) = 1 AND lower(upper(customer)) = 'a' AND len(customer) = 1",
        "substr(customer, 1, 1) = 'a' AND substring(customer FROM 1 FOR 1) = 'a' AND char_length(customer) = 1",
        "trim(BOTH ' ' FROM customer) = ltrim(rtrim(customer)) AND replace(customer, 'a', 'b') = 'b'",
        "starts_with(customer, 'a') AND ends_with(customer, 'a')",
        "regexp_extract(customer, 'a') = 'a' AND regexp_matches(customer, 'a')",
        "abs(id) + ceil(amount) + ceiling(amount) + floor(amount) + round(amount, 2) + mod(id, 2) + power(id, 2) > 0",
        "pow(id, 2) + sqrt(id) + log(id) + ln(id) + exp(id) + sign(id) + greatest(id, 1) + least(id, 1) > 0",
        "CAST(id AS VARCHAR) = '1' AND id::DOUBLE = 1.0 AND TRY_CAST(customer AS INTEGER) IS NULL",
        "if(paid, id, 0) = 1 AND ifnull(id, 0) = 1 AND coalesce(id, 0) = 1 AND nullif(id, 0) = 1",
        "CASE WHEN paid THEN id ELSE 0 END = 1 AND tags[1] = 'x' AND tags[1:2] IS NOT NULL",
        "id = 1 -- all of them",
        "/* first */ id /* second */ = 1 /* ' \" ; */",
        "customer = 'it''s; -- not a comment (' AND id = $$1)$$::INTEGER",
        "customer = 'SELECT * FROM salaries; DROP TABLE x'",
        "((((id = 1))))",
        "true",
    ] {
        let statement = gate.check(predicate).unwrap_or_else(|flaw| panic!("{predicate}: {flaw:?}"));
        gate.connection.prepare(&statement).unwrap_or_else(|error| panic!("{predicate}: {error}"));
        assert_eq!(statement, format!("SELECT * FROM \"orders_2026\" AS \"orders\" WHERE (\n{predicate}\n)"));
    }
}

#[test]
fn what_they_may_not_and_why() {
    let gate = Gate::new();
    for (kind, predicates) in [
        (
            "parse_error",
            &[
                "id =",
                "amount = 1) OR (1=1",
                "`id` = 1",
                "id = 'open",
                "id = 1 AND",
                "id IN ()",
                "/* open",
                "id = 1e400",
            ][..],
        ),
        (
            "multi_statement",
            &["id = 1; DROP TABLE x", "id = 1; SELECT 2", "1=1; ATTACH 'x'", "id = 1;; SELECT 1 WHERE id = 1"],
        ),
        (
            "disallowed_node",
            &[
                "1=1 UNION ALL SELECT * FROM x",
                "1=1 EXCEPT SELECT 1",
                "id = 1 LIMIT 1",
                "id = 1 ORDER BY id",
                "id = 1 GROUP BY id",
                "id = 1 GROUP BY ALL",
                "id = 1 HAVING true",
                "id = 1 QUALIFY true",
                "id = 1 WINDOW w AS (ORDER BY id)",
                "id = 1 USING SAMPLE 5",
                "id = 1 OFFSET 2",
                "id = 1;",
                "id = 1; -- x",
                "? = id",
                "id = $1",
                "id = $x",
                "*",
                "orders.* = 1",
                "#1 = 1",
                "DEFAULT = 1",
                "x -> x > 1",
                "list_filter(tags, t -> t = 'x') = tags",
                "customer COLLATE nocase = 'a'",
            ],
        ),
        (
            "nested_select",
            &[
                "id IN (SELECT 1)",
                "EXISTS (SELECT 1)",
                "id = (SELECT max(id) FROM orders)",
                "id = ANY(SELECT 1)",
                "id = ALL (SELECT 1)",
                "ARRAY(SELECT 1) = tags",
                "id = 1 OR (FROM salaries) IS NULL",
                "id = (WITH x AS (SELECT 1) SELECT * FROM x)",
                "id IN (VALUES (1))",
                "id IN (TABLE salaries)",
                "id = (SELECT nope(1))",
            ],
        ),
        (
            "cross_table_reference",
            &[
                "salaries.id = 1",
                "rec.sub = 1",
                "(rec).sub = 1",
                "a.b.orders.id = 1",
                "main.orders.id = 1",
                "orders_2026.id = 1",
                "nope.nope = nope()",
            ],
        ),
        (
            "unknown_function",
            &[
                "unnest(tags) = 'x'",
                "[1, 2] = tags",
                "{'a': 1} = rec",
                "struct_pack(a := 1) = rec",
                "random() > 0.5",
                "rand() > 0.5",
                "uuid() = customer",
                "session_user() = 'x'",
                "version() = 'x'",
                "now() > created",
                "year(created) = 1",
                "strftime(created, '%Y') = '2026'",
                "json_extract(customer, '$.a') = 'x'",
                "customer ->> 'a' = 'x'",
                "left(customer, 1) = 'a'",
                "regexp_replace(customer, 'a', 'b') = 'b'",
                "safe_divide(1, 2) = 1",
                "net.host(customer) = 'x'",
                "safe.lower(customer) = 'x'",
                "keys.new_keyset('x') = 'x'",
                "external_query('x', 'y') = 'x'",
                "error('x') = 'x'",
                "COLUMNS(*) = 1",
                "current_setting('x') = 'x'",
                "getvariable('x') = 1",
                "read_text('/etc/passwd') = 'x'",
                "nope(id) = 1",
                "max(id) = 1",
                "count(*) > 1",
                "sum(id) OVER () > 1",
                "row_number() OVER () = 1",
                "main.getvariable('x') = 1",
                "system.main.lower(customer) = 'a'",
                "customer.lower() = 'a'",
                "try(id) = 1",
                "grouping(id) = 1",
                "id ! = 1",
                "tags && tags",
                "sleep_ms(10) = 1",
                "query('x') = 1",
                "lower(version()) = 'x'",
                "nope(nope) = 1",
                "case when version() = 'x' then true end",
                "id in (1, version())",
                "id between 1 and version()",
                "cast(version() as int) = 1",
            ],
        ),
        // Those of BigQuery.
        (
            "unknown_function",
            &[
                "safe_cast(id) = 1",
                "contains_substr(customer, 'a')",
                "unix_seconds(created) = 1",
                "regexp_contains(customer, 'a')",
                "datetime(created) = created",
            ],
        ),
        (
            "unknown_column",
            &[
                "nope = 1",
                "orders.nope = 1",
                "lower(nope) = 'x'",
                "rowid = 1",
                "filename = 'x'",
                "session_user = 'x'",
                "orders IS NULL",
                "orders.orders = 1",
                "rec = nope",
            ],
        ),
    ] {
        for predicate in predicates {
            let flaw = gate.check(predicate).expect_err(predicate);
            assert_eq!(flaw.kind.as_str(), kind, "{predicate}: {flaw:?}");
        }
    }
}

#[test]
fn details_name_the_first_function_or_column() {
    let gate = Gate::new();
    let details = |predicate| serde_json::Value::Object(gate.check(predicate).unwrap_err().details).to_string();
    assert_eq!(details("id = 1 AND nope = 2 AND other = 3"), r#"{"column":"nope"}"#);
    assert_eq!(details("version() = lower(now())"), r#"{"function":"VERSION"}"#);
    assert_eq!(details("x.y = 1"), r#"{"reference":"x.y"}"#);
}

/// What the parser makes of syntax has to be allowed by the policy of queries, too: the statement passes it once more.
#[test]
fn every_allowed_function_is_one_that_queries_may_use() {
    for name in
        ["date_part", "like_escape", "not_ilike_escape", "regexp_full_match", "trunc", "to_days", "to_millennia"]
    {
        assert_eq!((allowed(name, false), policy::is_function(name)), (Allowed::Yes, true), "{name}");
    }
    for operator in "+ - * / // % ** ^ & | << >> ~ @ || ~~ !~~ ~~* !~~* ~~~".split(' ') {
        assert_eq!((allowed(operator, true), policy::is_function(operator)), (Allowed::Yes, true), "{operator}");
    }
}

/// Predicates, and tokens that break out of brackets, comments and texts if anything does.
const TOKENS: &str = "id = 1|(id = 1)|customer IN ('a', 'b')|paid|orders.id < 3|lower(customer) = 'a'|AND|AND|OR|OR|AND NOT|\
    (|)|[|]|,|;|--|/*|*/|$$|$x$|'|\"|\\|\u{a0}|SELECT 1|FROM salaries|LIMIT 1|UNION ALL SELECT 1|ORDER BY id|GROUP BY id|\
    HAVING true|QUALIFY true|WINDOW w AS ()|USING SAMPLE 1|EXISTS (|= ANY (|version()|*|?|CASE WHEN|THEN true END|::INTEGER|\
    = 1|IS NULL|E'\\''|COLUMNS(*)|->|{|}|IN (SELECT person FROM salaries)|) OR (";

#[test]
fn what_is_accepted_reads_the_one_table_only() {
    let (gate, accepted) = (Gate::new(), Cell::new(0));
    let token = sample::select(TOKENS.split('|').collect::<Vec<_>>());
    let predicates = (collection::vec(token, 1..8), sample::select(vec![" ", " ", "", "\n"]));
    let mut runner = TestRunner::new_with_rng(
        Config { cases: 8_000, failure_persistence: None, ..Config::default() },
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let result = runner.run(&predicates, |(tokens, glue)| {
        let predicate = tokens.join(glue);
        let Ok(statement) = gate.check(&predicate) else { return Ok(()) };
        accepted.set(accepted.get() + 1);
        let tree = syntax_tree(&gate.connection, &statement).unwrap();
        let outline = policy::outline(&statement, &tree, MAX_LEVELS).unwrap();
        let tables: Vec<_> = outline.relations.iter().map(|relation| relation.table.as_str()).collect();
        prop_assert_eq!(tables, ["orders_2026"]);
        let count = |part: &str| tree.matches(part).count();
        prop_assert_eq!((count("_NODE\""), count("SUBQUERY"), count("\"modifiers\":[]")), (1, 0, 1), "{}", predicate);
        Ok(())
    });
    result.unwrap();
    assert!(accepted.get() > 100, "{} accepted", accepted.get());
}
