use serde_json::json;

use super::Fixture;

#[test]
fn ordinary_sql_works() {
    let fixture = Fixture::new();
    for sql in [
        "   SELECT 1",
        "WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM t WHERE x < 5) SELECT * FROM t",
        "SELECT a.id, b.customer FROM orders a JOIN orders b USING (id)",
        "SELECT a.id FROM orders a LEFT JOIN (SELECT id FROM orders) b ON a.id = b.id AND a.id BETWEEN 1 AND 3",
        "SELECT * FROM orders a ASOF JOIN orders b ON a.id >= b.id",
        "SELECT * FROM orders POSITIONAL JOIN orders b",
        "SELECT * FROM orders a, LATERAL (SELECT a.id + 1 AS next)",
        "SELECT customer, sum(amount), count(*), count(DISTINCT id), avg(amount) FILTER (WHERE id > 1) FROM orders GROUP BY ALL",
        "SELECT id % 2 AS odd, count(*) FROM orders GROUP BY ROLLUP (1) HAVING count(*) > 1 ORDER BY ALL",
        "SELECT id, row_number() OVER (ORDER BY amount DESC), lag(id) OVER w FROM orders WINDOW w AS (ORDER BY id)",
        "SELECT id FROM orders QUALIFY row_number() OVER (PARTITION BY id % 2 ORDER BY id) = 1",
        "SELECT * FROM orders PIVOT (sum(amount) FOR customer IN ('cust1', 'cust2'))",
        "SELECT * EXCLUDE (amount) REPLACE (id + 1 AS id) FROM orders",
        "SELECT COLUMNS('i.*') FROM orders",
        "SELECT * FROM orders USING SAMPLE 3",
        "SELECT * FROM orders TABLESAMPLE 50%",
        "SELECT ([1, 2, 3])[1:2], {'a': 1}.a, MAP {'k': 1}['k'], [x * 2 FOR x IN [1, 2] IF x > 1]",
        "SELECT list_transform([1, 2], lambda x: x + 1)",
        "SELECT json_extract('{\"a\": 1}', '$.a'), '{\"a\": 1}'::JSON ->> 'a'",
        "SELECT * FROM generate_series(1, 3), range(2), unnest([1, 2]), repeat('x', 2)",
        "SELECT unnest([1, 2]), regexp_replace('abc', 'b', 'x'), replace('abc', 'b', 'x')",
        "SELECT * FROM json_each('{\"a\": 1}')",
        "SELECT CASE WHEN id > 1 THEN 'x' ELSE NULL END, coalesce(NULL, id), nullif(id, 1), id IN (1, 2), id IS NULL,
                customer LIKE 'c%', customer ILIKE 'C_', customer SIMILAR TO 'c.*', NOT (id = 1), -id, id::DOUBLE,
                TRY_CAST(customer AS INT), if(id > 1, 1, 2), ifnull(id, 2), EXTRACT(year FROM DATE '2020-01-01'),
                INTERVAL 1 DAY, position('a' IN 'ba'), substring('abc' FROM 2), trim('  a '),
                customer || 'x', id ** 2, id // 2, 'a' COLLATE NOCASE = 'A', greatest(id, 2), now(), strftime(TIMESTAMP '2020-01-01', '%Y')
         FROM orders",
        "SELECT DISTINCT ON (id % 2) id FROM orders ORDER BY id LIMIT 10 OFFSET 1",
        "SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM orders o WHERE o.id = orders.id) AND id > ALL (SELECT 1)",
        "SELECT id FROM orders EXCEPT SELECT 1 INTERSECT SELECT 2",
        "SELECT id AS x FROM orders UNION BY NAME SELECT 1 AS y",
        "SELECT * FROM (DESCRIBE SELECT * FROM orders)",
        "SELECT * FROM (SUMMARIZE orders)",
        "FROM orders",
        "FROM orders SELECT id WHERE id > 3 ORDER BY id;",
        "-- c\n (FROM main.orders LIMIT 1)",
        "DESCRIBE orders",
        "desc server.main.orders",
        "SHOW orders",
        "DESCRIBE SELECT id, [id] AS list FROM orders",
        "SUMMARIZE orders;",
        "SUMMARIZE SELECT id FROM orders",
        "PIVOT orders ON customer IN ('cust1', 'cust2') USING sum(amount) GROUP BY id",
        "UNPIVOT orders ON id, payload INTO NAME n VALUE v",
        "SELECT * FROM (PIVOT orders ON customer IN ('cust1') USING sum(amount))",
        "SELECT * FROM (UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b)",
        "SELECT string_agg(customer, '; ' ORDER BY id), quantile_cont(id, 0.5), histogram(id), arg_max(id, amount) FROM orders",
    ] {
        if let Err(error) = fixture.run(sql) {
            panic!("{sql}\n{error}");
        }
    }
}

#[test]
fn columns_and_rows_are_those_of_the_statement() {
    let fixture = Fixture::new();
    assert_eq!(
        fixture.body("SELECT 1 AS a, 2 AS a, count(*), NULL, sum(amount) FROM orders"),
        json!({"columns": ["a", "a", "count_star()", "NULL", "sum(amount)"],
               "rows": [[1, 2, 20, null, "285.00"]], "row_count": 1, "truncated": false})
    );
    let body = fixture.body("SELECT id FROM orders ORDER BY id DESC LIMIT 3 -- the newest");
    assert_eq!(body["rows"], json!([[19], [18], [17]]));
    let body = fixture.body("SELECT id FROM orders WHERE customer = 'nonexistent'");
    assert_eq!(body, json!({"columns": ["id"], "rows": [], "row_count": 0, "truncated": false}));
    let body = fixture.body("WITH o AS (SELECT id FROM orders) SELECT id FROM o ORDER BY id % 7 DESC, id LIMIT 2");
    assert_eq!(body["rows"], json!([[6], [13]]));
}

/// The engine's own library has these; the bundled engine gets them with the extension `icu`.
#[test]
fn today_works_where_icu_is() {
    let fixture = Fixture::new();
    let limits = crate::engine::Limits::small();
    let icu = crate::engine::find_icu(&limits).unwrap();
    let today = fixture.run("SELECT current_date, timezone('Europe/Prague', now())");
    assert_eq!(today.is_ok(), icu, "{today:?}");
}

/// Programs write long sums and conditions.
#[test]
fn deep_expressions_work() {
    let fixture = Fixture::new();
    for sql in [format!("SELECT {}1", "1 + ".repeat(400)), format!("SELECT 1 WHERE {}true", "1 = 2 OR ".repeat(400))] {
        fixture.run(&sql).unwrap();
    }
}
