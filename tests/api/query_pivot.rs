//! `PIVOT` without `IN`, whose columns are the values that it finds.

use std::path::Path;

use agnes::base::ident::quote_path;
use agnes::engine::{self, Limits};
use insta::assert_snapshot;
use serde_json::json;

use crate::bare::Published;

const SALES: &str = "
    SELECT i % 3 AS shop, CASE WHEN i % 4 > 0 THEN 'it''s \"' || (i % 4) END AS product, i AS amount,
           DATE '2026-01-01' + (i % 2)::INTEGER AS day, (i % 3) / 4.0 AS share, (i % 2 = 0) AS paid, [i % 2] AS list,
           (i % 2)::DECIMAL(4,2) AS price, NULL AS nothing
    FROM range(12) t(i)";

fn write(folder: &Path) {
    let connection = engine::in_memory(&Limits::small()).unwrap();
    for (name, rows) in [("sales", SALES), ("many", "SELECT i, i % 2 AS k FROM range(1001) t(i)")] {
        let file = quote_path(&folder.join(format!("{name}.parquet")));
        connection.execute_batch(&format!("COPY ({rows}) TO {file} (FORMAT parquet)")).unwrap();
    }
}

#[tokio::test]
async fn it_gives_what_duckdb_alone_gives() {
    let (published, ()) = Published::start(write).await;
    let statements = [
        "PIVOT sales ON product USING sum(amount) GROUP BY shop",
        "pivot sales on product using sum(amount) group by shop order by shop desc limit 2;",
        "PIVOT_WIDER sales ON shop USING count(*) GROUP BY product",
        "SELECT n, count(*) FROM (PIVOT_LONGER sales ON amount, shop INTO NAME n VALUE v) GROUP BY n",
        "PIVOT sales ON day USING sum(amount), max(amount) AS most GROUP BY shop",
        "PIVOT sales ON shop, product USING sum(amount) GROUP BY day",
        "PIVOT sales ON shop IN (0, 2), product USING sum(amount) GROUP BY day",
        "PIVOT sales ON share USING count(*) GROUP BY shop",
        "PIVOT sales ON price USING count(*) GROUP BY shop",
        "PIVOT sales ON paid USING count(*) GROUP BY shop",
        "PIVOT sales ON list USING count(*) GROUP BY shop",
        "PIVOT sales ON shop || '_' || product USING sum(amount) GROUP BY day",
        "PIVOT sales ON (shop, paid) USING sum(amount) GROUP BY day",
        "PIVOT sales ON CASE WHEN shop = 1 THEN NULL ELSE product END USING sum(amount) GROUP BY shop",
        "PIVOT sales ON product USING first(amount ORDER BY amount) GROUP BY shop",
        "PIVOT (SELECT shop, product FROM sales) ON product",
        "PIVOT (SELECT * FROM sales WHERE amount < 5) ON product USING sum(amount) GROUP BY shop",
        "PIVOT (sales JOIN many ON sales.amount = many.i) ON k USING sum(amount) GROUP BY shop",
        "WITH first AS (FROM sales WHERE shop < 2) PIVOT first ON product USING sum(amount) GROUP BY shop",
        "WITH a AS (FROM sales), b AS (FROM a WHERE shop < 2) SELECT * FROM (PIVOT b ON day USING sum(amount) GROUP BY shop)",
        "SELECT * FROM (PIVOT sales ON product USING sum(amount) GROUP BY shop) ORDER BY shop",
        "WITH p AS (PIVOT sales ON product USING sum(amount) GROUP BY shop) SELECT * FROM p WHERE shop > 0",
        "WITH sales AS (SELECT 1 AS shop, 'x' AS product) FROM (PIVOT sales ON product USING count(*) GROUP BY shop)",
        "FROM (PIVOT sales ON day USING sum(amount) GROUP BY shop) UNION ALL BY NAME
         FROM (PIVOT sales ON paid USING sum(amount) GROUP BY shop)",
        "DESCRIBE PIVOT sales ON product USING sum(amount) GROUP BY shop",
    ];
    let differences = published.differences(&statements.map(str::to_owned)).await;
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}

#[tokio::test]
async fn what_cannot_be_had_says_so() {
    let (published, ()) = Published::start(write).await;
    let query = async |sql: &str| published.analyst.post_json("/api/query", json!({ "sql": sql })).await;
    assert_snapshot!(query("PIVOT many ON i USING count(*) GROUP BY k").await, @r#"
        400 Bad Request
        {"detail":"Query error: PIVOT finds more than 1000 values; name those you want: PIVOT … ON column IN ('a', 'b') USING …"}
        "#);
    assert_snapshot!(query("PIVOT sales ON nothing USING count(*) GROUP BY shop").await, @r#"
        400 Bad Request
        {"detail":"Query error: PIVOT finds no values: there are no rows, or its column is NULL in all of them"}
        "#);
    assert_snapshot!(query("PIVOT sales ON wrong USING count(*) GROUP BY shop").await, @r#"
        400 Bad Request
        {"detail":"Query error: Binder Error: Referenced column \"wrong\" not found in FROM clause!\nCandidate bindings: \"nothing\", \"amount\", \"product\""}
        "#);
    assert_snapshot!(query("PIVOT sales ON product IN (SELECT 'x') USING count(*)").await, @r#"
        400 Bad Request
        {"detail":"Query error: PIVOT needs its values here: PIVOT … ON column IN ('a', 'b') USING …"}
        "#);
    assert_snapshot!(query("WITH p AS (PIVOT sales ON day USING count(*)) PIVOT p ON shop USING count(*)").await, @r#"
        400 Bad Request
        {"detail":"Query error: PIVOT needs its values here: PIVOT … ON column IN ('a', 'b') USING …"}
        "#);
    assert_snapshot!(query("PIVOT nowhere ON x USING count(*)").await, @r#"
        403 Forbidden
        {"detail":"Access denied to table 'nowhere'"}
        "#);
}
