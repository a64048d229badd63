//! What analysts do every day, against a server of v0.35: with its answers, and nothing that came later.

use std::fs;

use serde_json::{Value, json};

use crate::arrow_stream::whole;
use crate::sandbox::{Ran, Sandbox, parquet};
use crate::server_stand_in::{StandIn, TOKEN};
use crate::snapshot::{ESTIMATE, SCAN};

const INSTRUCTIONS: &str = "# Example: AI Data Analyst\n";
/// Made of the time and the size of a file.
const TAG: &str = "0123456789ab";

fn orders(rows: u32) -> Vec<u8> {
    parquet(&format!("SELECT i AS id, i * 1.5 AS amount FROM range({rows}) t(i)"))
}

/// A server with `orders`, whose hash is a mere tag, and `visits`, which is materialized and has a true one.
fn server() -> StandIn {
    let server = StandIn::start();
    let table = json!({"id": "orders", "name": "orders", "description": null, "source_type": "keboola",
        "sync_strategy": "full_refresh", "query_mode": "local"});
    server.answer("GET /api/catalog/tables", 200, json!({"tables": [table], "count": 1}));
    let address = server.url.replace(':', "%3A").replace('/', "%2F");
    server.answer(&format!("GET /api/welcome?server_url={address}"), 200, json!({"content": INSTRUCTIONS}));
    server.offer_as("orders", &orders(2), TAG);
    server.tag_as("orders", "1795403032123456789");
    server.offer("visits", &parquet("SELECT 7 AS n"));
    server.tag_as("visits", "1795403033123456789");
    server.materialize("visits");
    server.offer_remote("events");
    let rule = json!({"id": "km_1", "title": "Revenue", "content": "Without tax.", "domain": "finance",
        "category": null, "status": "mandatory", "confidence": 0.9, "is_personal": false});
    let bundle = json!({"mandatory": [rule], "approved": [], "token_estimate": 5, "token_budget": 6000});
    server.answer("GET /api/memory/bundle", 200, bundle);
    server
}

fn init(server: &StandIn) -> (Sandbox, Ran) {
    let sandbox = Sandbox::signed_out("");
    let ran = sandbox.run(&["init", "--server-url", &server.url, "--token", TOKEN]);
    (sandbox, ran)
}

fn workspace(server: &StandIn) -> Sandbox {
    let (sandbox, ran) = init(server);
    assert_eq!(ran.code, 0, "{}", ran.text);
    sandbox
}

#[test]
fn init_makes_a_workspace() {
    let server = server();
    let (sandbox, ran) = init(&server);
    insta::assert_snapshot!(ran.text.replace(&server.url, "[SERVER]"), @r"
    exit 0
    --- stdout
    Workspace ready.
      Server   : [SERVER]
      Tables   : 2 synced (2 total)
      Rules    : 1
      Hooks    : pull at the start of a session, push at its end
      Workspace: [HOME]/ws

    Try: agnes catalog
    --- stderr
    ");
    assert_eq!(fs::read_to_string(sandbox.workspace.join("CLAUDE.md")).unwrap(), INSTRUCTIONS);
    let rule = fs::read_to_string(sandbox.workspace.join(".claude/rules/km_km_1.md")).unwrap();
    assert_eq!(rule, "# Revenue\n_Domain: finance_\n\nWithout tax.");
    assert_eq!(sandbox.value("SELECT sum(amount) + any_value(n) FROM orders, visits"), "8.5");
}

#[test]
fn pull_takes_tags_for_versions_and_checks_true_hashes() {
    let server = server();
    let sandbox = workspace(&server);
    let pull = || sandbox.run(&["pull", "--json"]);
    let downloads = || server.seen("/download").len();
    let before = downloads();
    assert_eq!((pull().json()["tables_updated"].clone(), downloads()), (json!(0), before), "nothing has changed");

    server.offer_as("orders", &orders(3), "ba9876543210");
    server.tag_as("orders", "1795403099123456789");
    assert_eq!(pull().json()["tables_updated"], 1);
    assert_eq!(sandbox.value("SELECT count(*) FROM orders"), "3");

    // What arrives is not what the hash says, and under a tag something that is not parquet.
    server.offer_as("visits", &parquet("SELECT 8 AS n"), &"0f".repeat(16));
    server.materialize("visits");
    server.offer_as("orders", b"PAR1 and no more", "aaaaaaaaaaaa");
    let failed = pull();
    let errors = failed.json()["errors"].clone();
    assert_eq!((failed.code, errors.as_array().unwrap().len()), (4, 2), "{}", failed.text);
    assert_eq!(sandbox.value("SELECT count(*) * 10 + any_value(n) FROM orders, visits"), "37", "the old ones are kept");
}

/// Of a materialized table whose first run failed it knows nothing, and says so.
#[test]
fn a_table_that_was_never_made_is_one_problem() {
    let server = server();
    let sandbox = workspace(&server);
    let manifest = json!({"tables": {
            "orders": {"hash": "ba9876543210", "updated": "2026-11-23T02:08:11.718701", "size_bytes": orders(3).len(),
                "rows": 3, "query_mode": "local", "source_type": "keboola"},
            "Bq_Mat": {"hash": null, "updated": null, "size_bytes": null, "rows": null, "query_mode": "materialized",
                "source_type": "bigquery"}},
        "assets": {"docs": {"hash": "1795399969"}, "profiles": {"hash": "3fa02ced6f98a6e21a0384b82f72dd35"}},
        "server_time": "2026-11-23T02:12:49.685684+00:00"});
    server.answer("GET /api/sync/manifest", 200, manifest);
    server.offer_as("orders", &orders(3), "ba9876543210");
    let ran = sandbox.run(&["pull", "--json"]);
    let report = ran.json();
    assert_eq!((ran.code, &report["tables_updated"]), (4, &json!(1)), "{}", ran.text);
    let errors = report["errors"].as_array().unwrap();
    assert_eq!((errors.len(), &errors[0]["table"]), (1, &json!("Bq_Mat")), "{}", ran.text);
    assert_eq!(sandbox.value("SELECT count(*) FROM orders"), "3");
}

#[test]
fn push_uploads_sessions_and_notes() {
    let server = server();
    server.answer("POST /api/upload/sessions", 200, json!({"status": "ok", "filename": "one.jsonl", "size": 8}));
    server.answer("POST /api/upload/local-md", 200, json!({"status": "ok", "user": "ann@example.com", "size": 5}));
    let sandbox = workspace(&server);
    fs::create_dir_all(sandbox.workspace.join("user/sessions")).unwrap();
    fs::write(sandbox.workspace.join("user/sessions/one.jsonl"), "{\"n\":1}\n").unwrap();
    fs::write(sandbox.workspace.join(".claude/CLAUDE.local.md"), "Notes").unwrap();
    let report = sandbox.run(&["push", "--json"]).json();
    assert_eq!((&report["sessions"], &report["local_md"], &report["ok"]), (&json!(1), &json!(true), &json!(true)));
    let upload = &server.seen("POST /api/upload/sessions")[0];
    let form = upload.body.as_str().unwrap();
    assert!(form.contains("name=\"file\"; filename=\"one.jsonl\"") && form.contains("{\"n\":1}\n"), "{form}");
    assert!(upload.headers.get("content-encoding").is_none(), "v0.35 reads what is not compressed");
    assert_eq!(server.seen("POST /api/upload/local-md")[0].body, json!({"content": "Notes"}));
}

#[test]
fn the_catalog_and_queries_on_the_server() {
    let server = server();
    let table = json!({"id": "orders", "name": "orders", "description": "", "source_type": "keboola",
        "query_mode": "local", "sql_flavor": "duckdb", "where_examples": [], "fetch_via": "local; use agnes query",
        "rough_size_hint": null});
    let catalog = json!({"tables": [table], "server_time": "2026-11-23T02:14:38.917973+00:00"});
    server.answer("GET /api/v2/catalog?refresh=0", 200, catalog.clone());
    let rows = json!({"columns": ["n"], "rows": [[2]], "row_count": 1, "truncated": true});
    server.answer("POST /api/query", 200, rows);
    let sandbox = workspace(&server);
    insta::assert_snapshot!(sandbox.run(&["catalog"]).text, @r"
    exit 0
    --- stdout
    ID                              SOURCE      MODE      FLAVOR      NAME
    orders                          keboola     local     duckdb      orders
    --- stderr
    With --long: rows, sizes, freshness and descriptions. Columns of a table: agnes schema ID
    ");
    assert_eq!(sandbox.run(&["catalog", "--json"]).json()["tables"], catalog["tables"]);
    let ran = sandbox.run(&["query", "--remote", "SELECT count(*) AS n FROM orders", "-f", "csv", "--limit", "1"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "n\n2\n", "(truncated at 1 rows)\n"));
    let asked = &server.seen("POST /api/query")[0].body;
    assert_eq!(asked, &json!({"sql": "SELECT count(*) AS n FROM orders", "limit": 1}));
}

#[test]
fn snapshots_are_estimated_and_fetched() {
    let server = server();
    let estimate = json!({"table_id": "events", "estimated_scan_bytes": 0, "estimated_result_rows": null,
        "estimated_result_bytes": null, "bq_cost_estimate_usd": 0.0});
    server.answer(ESTIMATE, 200, estimate);
    server.stream(SCAN, whole("SELECT i AS id, 'ž' AS name FROM range(4) t(i)"));
    let sandbox = workspace(&server);
    let ran = sandbox.run(&["snapshot", "create", "events", "--select", "id,name", "--where", "id < 4", "--as", "few"]);
    insta::assert_snapshot!(ran.text, @r"
    exit 0
    --- stdout
    Estimate for events:
      estimated_scan_bytes:                 0
      estimated_result_rows:                0  (not known)
      estimated_result_bytes:               0  (not known)
      bq_cost_estimate_usd:   $ 0.0000
    Fetched 4 rows -> few
    --- stderr
    ");
    let asked = json!({"table_id": "events", "select": ["id", "name"], "where": "id < 4"});
    let body = |request: &str| server.seen(request).into_iter().find(|seen| seen.request == request).unwrap().body;
    assert_eq!((body(ESTIMATE), body(SCAN)), (asked.clone(), asked));
    assert_eq!(sandbox.value("SELECT count(*) || any_value(name) FROM few"), "4ž");
}

/// It offers a wheel or nothing, both of which are not for this program.
#[test]
fn its_command_line_is_not_offered_as_an_update() {
    let wheel = "agnes_the_ai_analyst-0.36.0-py3-none-any.whl";
    let path = format!("/cli/wheel/{wheel}");
    for latest in [
        json!({"version": "0.36.0", "wheel_filename": wheel, "download_url_path": path}),
        json!({"version": null, "wheel_filename": null, "download_url_path": null}),
    ] {
        let server = server();
        server.answer("GET /cli/latest", 200, latest);
        let sandbox = workspace(&server);
        let mut pull = sandbox.command(&["pull"]);
        let ran = sandbox.finished(pull.env_remove("AGNES_NO_UPDATE_CHECK").output().unwrap());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.text);
        let asked = || server.seen("/cli/latest").len();
        assert_eq!(asked(), 1, "it was looked for");
        let ran = sandbox.run(&["self", "update"]);
        assert_eq!(ran.code, 1, "{}", ran.text);
        let problem = format!("Error: {} has no program for ", server.url);
        assert!(ran.stderr.starts_with(&problem) && asked() == 2, "{}", ran.text);
        let known: Value =
            serde_json::from_slice(&fs::read(sandbox.home().join(".config/agnes/update_check.json")).unwrap()).unwrap();
        assert_eq!(known["latest"], Value::Null);
    }
}
