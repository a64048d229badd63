//! What is refused, and what the model is told to do next.

use serde_json::{Value, json};

use crate::session::{Desk, MODES, World};

#[test]
fn statements_reach_nothing_but_tables() {
    let world = World::new();
    world.run(&["pull"]);
    let secret = world.workspace.parent().unwrap().join("secret.csv");
    std::fs::write(&secret, "secret\nxyzzy\n").unwrap();
    std::fs::write(world.workspace.join("own.csv"), "a\n7\n").unwrap();
    let pulled = world.workspace.join("server/parquet/airlines.parquet");
    let before = std::fs::read(&pulled).unwrap();
    // Somebody's own view may lead out of the workspace; a statement that a model wrote does not follow it.
    let own =
        agnes::engine::open(&world.workspace.join("user/duckdb/analytics.duckdb"), &agnes::engine::Limits::small())
            .unwrap();
    own.execute_batch(&format!("CREATE VIEW outside AS FROM read_csv('{}')", secret.display())).unwrap();
    own.execute_batch("CREATE TABLE mine AS SELECT 42 AS answer; CREATE MACRO grab(x) AS TABLE FROM read_csv(x)")
        .unwrap();
    own.close().unwrap();

    let mut session = world.session("auto");
    let out = world.workspace.join("out.csv");
    let (secret, out, target) = (secret.display(), out.display(), pulled.display());
    for sql in [
        format!("SELECT * FROM '{secret}'"),
        format!("SELECT * FROM read_csv('{secret}')"),
        format!("SELECT * FROM read_text('{secret}')"),
        format!("SELECT content FROM read_blob('{secret}')"),
        format!("SELECT * FROM grab('{secret}')"),
        format!("SELECT (SELECT secret FROM '{secret}')"),
        format!("WITH x AS (FROM '{secret}') FROM x"),
        "SELECT * FROM outside".to_owned(),
        "SELECT * FROM analytics.outside".to_owned(),
        "FROM 'own.csv'".to_owned(),
        format!("SELECT * FROM glob('{}/*')", world.workspace.display()),
        format!("COPY (SELECT 1) TO '{out}'"),
        format!("COPY (SELECT 1 AS carrier) TO '{target}' (FORMAT parquet)"),
        format!("SELECT 1; COPY (SELECT 1) TO '{out}'"),
        format!("ATTACH '{out}' AS x"),
        format!("EXPORT DATABASE '{out}'"),
        "CREATE TABLE analytics.t AS SELECT 1".to_owned(),
        "DROP TABLE analytics.mine".to_owned(),
        "DELETE FROM mine".to_owned(),
        "INSERT INTO mine VALUES (1)".to_owned(),
        "SET enable_external_access = true".to_owned(),
        "RESET lock_configuration".to_owned(),
        "PRAGMA database_list".to_owned(),
        "INSTALL httpfs".to_owned(),
        "LOAD httpfs".to_owned(),
        "CALL pragma_version()".to_owned(),
        "SELECT getenv('HOME')".to_owned(),
        "SELECT current_setting('temp_directory')".to_owned(),
        "SELECT * FROM query('SELECT 1')".to_owned(),
        "EXPLAIN ANALYZE SELECT 1".to_owned(),
        "SELECT nextval('s')".to_owned(),
        String::new(),
    ] {
        for scope in ["local", "auto"] {
            let result = session.call("query", json!({"sql": sql, "scope": scope}));
            assert_eq!(result["is_error"], true, "{sql} {scope}: {result:#}");
            assert!(!result.to_string().contains("xyzzy"), "{sql}: {result:#}");
        }
        let result = session.call("query_to_file", json!({"sql": sql, "scope": "local", "file": "x.csv"}));
        assert_eq!(result["is_error"], true, "{sql}: {result:#}");
    }
    assert!(!world.workspace.join("out.csv").exists() && !world.workspace.join("user/results/x.csv").exists());
    assert!(std::fs::read(&pulled).unwrap() == before, "the pulled table is untouched");
    // What is there can be read, snapshots and own tables too.
    world.run(&["snapshot", "create", "airlines", "--as", "copy"]);
    for sql in
        ["FROM mine", "FROM analytics.mine", "DESCRIBE airlines", "SUMMARIZE airlines", "FROM copy", "SHOW TABLES"]
    {
        session.data("query", json!({"sql": sql, "scope": "local"}));
    }
}

/// Statements are parsed and bound by recursion in the process that talks to the client.
#[test]
fn deeply_nested_statements_do_not_end_it() {
    let desk = Desk::new();
    let mut session = desk.session("auto", &[]);
    for depth in [900, 20_000, 200_000] {
        let (open, close) = ("(".repeat(depth), ")".repeat(depth));
        let selects = "(SELECT * FROM ".repeat(depth.min(20_000));
        for sql in [
            format!("SELECT {open}1{close}"),
            format!("SELECT {}true", "NOT ".repeat(depth)),
            format!("SELECT {}1{}", "[".repeat(depth), "]".repeat(depth)),
            format!("SELECT * FROM {selects}mine{}", ")".repeat(depth.min(20_000))),
        ] {
            let result = session.call("query", json!({"sql": sql, "scope": "local"}));
            assert!(result["is_error"].is_boolean(), "{result}");
        }
    }
    let (rows, _) = session.data("query", json!({"sql": "FROM mine"}));
    assert_eq!(rows["rows"], json!([[42]]));
}

#[test]
fn errors_say_what_to_do_next() {
    let world = World::new();
    world.run(&["pull"]);
    for mode in MODES {
        let mut session = world.session(mode);
        for (tool, arguments, parts) in [
            (
                "query",
                json!({"sql": "SELECT * FROM fligths", "scope": "local"}),
                ["fligths does not exist", "search_catalog"],
            ),
            (
                "query",
                json!({"sql": "SELECT * FROM fligths", "scope": "remote"}),
                ["Did you mean \"flights\"?", "search_catalog"],
            ),
            ("query", json!({"sql": "SELECT carier FROM flights"}), ["Candidate bindings", "describe_table"]),
            ("query", json!({"sql": "SELEC 1"}), ["SELECT or WITH", "one SELECT"]),
            ("query", json!({"sql": "SELECT 1 FROM"}), ["syntax error", "syntax error"]),
            ("query", json!({"sql": "SELECT 1; SELECT 2"}), ["single SELECT", "one SELECT"]),
            ("query", json!({"sql": "SELECT 1", "limit": 0}), ["limit is 0", "from 1 to 1000"]),
            ("query", json!({"sql": "SELECT 1", "limit": 100_000}), ["limit is 100000", "from 1 to 1000"]),
            ("query", json!({}), ["missing field `sql`", "input schema"]),
            ("query", json!({"sql": 1}), ["sql: invalid type: integer", "expected a string"]),
            (
                "query",
                json!({"sql": "SELECT 1", "scope": "here"}),
                ["scope: unknown variant", "`local`, `remote`, `auto`"],
            ),
            ("query", json!({"sql": "SELECT 1", "rows": 1}), ["unknown field `rows`", "`limit`"]),
            ("describe_table", json!({"table": "fligths"}), ["Did you mean flights?", "search_catalog"]),
            ("describe_table", json!({"table": ""}), ["describe failed", "describe failed"]),
            ("sample_table", json!({"table": "nope", "rows": 500}), ["rows is 500", "from 1 to 100"]),
            (
                "show_metric",
                json!({"id": "cancellation_rate"}),
                ["Did you mean reliability/cancellation_rate?", "list_metrics"],
            ),
            ("run_metric", json!({"id": "nope"}), ["nope", "list_metrics"]),
            ("run_metric", json!({"id": "reliability/cancellation_rate", "by": ["colour"]}), ["colour", "carrier"]),
        ] {
            let (kind, text) = session.refused(tool, arguments.clone());
            for part in parts {
                assert!(text.contains(part), "{tool} {arguments}: {part} is not in {kind}: {text}");
            }
        }
        // What is no call of a tool is an error of the protocol, and the next call works.
        let unknown = session.call("drop_everything", json!({}));
        assert_eq!(unknown["protocol_error"][0], -32602, "{unknown}");
        session.data("query", json!({"sql": "SELECT 1"}));
    }
}

#[test]
fn who_is_signed_out_or_has_no_grant_is_told_so() {
    let world = World::new();
    let mut session = world.session_with("auto", &[("AGNES_TOKEN", "")]);
    for (tool, arguments) in [
        ("search_catalog", json!({"query": "x"})),
        ("list_tables", json!({})),
        ("describe_table", json!({"table": "flights"})),
        ("query", json!({"sql": "SELECT 1", "scope": "remote"})),
        ("run_metric", json!({"id": "a/b"})),
        ("pull", json!({})),
    ] {
        let (kind, text) = session.refused(tool, arguments);
        assert_eq!(kind, "auth_failed");
        assert!(text.contains("agnes auth login") && text.contains("nothing has to be restarted"), "{tool}: {text}");
    }
    let mut session = world.session_with("auto", &[("AGNES_TOKEN", "not-a-token")]);
    assert_eq!(session.refused("list_tables", json!({})).0, "auth_failed");

    // Somebody who may read nothing.
    let mut session = world.session_with("auto", &[("AGNES_TOKEN", &world.stranger())]);
    let (_, text) = session.refused("describe_table", json!({"table": "flights"}));
    assert!(text.contains("request_access does that"), "{text}");
    let (_, text) = session.refused("query", json!({"sql": "FROM flights"}));
    assert!(text.contains("Access denied") && text.contains("request_access does that"), "{text}");
    let request = json!({"table": "flights", "reason": "Which airline is late?"});
    let (made, _) = session.data("request_access", request.clone());
    assert!(made["is_new"] == true && made["request"].is_string(), "{made}");
    let (again, sentence) = session.data("request_access", request);
    assert!(again["is_new"] == false && sentence.contains("the request is pending"), "{again} {sentence}");
    let asked: Value = serde_json::from_str(&world.run(&["admin", "access-request", "list", "--json"])).unwrap();
    assert_eq!(asked["requests"].as_array().unwrap().len(), 1, "{asked}");
    assert_eq!(asked["requests"][0]["reason"], "Which airline is late?", "{asked}");
    let (kind, _) = session.refused("request_access", json!({"table": "flights", "reason": " "}));
    assert_eq!(kind, "wrong_arguments");
    let (listed, sentence) = session.data("list_tables", json!({}));
    assert!(listed["total"] == 0 && sentence.contains("may not read any table"), "{sentence}");

    // Nobody answers.
    let mut session = world.session_with("auto", &[("AGNES_SERVER", "http://127.0.0.1:9")]);
    let (kind, text) = session.refused("list_tables", json!({}));
    assert!(kind == "server_unreachable" && text.contains("scope local"), "{text}");
    let (kind, text) = session.refused("query", json!({"sql": "FROM flights", "scope": "local"}));
    assert!(kind == "no_data" && text.contains("tool pull"), "{text}");
    world.run(&["pull"]);
    let (rows, _) = session.data("query", json!({"sql": "SELECT count(*) > 0 FROM flights"}));
    assert_eq!((&rows["ran"], &rows["rows"]), (&json!("local"), &json!([[true]])));
    assert!(rows["why"].as_str().unwrap().contains("whether it is current is not known: cannot reach"), "{rows}");
}
