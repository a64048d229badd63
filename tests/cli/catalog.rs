//! `agnes catalog`, `schema` and `describe` against answers as a server of v0.35 sends them, and newer ones.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::server_stand_in::StandIn;

const CATALOG: &str = "GET /api/v2/catalog?refresh=0";

fn orders() -> Value {
    json!({"id": "orders", "name": "orders", "description": "D orders", "source_type": "keboola", "query_mode": "local",
        "sql_flavor": "duckdb", "where_examples": [], "fetch_via": "local; use agnes query", "rough_size_hint": null})
}

fn events() -> Value {
    json!({"id": "web.events", "name": "Web events", "description": "Clicks and views, one row each", "source_type": "bigquery",
        "query_mode": "remote", "sql_flavor": "bigquery", "where_examples": ["country_code = 'CZ'"],
        "fetch_via": "agnes snapshot create web.events", "rough_size_hint": null, "rows": 1_234_567, "columns": 12,
        "size_bytes": 54_272, "last_sync": "2026-11-23T00:14:38.917973", "newer": true})
}

fn catalog(tables: &[Value]) -> Value {
    json!({"tables": tables, "server_time": "2026-11-23T02:14:38.917973+00:00"})
}

fn schema() -> Value {
    json!({"table_id": "orders", "source_type": "keboola", "sql_flavor": "duckdb",
        "columns": [{"name": "id", "type": "BIGINT", "nullable": true, "description": ""},
            {"name": "amount", "type": "DECIMAL(12,2)", "nullable": false, "description": "with tax"}],
        "partition_by": null, "clustered_by": [], "where_dialect_hints": {}})
}

#[test]
fn tables_have_the_columns_of_older_versions() {
    let server = StandIn::start();
    server.answer(CATALOG, 200, catalog(&[orders(), events()]));
    let sandbox = Sandbox::signed_in(&server);
    insta::assert_snapshot!(sandbox.run(&["catalog"]).text, @r"
    exit 0
    --- stdout
    ID                              SOURCE      MODE      FLAVOR      NAME
    orders                          keboola     local     duckdb      orders
    web.events                      bigquery    remote    bigquery    Web events
    --- stderr
    With --long: rows, sizes, freshness and descriptions. Columns of a table: agnes schema ID
    ");
    insta::assert_snapshot!(sandbox.run(&["catalog", "--long"]).text, @r"
    exit 0
    --- stdout
    ID                              SOURCE      MODE      FLAVOR      NAME                          ROWS       SIZE  COLUMNS  SYNCED  DESCRIPTION
    orders                          keboola     local     duckdb      orders                           -          -        -       -  D orders
    web.events                      bigquery    remote    bigquery    Web events               1,234,567    53.0 KB       12      2h  Clicks and views, one row each
    --- stderr
    Columns of a table: agnes schema ID. Metrics: agnes catalog --metrics
    ");
    let ran = sandbox.run(&["catalog", "--json"]);
    assert_eq!((ran.json(), ran.stderr.as_str()), (catalog(&[orders(), events()]), ""));
    server.answer("GET /api/v2/catalog?refresh=1", 200, catalog(&[]));
    insta::assert_snapshot!(sandbox.run(&["catalog", "--refresh"]).text, @r"
    exit 0
    --- stdout
    ID                              SOURCE      MODE      FLAVOR      NAME
    --- stderr
    You may not read any table yet. Ask an admin of the server for a grant.
    ");
    assert!(sandbox.files().is_empty());
}

/// All that an agent needs to know is in the help of one command.
#[test]
fn the_help_of_catalog_leads_to_a_number() {
    let sandbox = Sandbox::signed_out("http://127.0.0.1:1");
    let help = sandbox.run(&["catalog", "--help"]).stdout;
    assert!(help.lines().all(|line| line.chars().count() <= 100), "no line is wrapped: {help}");
    let commands: Vec<&str> = help.lines().filter(|line| line.starts_with("  agnes ")).collect();
    for name in ["--long", "schema", "describe", "--metrics --show", "query", "--remote", "snapshot create", "--json"] {
        assert!(commands.iter().any(|line| line.contains(name)), "{name}: {help}");
    }
    // Each example is a command that exists.
    for line in commands {
        let line = line.trim().split("  ").next().unwrap().split(" | ").next().unwrap();
        let words = shell_words(line.strip_prefix("agnes ").unwrap());
        let ran = sandbox.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert_ne!(ran.code, 2, "{line}: {}", ran.text);
    }
}

/// The words of a line whose double quotes hold no others.
fn shell_words(line: &str) -> Vec<String> {
    let quoted = line.split('"').enumerate();
    let words = quoted.flat_map(|(index, part)| match index % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}

#[test]
fn metrics() {
    let server = StandIn::start();
    let revenue = json!({"id": "finance/revenue", "name": "revenue", "display_name": "Revenue", "category": "finance",
        "description": "Paid orders, with tax", "type": "sum", "unit": "CZK", "grain": "monthly", "table_name": "orders",
        "tables": null, "expression": null, "time_column": null, "dimensions": ["country"], "filters": null,
        "synonyms": ["turnover", "sales"], "notes": null, "sql": "SELECT sum(amount)\nFROM orders", "newer": 1});
    let churn = json!({"id": "c1", "name": "churn", "display_name": "Churn", "category": "customers", "type": "ratio", "sql": ""});
    server.answer("GET /api/metrics", 200, json!({"metrics": [revenue, churn], "count": 2}));
    server.answer("GET /api/metrics/finance/revenue", 200, revenue.clone());
    let sandbox = Sandbox::signed_in(&server);
    insta::assert_snapshot!(sandbox.run(&["catalog", "--metrics"]).text, @r"
    exit 0
    --- stdout

    [customers]
      churn                          Churn  id=c1

    [finance]
      revenue                        Revenue (CZK)
    --- stderr
    One definition, with its SQL: agnes catalog --metrics --show CATEGORY/NAME
    ");
    assert_eq!(sandbox.run(&["catalog", "--metrics", "--json"]).json(), json!([revenue, churn]));
    insta::assert_snapshot!(sandbox.run(&["catalog", "--metrics", "--show", "finance/revenue"]).text, @r"
    exit 0
    --- stdout
    ID:           finance/revenue
    Name:         revenue
    Display Name: Revenue
    Category:     finance
    Type:         sum
    Unit:         CZK
    Grain:        monthly
    Table:        orders
    Dimensions:   country
    Description:  Paid orders, with tax
    SQL:
      SELECT sum(amount)
      FROM orders
    Synonyms:     turnover, sales
    --- stderr
    ");
    assert_eq!(sandbox.run(&["catalog", "--show", "finance/revenue", "--json"]).json(), revenue);
    for (typed, meant) in [("Turnover", "finance/revenue"), ("churn", "c1"), ("finance/revenu", "finance/revenue")] {
        let ran = sandbox.run(&["catalog", "--metrics", "--show", typed]);
        let error =
            format!("Metric not found: {typed}\n  hint: Did you mean {meant}? All of them: agnes catalog --metrics\n");
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (1, "", error.as_str()));
    }
    server.answer("GET /api/metrics", 200, json!([]));
    assert_eq!(sandbox.run(&["catalog", "--metrics"]).stdout, "No metrics found.\n");
    assert_eq!(sandbox.run(&["catalog", "--metrics", "--json"]).stdout, "[]\n");
    server.answer("GET /api/metrics", 403, json!({"detail": "not for you"}));
    let ran = sandbox.run(&["catalog", "--metrics"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Failed: not for you\n"));
}

#[test]
fn columns() {
    let server = StandIn::start();
    server.answer("GET /api/v2/schema/orders", 200, schema());
    let sandbox = Sandbox::signed_in(&server);
    insta::assert_snapshot!(sandbox.run(&["schema", "orders"]).text, @r"
    exit 0
    --- stdout
    Table: orders  (keboola — use DUCKDB SQL dialect)

    COLUMN                          TYPE             NULL   DESCRIPTION
    id                              BIGINT           YES
    amount                          DECIMAL(12,2)    NO     with tax
    --- stderr
    ");
    assert_eq!(sandbox.run(&["schema", "orders", "--json"]).json(), schema());
    let mut remote = schema();
    remote["sql_flavor"] = "bigquery".into();
    remote["partition_by"] = "day".into();
    remote["clustered_by"] = json!(["a", "b"]);
    remote["where_dialect_hints"] = json!({"date_literal": "DATE '2026-01-01'", "cast": "CAST(x AS INT64)"});
    remote["rows"] = 2000.into();
    remote["size_bytes"] = 54_272.into();
    remote["description"] = "All orders".into();
    server.answer("GET /api/v2/schema/web.events%2F2026", 200, remote);
    insta::assert_snapshot!(sandbox.run(&["schema", "web.events/2026"]).stdout, @r"
    Table: orders  (keboola — use BIGQUERY SQL dialect)

    COLUMN                          TYPE             NULL   DESCRIPTION
    id                              BIGINT           YES
    amount                          DECIMAL(12,2)    NO     with tax

    Partition: day
    Clustered: a, b
    Rows: 2,000 (53.0 KB)
    About: All orders

    WHERE hints:
      cast: CAST(x AS INT64)
      date_literal: DATE '2026-01-01'
    ");
}

#[test]
fn rows_keep_their_digits() {
    let server = StandIn::start();
    server.answer("GET /api/v2/schema/orders", 200, schema());
    let sample = r#"{"table_id":"orders","rows":[{"id":170141183460469231731687303715884105727,"x":"\u001b[31m\u202e"},{"id":1.50,"x":null}],"source":"keboola"}"#;
    server.answer_text("GET /api/v2/sample/orders?n=5", sample);
    server.answer_text("GET /api/v2/sample/orders?n=2", sample);
    let sandbox = Sandbox::signed_in(&server);
    insta::assert_snapshot!(sandbox.run(&["describe", "orders"]).text, @r#"
    exit 0
    --- stdout
    Table: orders

    Schema:
      id                             BIGINT
      amount                         DECIMAL(12,2)

    Sample (2 rows):
      {"id":170141183460469231731687303715884105727,"x":"\u001b[31m\u202e"}
      {"id":1.50,"x":null}
    --- stderr
    "#);
    for args in [["describe", "orders", "-n", "2", "--json"], ["describe", "--rows", "2", "--json", "orders"]] {
        let ran = sandbox.run(&args);
        assert!(ran.stdout.contains("170141183460469231731687303715884105727"), "{}", ran.text);
        assert_eq!(ran.json()["schema"], schema());
        assert_eq!(ran.json()["sample"]["rows"][1], json!({"id": 1.5, "x": null}));
    }
    for wrong in ["0", "101", "-1", "many"] {
        assert_eq!(sandbox.run(&["describe", "orders", "-n", wrong]).code, 2, "{wrong}");
    }
}

/// The exit codes are those that scripts know.
#[test]
fn refusals() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    server.answer("GET /api/v2/catalog", 200, catalog(&[orders(), events()]));
    server.answer("GET /api/v2/schema/ordres", 404, json!({"detail": "table 'ordres' not found"}));
    insta::assert_snapshot!(sandbox.run(&["schema", "ordres"]).text, @r"
    exit 2
    --- stdout
    --- stderr
    Error: schema fetch failed: HTTP 404: table 'ordres' not found
      hint: Did you mean orders? agnes catalog lists the tables that you may read.
    ");
    server.answer("GET /api/v2/schema/Web%20events", 403, json!({"detail": "not authorized for this table"}));
    insta::assert_snapshot!(sandbox.run(&["describe", "Web events"]).text, @r"
    exit 8
    --- stdout
    --- stderr
    Error: describe failed: HTTP 403: not authorized for this table
      hint: Did you mean web.events? agnes catalog lists the tables that you may
        read; ask an admin of the server for a grant on others.
    ");
    let bad = json!({"detail": {"error": "unsafe_identifier", "kind": "unsafe_identifier", "details": {}}});
    for (status, body, code, catalog_code) in [
        (400, bad, 2, 5),
        (401, json!({"detail": "Token expired"}), 2, 5),
        (403, json!({"detail": "no"}), 8, 5),
        (404, json!({"detail": "no"}), 2, 5),
        (429, json!({"detail": "slow down"}), 2, 5),
        (500, json!({"detail": "oops"}), 5, 5),
        (502, json!("<html>Bad gateway</html>"), 5, 5),
        (403, json!("<html>Blocked</html>"), 8, 5),
    ] {
        server.answer("GET /api/v2/schema/orders", status, body.clone());
        server.answer(CATALOG, status, body);
        for (args, prefix, code) in [
            (vec!["schema", "orders"], "Error: schema fetch failed: ", code),
            (vec!["describe", "orders"], "Error: describe failed: ", code),
            (vec!["catalog"], "Error: catalog fetch failed: ", catalog_code),
        ] {
            let ran = sandbox.run(&args);
            assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{status} {}", ran.text);
            assert!(ran.stderr.starts_with(prefix) && !ran.stderr.contains('<'), "{}", ran.text);
            let ran = sandbox.run(&[args, vec!["--json"]].concat());
            let error: Value = serde_json::from_str(&ran.stderr).unwrap();
            assert_eq!((ran.code, &error["error"]["status"]), (code, &json!(status)), "{}", ran.text);
        }
    }
    insta::assert_snapshot!(sandbox.run(&["catalog"]).text, @r"
    exit 5
    --- stdout
    --- stderr
    Error: catalog fetch failed: Error: something between here and the server, e.g. a proxy, does not let the request through (403); ask its operator
    ");
}

#[test]
fn nobody_there_or_somebody_else() {
    let commands = [
        vec!["catalog"],
        vec!["catalog", "--metrics"],
        vec!["catalog", "--show", "x"],
        vec!["schema", "orders"],
        vec!["describe", "orders"],
        vec!["explore", "--remote", "orders"],
    ];
    let server = StandIn::start();
    let nobody = Sandbox::behind("http://127.0.0.1:1");
    let stranger = Sandbox::behind(&server.url);
    for request in [
        CATALOG,
        "GET /api/metrics",
        "GET /api/metrics/x",
        "GET /api/v2/schema/orders",
        "GET /api/catalog/profile/orders",
    ] {
        server.answer(request, 200, json!("<html>Welcome to the hotel</html>"));
    }
    let signed_out = Sandbox::signed_out(&server.url);
    for command in &commands {
        for (sandbox, start) in
            [(&nobody, "Error: cannot reach"), (&stranger, "Error: "), (&signed_out, "Error: not signed in")]
        {
            let ran = sandbox.run(command);
            assert_eq!((ran.code, ran.stdout.as_str()), (7, ""), "{command:?} {}", ran.text);
            assert!(ran.stderr.starts_with(start) && ran.stderr.contains("hint: "), "{}", ran.text);
            assert!(sandbox.files().is_empty());
        }
        let ran = stranger.run(&[command.clone(), vec!["--token", "wrong"]].concat());
        assert!([2, 5, 7].contains(&ran.code) && ran.stderr.contains("agnes auth login"), "{command:?} {}", ran.text);
    }
}

#[test]
fn search_shows_the_best_match_first() {
    let server = StandIn::start();
    let table = json!({"kind": "table", "id": "orders", "name": "orders", "description": "One row per order",
        "source_type": "local", "query_mode": "local",
        "columns": [{"name": "amount", "type": "DECIMAL(12,2)", "description": "with tax"},
            {"name": "amount_net", "type": "DOUBLE", "description": null}]});
    let metric = json!({"kind": "metric", "id": "sales/revenue", "display_name": "Revenue", "unit": "CZK",
        "description": "What orders brought in", "table": "orders", "dimensions": ["country", "channel"]});
    let plain = json!({"kind": "metric", "id": "ops/tickets", "display_name": "Tickets", "unit": null,
        "description": null, "table": null, "dimensions": []});
    let found = json!({"matches": [table, metric, plain], "total": 5});
    server.answer("GET /api/catalog/search?q=net+amounts%3F&limit=3&offset=0", 200, found.clone());
    let sandbox = Sandbox::signed_in(&server);
    insta::assert_snapshot!(sandbox.run(&["catalog", "search", "net", "amounts?", "-n", "3"]).text, @r"
    exit 0
    --- stdout
    table   orders  One row per order
              amount DECIMAL(12,2)  with tax
              amount_net DOUBLE
    metric  sales/revenue  Revenue (CZK): What orders brought in
              of orders, by country, channel
    metric  ops/tickets  Tickets
    --- stderr
    2 more: --offset 3. Columns of a table: agnes schema ID. Figures of a metric: agnes metric run ID
    ");
    let ran = sandbox.run(&["catalog", "search", "net amounts?", "-n", "3", "--json"]);
    assert_eq!((ran.json(), ran.stderr.as_str()), (found, ""));
    server.answer("GET /api/catalog/search?q=x&limit=10&offset=0", 200, json!({"matches": [], "total": 0}));
    insta::assert_snapshot!(sandbox.run(&["catalog", "search", "x"]).text, @r"
    exit 0
    --- stdout
    --- stderr
    Nothing that you may see matches. All tables: agnes catalog; all metrics: agnes catalog --metrics
    ");
    assert_eq!(sandbox.run(&["catalog", "search"]).code, 2);
    assert_eq!(sandbox.run(&["catalog", "search", "x", "-n", "0"]).code, 2);
}
