//! Tables made by SQL at the source.

use rustix::process::Signal;
use serde_json::json;

use crate::{Asked, House};

#[test]
fn a_table_is_made_by_sql_at_its_source() {
    let Some(house) = House::new() else { return };
    house.offer("shop", &house.postgres.url(), "PG_PASSWORD", &[]);
    let mut asked = Asked::new(&house);
    let sums = json!({"name": "sums", "source_type": "shop", "query_mode": "materialized",
        "source_query": "SELECT count(*) AS n, sum(amount)::DOUBLE AS total FROM pg.public.orders;"});
    assert_eq!(asked.http.post("/api/admin/register-table", &sums).status, 201);
    let broken = json!({"name": "broken", "source_type": "shop", "query_mode": "materialized",
        "source_query": "SELECT * FROM pg.public.nowhere"});
    assert_eq!(asked.http.post("/api/admin/register-table", &broken).status, 201);
    let thief = json!({"name": "thief", "source_type": "shop", "query_mode": "materialized",
        "source_query": "SELECT * FROM read_text('/etc/passwd')"});
    assert_eq!(asked.http.post("/api/admin/register-table", &thief).status, 201);
    let run = asked.sync();
    let outcome = |name: &str| {
        let tables = run["tables"].as_array().unwrap();
        tables.iter().find(|table| table["table"] == name && table["step"] == "materialize").unwrap().clone()
    };
    assert_eq!((&outcome("sums")["rows"], &run["status"]), (&json!(1), &json!("partial")), "{run}");
    let broken = outcome("broken")["error"].as_str().unwrap().to_owned();
    assert!(broken.starts_with("the source has no table or view nowhere; if it was dropped"), "{broken}");
    assert!(outcome("thief")["error"].as_str().unwrap().contains("disabled by configuration"), "{run}");

    // It is published like any other: manifest, download, view.
    let sums = asked.manifest()["sums"].clone();
    assert_eq!((&sums["query_mode"], &sums["rows"]), (&json!("materialized"), &json!(1)));
    assert_eq!(asked.http.get("/api/data/sums/download").status, 200);
    assert_eq!(asked.query("SELECT n, total FROM sums"), (200, json!([[10, 82.5]])));

    // Not due within the hour, nor is what failed tried again at once; asked for by name it is.
    house.postgres.execute("DELETE FROM orders WHERE id > 5");
    assert_eq!(asked.sync()["tables"], json!([]));
    assert_eq!(asked.http.post("/api/sync/trigger", &json!(["sums"])).status, 200);
    asked.syncs += 1;
    asked.server.wait_for("\"msg\":\"sync finished\"", asked.syncs);
    assert_eq!(asked.query("SELECT n FROM sums"), (200, json!([[5]])));
    // Unregistered, it goes with its file.
    let extra = json!({"name": "extra", "source_type": "shop", "query_mode": "materialized", "source_query": "SELECT 1 AS one"});
    assert_eq!(asked.http.post("/api/admin/register-table", &extra).status, 201);
    asked.sync();
    let file = house.source("shop").join("data/extra.parquet");
    assert!(file.is_file() && asked.manifest()["extra"].is_object());
    assert_eq!(
        asked.http.try_send(reqwest::Method::DELETE, "/api/admin/registry/extra", &json!(null)).unwrap().status,
        204
    );
    assert!(!file.exists() && asked.manifest()["extra"].is_null());
    assert_eq!(asked.server.end(Signal::TERM).0, Some(0));

    // By hand, with the server stopped.
    let ran = house.place.run(&["extract", "materialize", "shop"]);
    assert!(ran.code == 2 && ran.stderr.contains("broken: "), "{ran:?}");
    let rebuilt = house.place.run(&["rebuild"]);
    assert!(rebuilt.stdout.contains("shop: sums"), "{rebuilt:?}");
}

#[test]
fn a_table_that_was_dropped_at_its_source_fails_alone() {
    let Some(house) = House::new() else { return };
    house.postgres.execute("CREATE TABLE gone AS SELECT 1 AS id");
    house.offer_all(&["orders", "gone"]);
    let mut asked = Asked::new(&house);
    for (name, table) in [("kept_orders", "orders"), ("kept_gone", "gone")] {
        let body = json!({"name": name, "source_type": "shop", "query_mode": "materialized",
            "source_query": format!("SELECT * FROM pg.public.{table}")});
        assert_eq!(asked.http.post("/api/admin/register-table", &body).status, 201);
    }
    assert_eq!(asked.sync()["status"], "ok");
    house.postgres.execute("ALTER TABLE gone RENAME TO moved; DELETE FROM orders WHERE id > 4");
    let some = |asked: &mut Asked, names: &[&str]| {
        asked.syncs += 1;
        assert_eq!(asked.http.post("/api/sync/trigger", &json!(names)).status, 200);
        asked.server.wait_for("\"msg\":\"sync finished\"", asked.syncs);
        asked.http.get("/api/sync/runs").json()["runs"][0].clone()
    };
    let run = some(&mut asked, &["kept_orders", "kept_gone"]);
    let errors: Vec<_> = run["tables"].as_array().unwrap().iter().filter(|table| table["error"].is_string()).collect();
    assert_eq!((&run["status"], errors.len()), (&json!("partial"), 2), "{run}");
    for (error, table, advice) in
        [(errors[0], "kept_gone", "change the SQL of the table"), (errors[1], "gone", "change the view in the extract")]
    {
        assert_eq!(error["table"], table);
        let text = error["error"].as_str().unwrap();
        assert!(text.contains("the source has no table or view gone; if it was dropped or renamed there"), "{text}");
        assert!(text.contains(advice) && !text.contains("LINE") && !text.contains("Did you mean"), "{text}");
    }
    // The others go on, and a run of them alone is fine.
    assert_eq!(asked.query("SELECT count(*) FROM kept_orders"), (200, json!([[4]])));
    assert_eq!(asked.query("SELECT count(*) FROM orders"), (200, json!([[4]])));
    assert_eq!(some(&mut asked, &["kept_orders"])["status"], "ok");
    // What was made of it stays; what stays at the source says why it cannot be read.
    assert_eq!(asked.query("SELECT id FROM kept_gone"), (200, json!([[1]])));
    let (status, detail) = asked.query("SELECT id FROM gone");
    assert!(status == 502 && detail.as_str().unwrap().contains("the source has no table or view gone"), "{detail}");
    house.postgres.execute("ALTER TABLE moved RENAME TO gone");
    assert_eq!(asked.query("SELECT id FROM gone"), (200, json!([[1]])), "without a sync");
    assert_eq!(some(&mut asked, &["kept_gone"])["status"], "ok");
}
