use std::path::Path;

use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::server_stand_in::StandIn;

fn metric(id: &str, rest: Value) -> Value {
    let (category, name) = id.split_once('/').unwrap();
    let mut metric = json!({"id": id, "name": name, "display_name": name, "category": category, "sql": ""});
    metric.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    metric
}

fn table(name: &str) -> Value {
    json!({"id": name, "name": name, "source_type": "local", "bucket": null, "source_table": name, "source_query": null,
        "sync_strategy": null, "query_mode": "local", "sync_schedule": null, "profile_after_sync": true,
        "primary_key": [], "folder": null, "description": null, "registered_by": null, "registered_at": null,
        "last_sync_error": null})
}

#[test]
fn exported_metrics_and_their_check() {
    let server = StandIn::start();
    let metrics = [
        metric(
            "sales/orders",
            json!({"type": null, "grain": "monthly", "table_name": "orders", "tables": ["orders"],
            "sql": "SELECT 1\nFROM orders", "sql_variants": "{\"by_x\":\"SELECT 2\",\"other\":\"SELECT 3\"}"}),
        ),
        metric("../up/Orders", json!({"type": "sum", "id": "x", "table_name": "gone"})),
        metric("sales/ORDERS", json!({"type": "sum"})),
    ];
    server.answer("GET /api/metrics", 200, json!({"metrics": metrics, "count": 3}));
    server.answer("GET /api/admin/registry", 200, json!({"tables": [table("orders")], "count": 1}));
    let sandbox = Sandbox::signed_in(&server);
    let dir = sandbox.home().join("out");
    let ran = sandbox.run(&["admin", "metrics", "export", "--dir", dir.to_str().unwrap()]);
    assert_eq!(ran.stdout, format!("Exported 3 metric(s) to {}\n", dir.display()), "{}", ran.text);
    insta::assert_snapshot!(std::fs::read_to_string(dir.join("sales/orders.yml")).unwrap(), @r#"
    name: orders
    display_name: orders
    category: sales
    type: null
    grain: monthly
    table: orders
    tables:
    - orders
    sql: |-
      SELECT 1
      FROM orders
    sql_by_x: SELECT 2
    sql_variants:
      other: SELECT 3
    "#);
    insta::assert_snapshot!(std::fs::read_to_string(dir.join("__/up_Orders.yml")).unwrap(), @r#"
    id: x
    name: up/Orders
    display_name: up/Orders
    category: ".."
    type: sum
    grain: null
    table: gone
    "#);
    assert!(dir.join("sales/ORDERS-2.yml").is_file());
    insta::assert_snapshot!(sandbox.run(&["admin", "metrics", "validate"]).text, @r#"
    exit 1
    --- stdout
      OK   orders                         table=orders
      WARN up/Orders                      table=gone (not registered)
      OK   ORDERS                         (no table reference)
    3 metric(s), 1 with tables that are not registered
    --- stderr
    "#);
}

#[test]
fn imported_metrics() {
    let server = StandIn::start();
    server.answer("POST /api/admin/metrics/import", 200, json!({"status": "imported", "count": 11}));
    let sandbox = Sandbox::signed_in(&server);
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/metrics");
    let ran = sandbox.run(&["admin", "metric", "import", pack.to_str().unwrap()]);
    assert_eq!(ran.stdout, format!("Imported 11 metric(s) from {}\n", pack.display()), "{}", ran.text);
    let ran = sandbox.run(&["admin", "metrics", "import", "/nowhere.yml"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("cannot read /nowhere.yml"), "{}", ran.text);
    server.answer("POST /api/admin/metrics/import", 400, json!({"detail": "Empty YAML file (revenue/mrr.yml)"}));
    let ran = sandbox.run(&["admin", "metrics", "import", pack.join("revenue/mrr.yml").to_str().unwrap()]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Failed: Empty YAML file (revenue/mrr.yml)\n"));
}

#[test]
fn a_metric_is_computed() {
    let server = StandIn::start();
    server.answer("POST /api/metrics/sales/orders", 200, json!({"id": "sales/orders", "sql": "SELECT 1 AS n"}));
    server.answer("POST /api/query", 200, json!({"columns": ["n"], "rows": [[1]], "row_count": 1, "truncated": false}));
    let sandbox = Sandbox::signed_in(&server);
    let run = ["metric", "run", "sales/orders", "--by", "region,plan", "--grain", "month"];
    let ran = sandbox.run(&[&run[..], &["--format", "csv", "--limit", "5"]].concat());
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "n\n1\n"), "{}", ran.text);
    assert_eq!(
        server.seen("POST /api/metrics/sales/orders")[0].body,
        json!({"by": ["region", "plan"], "grain": "month"})
    );
    assert_eq!(server.seen("POST /api/query")[0].body, json!({"sql": "SELECT 1 AS n", "limit": 5}));
    let ran = sandbox.run(&[&run[..], &["--sql", "--where", "amount > 1"]].concat());
    assert_eq!(ran.stdout, "SELECT 1 AS n\n", "{}", ran.text);
    assert_eq!(
        server.seen("POST /api/metrics/sales/orders")[1].body,
        json!({"by": ["region", "plan"], "grain": "month", "where": "amount > 1"})
    );
    let flaw =
        json!({"error": "validator_rejected", "kind": "unknown_column", "message": "m", "details": {"column": "x"}});
    server.answer("POST /api/metrics/sales/orders", 400, json!({ "detail": flaw }));
    insta::assert_snapshot!(sandbox.run(&[&run[..], &["--where", "x = 1"]].concat()).text, @r#"
    exit 1
    --- stdout
    --- stderr
    Error: unknown_column (HTTP 400)
      error: validator_rejected
      message: m
      details: {"column":"x"}
      hint: Its table: agnes catalog --metrics --show sales/orders; columns: agnes
        schema TABLE
    "#);
    server.answer("POST /api/metrics/sales/orders", 400, json!({"detail": "Metric 'sales/orders' has no time column"}));
    let ran = sandbox.run(&run);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Failed: Metric 'sales/orders' has no time column\n"));
}

#[test]
fn descriptions_of_columns() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    let column = json!({"table_id": "orders", "column_name": "id", "basetype": "INTEGER", "description": "PK",
        "confidence": "high", "source": "manual", "updated_at": null});
    server.answer("GET /api/admin/metadata/orders", 200, json!({"table_id": "orders", "columns": [column]}));
    server.answer("GET /api/admin/metadata/none", 200, json!({"table_id": "none", "columns": []}));
    insta::assert_snapshot!(sandbox.run(&["admin", "metadata-show", "orders"]).text, @r#"
    exit 0
    --- stdout
    COLUMN                          BASETYPE      CONFIDENCE    DESCRIPTION
    id                              INTEGER       high          PK
    --- stderr
    "#);
    let ran = sandbox.run(&["admin", "metadata", "show", "none"]);
    assert_eq!(ran.stdout, "No column metadata for table: none\n");
    let file = sandbox.home().join("proposal.json");
    let proposal = json!({"tables": {"orders": {"columns": {"id": {"basetype": "INTEGER"}, "b": {"confidence": "low"}}},
        "views": {"columns": {"x": {"description": "d"}}}}});
    std::fs::write(&file, proposal.to_string()).unwrap();
    let file = file.to_str().unwrap();
    insta::assert_snapshot!(sandbox.run(&["admin", "metadata-apply", file, "--dry-run"]).text, @r#"
    exit 0
    --- stdout
    [DRY RUN] 3 column(s) would be stored:
      orders.b
      orders.id
      views.x
    --- stderr
    "#);
    for table in ["orders", "views"] {
        server.answer(&format!("POST /api/admin/metadata/{table}"), 200, json!({"status": "ok", "count": 1}));
    }
    server.answer("POST /api/admin/metadata/orders/push", 200, json!({"status": "ok", "pushed": 2}));
    server.answer("POST /api/admin/metadata/views/push", 502, json!({"detail": "Keboola cannot be reached"}));
    insta::assert_snapshot!(sandbox.run(&["admin", "metadata-apply", file, "--push-to-source"]).text, @r#"
    exit 1
    --- stdout
    Imported 3 column(s) from proposal.
    Pushed 2 column(s) of orders.
    --- stderr
    warn: views was not pushed: Failed: Keboola cannot be reached
    "#);
    let sent = json!({"columns": [{"column_name": "x", "basetype": null, "description": "d", "confidence": "high"}],
        "source": "ai_enrichment"});
    assert_eq!(server.seen("POST /api/admin/metadata/views")[0].body, sent);
    assert_eq!(sandbox.run(&["admin", "metadata-apply", "/nowhere.json"]).code, 1);
}

#[test]
fn the_index_of_a_catalog_export_is_not_a_metric() {
    let server = StandIn::start();
    server.answer("POST /api/admin/metrics/import", 200, json!({"status": "imported", "count": 1}));
    let sandbox = Sandbox::signed_in(&server);
    let dir = sandbox.home().join("docs/metrics");
    std::fs::create_dir_all(dir.join("sales")).unwrap();
    let head = "# AUTO-GENERATED from OpenMetadata catalog\n";
    std::fs::write(dir.join("metrics.yml"), format!("{head}metrics:\n- name: margin\n")).unwrap();
    std::fs::write(dir.join("sales/metrics.yml"), format!("{head}- name: metrics\n  category: sales\n")).unwrap();
    let import = ["admin", "metric", "import", dir.to_str().unwrap()];
    assert_eq!(sandbox.run(&import).code, 0);
    std::fs::write(dir.join("metrics.yml"), "- name: ours\n  category: sales\n").unwrap();
    assert_eq!(sandbox.run(&import).code, 0);
    let sent = server.seen("POST /api/admin/metrics/import");
    let has = |at: usize, name: &str| sent[at].body.to_string().contains(name);
    assert!(has(0, "name: metrics") && !has(0, "margin") && has(1, "ours"));
}
