//! Common table expressions that have the name of a table.

use serde_json::json;

use super::{Fixture, QueryError};

/// An expression that begins a recursive one does not see it, but the table of that name.
#[test]
fn expressions_within_a_recursive_one_see_the_table() {
    let fixture = Fixture::new();
    let nested = "WITH RECURSIVE orders AS (
                      WITH x AS (SELECT id FROM orders)
                      SELECT id FROM x UNION ALL SELECT orders.id + 100 FROM orders, x WHERE orders.id = 1 AND x.id < 2
                  ) SELECT count(*), max(id) FROM orders";
    assert_eq!(fixture.body(nested)["rows"], json!([[22, 101]]));
    for keyed in ["", "(id) USING KEY (id)"] {
        let sql = format!(
            "WITH RECURSIVE salaries{keyed} AS (
                 WITH x AS (SELECT 1 AS id FROM salaries)
                 SELECT id FROM x UNION SELECT id + 1 FROM salaries WHERE id < 3
             ) SELECT * FROM salaries"
        );
        let answer = fixture.run(&sql);
        assert!(matches!(&answer, Err(QueryError::Denied { name, .. }) if name == "salaries"), "{answer:?}");
    }
}
