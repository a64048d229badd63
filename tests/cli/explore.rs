use serde_json::json;

use crate::sandbox::{Sandbox, parquet};
use crate::server_stand_in::StandIn;

#[test]
fn a_pulled_table() {
    let server = StandIn::start();
    server.offer(
        "orders",
        &parquet("SELECT i AS id, 'x' || i AS text, NULL::DATE AS day, [i] AS list FROM range(2000) t(i)"),
    );
    let sandbox = Sandbox::signed_in(&server);
    let ran = sandbox.run(&["explore", "orders"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Local DuckDB not found. Run: agnes pull\n"));
    sandbox.run(&["pull"]);
    insta::assert_snapshot!(sandbox.run(&["explore", "orders"]).text, @r"
    exit 0
    --- stdout
    Table: orders
    Rows: 2,000

    Columns (4):
      id                             BIGINT
      text                           VARCHAR
      day                            DATE
      list                           BIGINT[]

    Sample (5 rows):
    ┌────┬──────┬─────┬──────┐
    │ id │ text │ day │ list │
    ├────┼──────┼─────┼──────┤
    │  0 │ x0   │     │ [0]  │
    │  1 │ x1   │     │ [1]  │
    │  2 │ x2   │     │ [2]  │
    │  3 │ x3   │     │ [3]  │
    │  4 │ x4   │     │ [4]  │
    └────┴──────┴─────┴──────┘
    --- stderr
    ");
    let ran = sandbox.run(&["explore", "--json", "ORDERS"]);
    let shown = ran.json();
    assert_eq!((&shown["table"], &shown["row_count"]), (&json!("orders"), &json!(2000)), "{}", ran.text);
    assert_eq!(shown["columns"][1], json!({"name": "text", "type": "VARCHAR", "nullable": "YES"}));
    assert_eq!(shown["sample_rows"][4], json!({"id": 4, "text": "x4", "day": null, "list": [4]}));
    assert_eq!(shown["sample_rows"].as_array().unwrap().len(), 5);
    insta::assert_snapshot!(sandbox.run(&["explore", "order"]).text, @r"
    exit 1
    --- stdout
    orders
    --- stderr
    Table 'order' not found. Available:
      hint: Did you mean orders? What the server has: agnes catalog, then agnes pull or agnes explore --remote order
    ");
    let ran = sandbox.run(&["explore", "order", "--json"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    let ran = sandbox.run(&["explore", "x\" UNION SELECT 1 --"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, "orders\n"), "{}", ran.text);
}

#[test]
fn the_statistics_of_the_server() {
    let server = StandIn::start();
    let profile = json!({"row_count": 2, "columns": [{"name": "id", "min": 1}]});
    server.answer("GET /api/catalog/profile/orders", 200, profile.clone());
    server.answer("GET /api/catalog/profile/other", 404, json!({"detail": "Profile not found for 'other'"}));
    let sandbox = Sandbox::signed_in(&server);
    insta::assert_snapshot!(sandbox.run(&["explore", "orders", "--remote"]).text, @r#"
    exit 0
    --- stdout
    Table: orders
    {
      "row_count": 2,
      "columns": [
        {
          "name": "id",
          "min": 1
        }
      ]
    }
    --- stderr
    "#);
    assert_eq!(sandbox.run(&["explore", "--remote", "orders", "--json"]).json(), profile);
    insta::assert_snapshot!(sandbox.run(&["explore", "other", "--remote"]).text, @r"
    exit 1
    --- stdout
    --- stderr
    Profile not found: Profile not found for 'other'
      hint: agnes catalog lists the tables that you may read.
    ");
    assert!(sandbox.files().is_empty());
}
