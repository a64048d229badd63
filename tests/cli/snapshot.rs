//! `agnes snapshot`: what it asks for, what it keeps, and what queries see.

use agnes::engine;
use serde_json::{Value, json};

use crate::arrow_stream::whole;
use crate::sandbox::{Sandbox, parquet};
use crate::server_stand_in::StandIn;

pub const SCAN: &str = "POST /api/v2/scan";
pub const ESTIMATE: &str = "POST /api/v2/scan/estimate";

/// A workspace with the table `orders` of 3 rows, and a server that estimates.
pub fn workspace() -> (StandIn, Sandbox) {
    let server = StandIn::start();
    server.offer("orders", &parquet("SELECT i AS id FROM range(3) t(i)"));
    server.answer(ESTIMATE, 200, estimate());
    let sandbox = Sandbox::signed_in(&server);
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    (server, sandbox)
}

fn estimate() -> Value {
    json!({"table_id": "events", "estimated_scan_bytes": 1_234_567, "estimated_result_rows": 2000,
        "estimated_result_bytes": null, "bq_cost_estimate_usd": 0.0061})
}

fn meta(sandbox: &Sandbox, name: &str) -> Value {
    let path = sandbox.workspace.join(format!("user/snapshots/{name}.meta.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The views of `analytics.duckdb` for another program, with their number of rows.
fn views(sandbox: &Sandbox) -> Vec<(String, i64)> {
    let path = sandbox.workspace.join("user/duckdb/analytics.duckdb");
    let connection = engine::open_read_only(&path, &engine::Limits::small()).unwrap();
    let names = "SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1";
    let mut statement = connection.prepare(names).unwrap();
    let names: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let count = |name: &String| {
        connection.query_row(&format!("SELECT count(*) FROM \"{name}\""), [], |row| row.get(0)).unwrap()
    };
    names.iter().map(|name| (name.clone(), count(name))).collect()
}

#[test]
fn from_creation_to_removal() {
    let (server, sandbox) = workspace();
    server.stream(SCAN, whole("SELECT i AS id, i * 1.50 AS amount FROM range(2000) t(i)"));
    let create =
        ["snapshot", "create", "events", "--select", "id, amount", "--where", "amount > 100", "--limit", "2000"];
    let ran = sandbox.run(&[&create[..], &["--order-by", "id DESC,amount", "--as", "big"]].concat());
    insta::assert_snapshot!(ran.text, @r"
    exit 0
    --- stdout
    Estimate for events:
      estimated_scan_bytes:         1,234,567  (1.2 MB)
      estimated_result_rows:            2,000
      estimated_result_bytes:               0  (not known)
      bq_cost_estimate_usd:   $ 0.0061
    Fetched 2,000 rows -> big
    --- stderr
    ");
    let asked = json!({"table_id": "events", "select": ["id", "amount"], "where": "amount > 100", "limit": 2000,
        "order_by": ["id DESC", "amount"]});
    assert_eq!(server.seen(ESTIMATE)[0].body, asked);
    assert_eq!(server.seen(SCAN).last().unwrap().body, asked);
    let known = meta(&sandbox, "big");
    let file = std::fs::read(sandbox.workspace.join("user/snapshots/big.parquet")).unwrap();
    let fetched_at = known["fetched_at"].as_str().unwrap();
    assert_eq!(
        known,
        json!({"name": "big", "table_id": "events", "select": ["id", "amount"], "where": "amount > 100", "limit": 2000,
            "order_by": ["id DESC", "amount"], "fetched_at": fetched_at, "effective_as_of": fetched_at, "rows": 2000,
            "bytes_local": file.len(), "estimated_scan_bytes_at_fetch": 1_234_567,
            "result_hash_md5": crate::server_stand_in::md5(&file)})
    );
    assert_eq!(sandbox.value("SELECT sum(amount) FROM big JOIN orders USING (id)"), "4.50");
    let both = || vec![("big".to_owned(), 2000), ("orders".to_owned(), 3)];
    assert_eq!(views(&sandbox), both());
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert_eq!((views(&sandbox), sandbox.value("SELECT count(*) FROM big").as_str()), (both(), "2000"));
    let listed = sandbox.run(&["snapshot", "list"]).text.replace(&size(file.len()), "[SIZE]");
    insta::assert_snapshot!(listed, @r"
    exit 0
    --- stdout
    NAME                                  ROWS        SIZE         AGE  TABLE                           WHERE
    big                                  2,000      [SIZE]          0h  events                          amount > 100
    --- stderr
    ");
    assert_eq!(sandbox.run(&["snapshot", "list", "--json"]).json(), json!([known]));

    let ran = sandbox.run(&["snapshot", "refresh", "big"]);
    assert!(
        ran.stdout.contains("  rows: 2,000 -> 2,000 (+0)\n") && ran.stdout.ends_with("  identical: yes\n"),
        "{}",
        ran.text
    );
    server.stream(SCAN, whole("SELECT i AS id, i * 1.50 AS amount FROM range(7) t(i)"));
    let ran = sandbox.run(&["snapshot", "refresh", "big", "--where", "amount < 9"]);
    assert!(
        ran.stdout.contains("  rows: 2,000 -> 7 (-1993)\n") && ran.stdout.ends_with("  identical: no\n"),
        "{}",
        ran.text
    );
    assert_eq!(server.seen(SCAN).last().unwrap().body["where"], "amount < 9");
    assert_eq!((meta(&sandbox, "big")["where"].as_str(), views(&sandbox)[0].1), (Some("amount < 9"), 7));

    assert_eq!(sandbox.run(&["snapshot", "drop", "big"]).stdout, "Dropped big\n");
    assert_eq!(views(&sandbox), [("orders".to_owned(), 3)]);
    assert_eq!(sandbox.run(&["snapshot", "list"]).stdout, "(no snapshots)\n");
    assert_eq!(sandbox.run(&["snapshot", "list", "--json"]).stdout, "[]\n");
    for args in [["snapshot", "drop", "big"], ["snapshot", "refresh", "big"]] {
        let ran = sandbox.run(&args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.text);
    }
}

fn size(bytes: usize) -> String {
    format!("{:.1} KB", bytes as f64 / 1024.0)
}

#[test]
fn an_estimate_alone_leaves_nothing_behind() {
    let server = StandIn::start();
    server.answer(ESTIMATE, 200, estimate());
    let sandbox = Sandbox::signed_in(&server);
    assert_eq!(sandbox.run(&["snapshot", "create", "events", "--estimate"]).code, 0);
    let ran = sandbox.run(&["snapshot", "create", "--json", "--estimate", "events"]);
    assert_eq!(ran.json(), estimate());
    let ran = sandbox.run(&["snapshot", "create", "events", "--estimate", "--no-estimate"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.text);
    let ran = sandbox.run(&["snapshot", "create", "events"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, "Local DuckDB not found. Run: agnes pull first.\n"));
    assert_eq!(sandbox.run(&["snapshot", "list"]).stdout, "(no snapshots)\n");
    assert_eq!(sandbox.run(&["snapshot", "prune", "--all"]).stdout, "(no matches)\n");
    assert!(sandbox.files().is_empty() && !sandbox.workspace.join("user").exists());
}

#[test]
fn a_name_that_is_taken() {
    let (server, sandbox) = workspace();
    server.stream(SCAN, whole("SELECT 7 AS id"));
    let create = |more: &[&str]| sandbox.run(&[&["snapshot", "create", "orders", "--no-estimate"], more].concat());
    // By a pulled table, unless it is meant.
    insta::assert_snapshot!(create(&[]).text, @r"
    exit 2
    --- stdout
    --- stderr
    Error: orders is a pulled table, which the snapshot would hide
      hint: Choose another name, e.g. --as orders_snapshot, or hide the table with
        --force.
    ");
    assert_eq!(create(&["--force"]).stdout, "Fetched 1 rows -> orders\n");
    assert_eq!((sandbox.value("SELECT max(id) FROM orders").as_str(), views(&sandbox)[0].1), ("7", 1));
    sandbox.run(&["pull"]);
    assert_eq!(sandbox.value("SELECT max(id) FROM orders"), "7");
    sandbox.run(&["snapshot", "drop", "orders"]);
    assert_eq!((sandbox.value("SELECT max(id) FROM orders").as_str(), views(&sandbox)[0].1), ("2", 3));
    // By another snapshot.
    assert_eq!(create(&["--as", "s"]).code, 0);
    let ran = create(&["--as", "s"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (6, ""), "{}", ran.text);
    assert!(
        ran.stderr.contains("(1 rows, fetched 2") && ran.stderr.contains("agnes snapshot refresh s"),
        "{}",
        ran.text
    );
    assert_eq!(create(&["--as", "S"]).code, 2);
    server.stream(SCAN, whole("SELECT 8 AS id"));
    assert_eq!(create(&["--as", "s", "--force"]).code, 0);
    assert_eq!(sandbox.value("SELECT id FROM s"), "8");
    // By a table that is pulled later: that one is seen, and the list says so.
    server.offer("s", &parquet("SELECT 9 AS id"));
    sandbox.run(&["pull"]);
    assert_eq!(sandbox.value("SELECT id FROM s"), "9");
    let ran = sandbox.run(&["snapshot", "list"]);
    assert_eq!(ran.stderr, "warn: s is hidden by the pulled table of the same name\n");
    // By something of the user.
    let path = sandbox.workspace.join("user/duckdb/analytics.duckdb");
    let own = engine::open(&path, &engine::Limits::small()).unwrap();
    own.execute_batch("CREATE TABLE mine AS SELECT 1 AS id").unwrap();
    drop(own);
    assert_eq!(create(&["--as", "Mine", "--force"]).code, 2);
    for wrong in ["", "1a", "a b", "a/../b", "ä", &"a".repeat(65)] {
        assert_eq!(create(&["--as", wrong]).code, 2, "{wrong}");
    }
    let ran = sandbox.run(&["snapshot", "create", "in.c-crm.orders"]);
    assert!(ran.code == 2 && ran.stderr.contains("--as in_c_crm_orders"), "{}", ran.text);
}

/// Their hash is that of the first 1,000,000 bytes, and their files say nothing about themselves.
#[test]
fn snapshots_of_older_versions() {
    let (server, sandbox) = workspace();
    let dir = sandbox.workspace.join("user/snapshots");
    std::fs::create_dir(&dir).unwrap();
    let rows = parquet("SELECT i AS id FROM range(10) t(i)");
    std::fs::write(dir.join("big_orders.parquet"), &rows).unwrap();
    let old = json!({"name": "big_orders", "table_id": "orders", "select": ["id", "amount"], "where": "amount > 100",
        "limit": 10, "order_by": ["id"], "fetched_at": "2025-11-23T02:16:43.233309+00:00",
        "effective_as_of": "2025-11-23T02:16:43.233309+00:00", "rows": 10, "bytes_local": rows.len(),
        "estimated_scan_bytes_at_fetch": 0, "result_hash_md5": "e52e8e7f8421cabb51e26e35b79ac567"});
    std::fs::write(dir.join("big_orders.meta.json"), old.to_string()).unwrap();
    std::fs::write(dir.join("broken.meta.json"), "{").unwrap();
    std::fs::write(dir.join("half.meta.json"), r#"{"name": "half"}"#).unwrap();
    assert_eq!(sandbox.run(&["snapshot", "list", "--json"]).json(), json!([old]));
    assert_eq!(sandbox.value("SELECT count(*) FROM big_orders"), "10");
    server.stream(SCAN, whole("SELECT 1 AS id"));
    let ran = sandbox.run(&["snapshot", "refresh", "big_orders"]);
    assert!(ran.stdout.contains("rows: 10 -> 1 (-9)"), "{}", ran.text);
    let asked = json!({"table_id": "orders", "select": ["id", "amount"], "where": "amount > 100", "limit": 10, "order_by": ["id"]});
    assert_eq!(server.seen(SCAN)[0].body, asked);
    assert_eq!(sandbox.run(&["snapshot", "drop", "big_orders"]).code, 0);
}

#[test]
fn pruning() {
    let (server, sandbox) = workspace();
    for (name, rows) in [("small", 1), ("large", 5000)] {
        server.stream(SCAN, whole(&format!("SELECT md5(i::VARCHAR) AS text FROM range({rows}) t(i)")));
        assert_eq!(sandbox.run(&["snapshot", "create", "events", "--as", name]).code, 0);
    }
    let prune = |args: &[&str]| sandbox.run(&[&["snapshot", "prune"], args].concat());
    insta::assert_snapshot!(prune(&[]).text, @r"
    exit 2
    --- stdout
    --- stderr
    Error: nothing says which snapshots to remove
      hint: Use --older-than AGE, --larger-than SIZE, or --all.
    ");
    for wrong in [["--older-than", "week"], ["--older-than", "7"], ["--larger-than", "1gb"], ["--larger-than", "-1"]] {
        assert_eq!(prune(&wrong).code, 2, "{wrong:?}");
    }
    assert_eq!(prune(&["--older-than", "1d"]).stdout, "(no matches)\n");
    assert_eq!(prune(&["--older-than", "1d", "--larger-than", "1k"]).stdout, "(no matches)\n");
    let ran = prune(&["--larger-than", "10k", "--dry-run"]);
    assert!(ran.stdout.starts_with("would drop: large  (") && ran.stdout.lines().count() == 1, "{}", ran.text);
    assert_eq!(sandbox.run(&["snapshot", "list", "--json"]).json().as_array().unwrap().len(), 2);
    assert_eq!(prune(&["--larger-than", "10k"]).stdout, "dropped: large\n");
    assert_eq!(views(&sandbox), [("orders".to_owned(), 3), ("small".to_owned(), 1)]);
    // A file that is not from Agnes.
    std::fs::write(sandbox.workspace.join("user/snapshots/odd.parquet"), "PAR1").unwrap();
    let ran = sandbox.run(&["snapshot", "list"]);
    assert!(ran.stdout.lines().count() == 2 && ran.stderr.contains("odd.parquet does not say"), "{}", ran.text);
    assert_eq!(sandbox.run(&["pull", "--quiet"]).code, 0);
    let ran = sandbox.run(&["query", "SELECT count(*) FROM small", "-f", "csv"]);
    assert!(ran.code == 0 && ran.stderr.starts_with("warn: odd: the snapshot cannot be read"), "{}", ran.text);
    assert_eq!(prune(&["--all", "--dry-run"]).stdout.lines().next(), Some("would drop: odd"));
    assert_eq!(prune(&["--all"]).stdout, "dropped: odd\ndropped: small\n");
    assert_eq!(
        sandbox.files().iter().filter(|file| file.contains("snapshots")).collect::<Vec<_>>(),
        ["user/snapshots/.lock"]
    );
}

/// As v0.35 sends them: values that parquet or JSON has no place for, too.
#[test]
fn values_of_every_type() {
    let (server, sandbox) = workspace();
    let values = [
        ("99999999999999999999999999999999999999::DECIMAL(38,0)", "99999999999999999999999999999999999999"),
        ("1.25::DECIMAL(9,2)", "1.25"),
        ("'NaN'::DOUBLE", "NaN"),
        ("0.1::FLOAT", "0.1"),
        ("true", "true"),
        ("DATE '2025-01-01'", "2025-01-01"),
        ("'10:11:12.5'::TIME", "10:11:12.500000"),
        ("TIMESTAMP '2025-01-01 10:00:00.5'", "2025-01-01 10:00:00.500000"),
        ("'2026-01-02 03:04:05.123456789'::TIMESTAMP_NS", "2026-01-02 03:04:05.123456789"),
        ("'2026-01-02 03:04:05'::TIMESTAMP_S", "2026-01-02 03:04:05"),
        ("TIMESTAMPTZ '2025-01-01 10:00:00+00'", "2025-01-01 10:00:00+00:00"),
        ("'\\xAA'::BLOB", "qg=="),
        ("[1, NULL]", "[1,null]"),
        ("{'city': 'Praha', 'n': [1]}", r#"{"city":"Praha","n":[1]}"#),
        ("MAP {'k': 1}", r#"{"k":1}"#),
        ("255::UTINYINT", "255"),
        ("'a'::ENUM('a', 'b')", "a"),
        ("NULL::VARCHAR", ""),
        ("''", "\"\""),
        ("'ž\n\"'", "\"ž\n\"\"\""),
    ];
    let columns: Vec<String> = values.iter().enumerate().map(|(at, (sql, _))| format!("{sql} AS c{at}")).collect();
    server.stream(SCAN, whole(&format!("SELECT {}, INTERVAL '3 days 04:05:06' AS span", columns.join(", "))));
    let ran = sandbox.run(&["snapshot", "create", "events", "--as", "s", "--json"]);
    assert_eq!((ran.code, &ran.json()["rows"]), (0, &json!(1)), "{}", ran.text);
    for (at, (sql, shown)) in values.iter().enumerate() {
        let ran = sandbox.run(&["query", &format!("SELECT c{at}, 1 AS one FROM s"), "-f", "csv"]);
        let row = ran.stdout.strip_prefix(&format!("c{at},one\n")).unwrap_or_else(|| panic!("{sql}: {}", ran.text));
        let row = row.strip_suffix(",1\n").unwrap();
        let plain = || row.trim_matches('"').replace("\"\"", "\"");
        assert!(row == *shown || plain() == *shown, "{sql}: {row}");
    }
    assert!(sandbox.value("SELECT span FROM s").contains("3 days"), "{}", sandbox.value("SELECT span FROM s"));
    server.stream(SCAN, whole("SELECT 1 AS id WHERE false"));
    assert_eq!(sandbox.run(&["snapshot", "create", "events", "--as", "none"]).code, 0);
    assert_eq!(sandbox.value("SELECT count(*), any_value(typeof(id)) FROM none"), "0,");
}
