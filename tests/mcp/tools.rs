//! Which tools there are, and each of them at work.

use serde_json::{Value, json};

use crate::session::{MODES, World};

#[test]
fn tools_describe_themselves() {
    let world = World::new();
    for mode in MODES {
        let mut session = world.session(mode);
        let hello = session.step(&json!({"do": "hello"}));
        assert_eq!(hello["server"], "agnes");
        assert!(hello["instructions"].as_str().unwrap().contains("search_catalog"), "{hello}");
        let tools = session.step(&json!({"do": "tools"}));
        let tools = tools.as_array().unwrap();
        let names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
        let expected = [
            "search_catalog",
            "list_tables",
            "describe_table",
            "sample_table",
            "query",
            "query_to_file",
            "list_metrics",
            "show_metric",
            "run_metric",
            "list_snapshots",
            "pull",
            "request_access",
        ];
        assert_eq!(names, expected);
        for tool in tools {
            let (name, hints) = (&tool["name"], &tool["annotations"]);
            assert!(tool["title"].is_string() && tool["description"].as_str().unwrap().len() > 80, "{name}");
            assert_eq!(tool["inputSchema"]["type"], "object", "{name}");
            assert_eq!(tool["inputSchema"]["additionalProperties"], false, "{name}");
            assert!(tool["outputSchema"].is_object(), "{name}");
            for (argument, schema) in tool["inputSchema"]["properties"].as_object().unwrap() {
                assert!(schema["description"].is_string(), "{name}: {argument} is not described");
            }
            let expected = match name.as_str().unwrap() {
                "pull" => json!({"readOnlyHint": false, "destructiveHint": true, "idempotentHint": true}),
                "request_access" => json!({"readOnlyHint": false, "destructiveHint": false, "idempotentHint": true}),
                "query_to_file" => json!({"readOnlyHint": false, "destructiveHint": false, "idempotentHint": false}),
                _ => json!({"readOnlyHint": true, "destructiveHint": false, "idempotentHint": true}),
            };
            for (hint, value) in expected.as_object().unwrap() {
                assert_eq!(&hints[hint], value, "{name}: {hint}");
            }
            assert_eq!(hints["openWorldHint"], false, "{name}");
        }
    }
}

#[test]
fn from_a_question_to_a_number() {
    let world = World::new();
    let mut session = world.session("auto");

    let (found, _) = session.data("search_catalog", json!({"query": "wind sped"}));
    assert_eq!(found["matches"][0]["id"], "weather", "{found:#}");
    let (found, sentence) = session.data("search_catalog", json!({"query": "flights", "limit": 1}));
    assert_eq!(found["next_offset"], 1);
    assert!(sentence.contains("offset 1"), "{sentence}");
    let (none, sentence) = session.data("search_catalog", json!({"query": "qqqqzzzz"}));
    assert!(none["total"] == 0 && sentence.contains("Try other words"), "{none} {sentence}");

    let names = |listed: &Value| {
        let tables = listed["tables"].as_array().unwrap().iter();
        tables.map(|table| table["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (first, _) = session.data("list_tables", json!({"limit": 3}));
    assert_eq!(
        (names(&first), &first["next_offset"]),
        (vec!["airlines".into(), "airports".into(), "flights".into()], &json!(3))
    );
    let (rest, _) = session.data("list_tables", json!({"limit": 3, "offset": 3}));
    assert_eq!((names(&rest), rest.get("next_offset")), (vec!["planes".into(), "weather".into()], None));
    assert_eq!((&rest["total"], &rest["tables"][0]["pulled"]), (&json!(5), &json!(false)));

    let (planes, sentence) = session.data("describe_table", json!({"table": "planes", "sample_rows": 2}));
    let columns = planes["schema"]["columns"].as_array().unwrap();
    assert!(columns.iter().any(|column| column["name"] == "manufacturer"), "{planes:#}");
    assert_eq!(planes["sample"]["rows"].as_array().unwrap().len(), 2);
    assert!(sentence.starts_with("planes has 9 columns."), "{sentence}");
    // A table with many columns comes in pages.
    let names: Vec<String> = (0..1500).map(|n| format!("a_column_with_a_long_name_{n}")).collect();
    world.upload("wide", format!("{}\n{}\n", names.join(","), vec!["1"; names.len()].join(",")).as_bytes());
    let (mut seen, mut next) = (Vec::new(), json!(0));
    while next.is_u64() {
        let arguments = json!({"table": "wide", "sample_rows": 0, "column_offset": next});
        let (page, sentence) = session.data("describe_table", arguments);
        assert!(sentence.starts_with("wide has 1500 columns.") && page.to_string().len() < 60_000, "{sentence}");
        seen.extend(page["schema"]["columns"].as_array().unwrap().iter().map(|column| column["name"].clone()));
        next = page["next_column_offset"].clone();
    }
    assert_eq!(json!(seen), json!(names));
    let (sample, _) = session.data("sample_table", json!({"table": "airlines"}));
    assert_eq!(sample["rows"][0], json!({"carrier": "9E", "name": "Endeavor Air Inc."}));

    let sql = "SELECT manufacturer, count(*) AS n FROM planes GROUP BY ALL ORDER BY n DESC LIMIT 1";
    let (rows, sentence) = session.data("query", json!({ "sql": sql }));
    assert_eq!((&rows["columns"], &rows["rows"]), (&json!(["manufacturer", "n"]), &json!([["BOEING", 1630]])));
    assert_eq!((&rows["ran"], &rows["truncated"]), (&json!("remote"), &json!(false)));
    assert_eq!(sentence, "1 row. It ran on the server: planes has not been pulled.");

    let (metrics, _) = session.data("list_metrics", json!({}));
    let id = "reliability/cancellation_rate";
    assert!(metrics["metrics"].as_array().unwrap().iter().any(|metric| metric["id"] == id), "{metrics:#}");
    let (metric, _) = session.data("show_metric", json!({ "id": id }));
    assert_eq!(metric["metric"]["id"], id);
    let (computed, _) = session.data("run_metric", json!({"id": id, "by": ["carrier"], "where": "carrier = '9E'"}));
    let expected: Value = serde_json::from_str(&world.run(&[
        "metric",
        "run",
        id,
        "--by",
        "carrier",
        "--where",
        "carrier = '9E'",
        "--json",
    ]))
    .unwrap();
    assert_eq!(objects(&computed), expected);
    assert!(computed["sql"].as_str().unwrap().contains("9E"));

    let (none, sentence) = session.data("list_snapshots", json!({}));
    assert!(none["snapshots"] == json!([]) && sentence.contains("agnes snapshot create"), "{sentence}");
    world.run(&["pull"]);
    world.run(&["snapshot", "create", "airlines", "--where", "carrier = 'UA'", "--as", "united"]);
    let (one, _) = session.data("list_snapshots", json!({}));
    assert_eq!((&one["snapshots"][0]["name"], &one["snapshots"][0]["rows"]), (&json!("united"), &json!(1)));
}

#[test]
fn pulls_and_says_how_far_it_is() {
    let world = World::new();
    for mode in MODES {
        let mut session = world.session(mode);
        let (plan, sentence) = session.data("pull", json!({"dry_run": true}));
        assert_eq!(plan["would_download"].as_array().unwrap().len(), 5);
        assert!(sentence.starts_with("Would update 5 tables"), "{sentence}");
        assert!(!world.workspace.join("server").exists(), "nothing is there yet");

        let pulled = session.step(&json!({"do": "call", "name": "pull", "arguments": {}, "progress": true}));
        assert_eq!((&pulled["data"]["tables_updated"], &pulled["data"]["ok"]), (&json!(5), &json!(true)), "{pulled:#}");
        let heard = pulled["progress"].as_array().unwrap();
        let done: Vec<f64> = heard.iter().map(|heard| heard[0].as_f64().unwrap()).collect();
        assert!(done.is_sorted() && heard.last().unwrap()[0] == heard[0][1], "{heard:?}");

        let (again, sentence) = session.data("pull", json!({}));
        assert_eq!(again["tables_updated"], 0);
        assert_eq!(sentence, "Updated 0 tables (5 total).");
        let (listed, _) = session.data("list_tables", json!({}));
        assert!(listed["tables"].as_array().unwrap().iter().all(|table| table["pulled"] == true));
        std::fs::remove_dir_all(world.workspace.join("server")).unwrap();
        std::fs::remove_dir_all(world.workspace.join("user")).unwrap();
    }
}

/// The rows of a result as `agnes query --json` prints them.
pub fn objects(result: &Value) -> Value {
    let columns = result["columns"].as_array().unwrap();
    let rows = result["rows"].as_array().unwrap().iter().map(|row| {
        let values = columns.iter().zip(row.as_array().unwrap());
        values
            .map(|(name, value)| (name.as_str().unwrap().to_owned(), value.clone()))
            .collect::<serde_json::Map<_, _>>()
    });
    json!(rows.collect::<Vec<_>>())
}
