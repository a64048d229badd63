use rustix::process::Signal;
use serde_json::{Value, json};

use crate::postgres::PASSWORD;
use crate::{Asked, House};

const ORDERS: &str = "SELECT * FROM pg.public.orders";

#[test]
fn a_remote_table_is_queried_at_its_source() {
    let Some(house) = House::new() else { return };
    house.offer("shop", &house.postgres.url(), "PG_PASSWORD", &[("orders", ORDERS)]);
    house.offer_local();
    let mut asked = Asked::new(&house);
    assert_eq!(asked.sync()["status"], "ok");
    let manifest = asked.manifest();
    assert_eq!((&manifest["orders"]["query_mode"], &manifest["orders"]["hash"]), (&json!("remote"), &json!("")));
    assert_eq!(asked.http.get("/api/data/orders/download").status, 404);
    assert_eq!(asked.query("SELECT count(*), sum(amount)::DOUBLE FROM orders"), (200, json!([[10, 82.5]])));
    // Remote and local together, and what changes there shows at once.
    let both = "SELECT o.amount::DOUBLE FROM orders o JOIN items USING (id)";
    assert_eq!(asked.query(both), (200, json!([[4.5]])));
    house.postgres.execute("UPDATE orders SET amount = 7 WHERE id = 3");
    assert_eq!(asked.query(both), (200, json!([[7.0]])));
    assert_eq!(asked.query("SELECT count(*) FROM shop.orders").0, 200);

    // Neither the catalog behind it nor the password is within reach.
    for hidden in [
        "SELECT * FROM pg.public.orders",
        "SELECT * FROM postgres_query('pg', 'SELECT 1') -- orders",
        "SELECT * FROM postgres_scan('host=127.0.0.1', 'public', 'orders')",
        "SELECT * FROM duckdb_secrets() -- orders",
        "SELECT * FROM duckdb_databases() -- orders",
    ] {
        let (status, detail) = asked.query(hidden);
        assert!([400, 403].contains(&status), "{hidden}: {status} {detail}");
    }
    // A person without a grant does not get there either.
    let server = &asked.server;
    let user = json!({"email": "ann@example.com", "name": "Ann", "password": "correct horse 1"});
    assert_eq!(asked.http.post("/api/users", &user).status, 201);
    let (code, log) = {
        let manifest = asked.manifest();
        assert!(manifest["items"]["hash"].as_str().is_some_and(|hash| hash.len() == 32), "{} {manifest}", server.url);
        asked.server.end(Signal::TERM)
    };
    assert_eq!(code, Some(0));
    assert!(!log.contains(PASSWORD), "the password is in the log");
}

#[test]
fn a_source_that_is_gone_leaves_the_others_published() {
    let Some(mut house) = House::new() else { return };
    house.offer("shop", &house.postgres.url(), "PG_PASSWORD", &[("orders", ORDERS)]);
    house.offer_local();
    let mut asked = Asked::new(&house);
    asked.sync();
    assert_eq!(asked.query("SELECT count(*) FROM orders"), (200, json!([[10]])));
    house.postgres.stop();
    let run = asked.sync();
    assert_eq!(run["status"], "partial");
    let error = run["tables"][0]["error"].as_str().unwrap();
    assert!(error.contains("cannot be reached") && !error.contains(PASSWORD), "{error}");
    assert_eq!(asked.manifest().as_object().unwrap().keys().collect::<Vec<_>>(), ["items", "orders"]);
    assert_eq!(asked.query("SELECT id FROM items"), (200, json!([[3]])));
    let (status, detail) = asked.query("SELECT count(*) FROM orders");
    assert_eq!(status, 502, "{detail}");
    assert!(
        detail.as_str().unwrap().contains("cannot be reached") && !detail.to_string().contains(PASSWORD),
        "{detail}"
    );

    house.postgres.run();
    assert_eq!(asked.query("SELECT count(*) FROM orders"), (200, json!([[10]])), "without a sync");
    assert_eq!(asked.sync()["status"], "ok");
    assert_eq!(asked.server.end(Signal::TERM).0, Some(0));
}

#[test]
fn withdrawn_credentials_are_told_without_telling_them() {
    let Some(house) = House::new() else { return };
    house.offer("shop", &house.postgres.url(), "PG_PASSWORD", &[("orders", ORDERS)]);
    house.offer_local();
    let mut asked = Asked::new(&house);
    asked.sync();
    house.postgres.execute("ALTER USER reader PASSWORD 'another one'");
    let run = asked.sync();
    let error = run["tables"][0]["error"].as_str().unwrap();
    assert!(error.contains("password authentication failed") && !error.contains(PASSWORD), "{error}");
    let (status, detail) = asked.query("SELECT count(*) FROM orders");
    assert_eq!(status, 502, "{detail}");
    assert_eq!(asked.query("SELECT id FROM items"), (200, json!([[3]])));
    let (_, log) = asked.server.end(Signal::TERM);
    assert!(!log.contains(PASSWORD), "the password is in the log");
}

#[test]
fn what_was_not_allowed_is_refused() {
    let Some(house) =
        House::with(&[("PG_PASSWORD", PASSWORD), ("JWT_SECRET_KEY", "a key of 32 characters or even more")])
    else {
        return;
    };
    house.offer_local();
    let mut asked = Asked::new(&house);
    let good = house.postgres.url();
    let elsewhere = good.replace("127.0.0.1", "localhost");
    let with_file = format!("{good} passfile=/etc/passwd");
    let run = |asked: &mut Asked| -> String {
        let run = asked.sync();
        run["tables"].as_array().unwrap().iter().map(|table| table["error"].to_string()).collect()
    };
    for (url, token, view, word) in [
        (elsewhere.as_str(), "PG_PASSWORD", ORDERS, "host"),
        (with_file.as_str(), "PG_PASSWORD", ORDERS, "passfile"),
        (good.as_str(), "JWT_SECRET_KEY", ORDERS, "JWT_SECRET_KEY"),
        (good.as_str(), "PG_PASSWORD", "SELECT * FROM read_text('/etc/passwd')", "read_text"),
        (good.as_str(), "PG_PASSWORD", "SELECT i AS id FROM range(3) t(i)", "calls range"),
    ] {
        house.offer("shop", url, token, &[("orders", view)]);
        let told = run(&mut asked);
        assert!(told.contains(word), "{word} is not in {told}");
        assert_eq!(asked.manifest().as_object().unwrap().keys().collect::<Vec<_>>(), ["items"], "{view}");
        assert_ne!(asked.query("SELECT * FROM orders").0, 200);
    }
    // Two sources mean different things by one alias.
    house.offer("shop", &good, "PG_PASSWORD", &[("orders", ORDERS)]);
    house.offer("zoo", &format!("{good} connect_timeout=5"), "PG_PASSWORD", &[("animals", ORDERS)]);
    assert!(run(&mut asked).contains("alias pg is already used by shop"));
    assert_eq!(asked.query("SELECT count(*) FROM orders"), (200, json!([[10]])));
    assert_eq!(asked.server.end(Signal::TERM).0, Some(0));
}

#[test]
fn postgres_is_off_unless_it_is_named() {
    let Some(house) = House::with(&[("PG_PASSWORD", PASSWORD), ("AGNES_REMOTE_ATTACH_EXTENSIONS", "")]) else { return };
    house.offer("shop", &house.postgres.url(), "PG_PASSWORD", &[("orders", ORDERS)]);
    let mut asked = Asked::new(&house);
    let run = asked.sync();
    assert!(run["tables"][0]["error"].as_str().unwrap().contains("AGNES_REMOTE_ATTACH_EXTENSIONS"), "{run}");
    assert_eq!(asked.manifest(), Value::Object(serde_json::Map::new()));
}
