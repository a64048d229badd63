//! Tables in parts.

use serde_json::json;

use crate::sandbox::{Sandbox, parquet};
use crate::server_stand_in::{Fault, StandIn};

fn rows(month: u32, rows: u32) -> Vec<u8> {
    parquet(&format!("SELECT {month} AS month, i AS id FROM range({rows}) t(i)"))
}

fn sum(sandbox: &Sandbox) -> String {
    sandbox.value("SELECT sum(month) || ' of ' || count(*) FROM sales")
}

#[test]
fn only_changed_parts_are_downloaded() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    server.offer_parts("sales", &[("2026-01", &rows(1, 2)), ("2026-02", &rows(2, 3))]);
    server.offer("orders", &parquet("SELECT 1 AS id"));
    let report = sandbox.run(&["pull", "--json"]).json();
    assert_eq!(
        (&report["ok"], &report["tables_updated"], &report["parquets_total"]),
        (&json!(true), &json!(2), &json!(2))
    );
    assert_eq!(sum(&sandbox), "8 of 5");
    assert_eq!(sandbox.value("SELECT count(*) FROM analytics.main.sales"), "5");
    assert_eq!(server.seen("/parts/").len(), 2);

    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 0);
    assert_eq!(server.seen("/parts/").len(), 2, "nothing changed");

    server.offer_parts("sales", &[("2026-01", &rows(1, 2)), ("2026-02", &rows(2, 4)), ("2026-03", &rows(3, 1))]);
    insta::assert_snapshot!(sandbox.run(&["pull", "--dry-run"]).text.replace(char::is_numeric, "0"), @r"
    exit 0
    --- stdout
    Would update 0 tables (0 total), 000.0 B.
      sales/0000-00                       000.0 B
      sales/0000-00                       000.0 B
    --- stderr
    ");
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 1);
    assert_eq!(sum(&sandbox), "13 of 7");
    assert_eq!(server.seen("/parts/").len(), 4);
    let files = || sandbox.files().into_iter().filter(|name| name.contains("/sales/")).count();
    assert_eq!(files(), 3);

    // A part is withdrawn: a change without a download.
    server.offer_parts("sales", &[("2026-01", &rows(1, 2))]);
    assert_eq!(sandbox.run(&["pull", "--json"]).json()["tables_updated"], 1);
    assert_eq!((sum(&sandbox).as_str(), files(), server.seen("/parts/").len()), ("2 of 2", 1, 4));
}

#[test]
fn a_failed_part_leaves_the_table_unchanged() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    server.offer_parts("sales", &[("a", &rows(1, 2)), ("b", &rows(2, 3))]);
    sandbox.run(&["pull"]);
    server.offer_parts("sales", &[("a", &rows(10, 2)), ("b", &rows(20, 3))]);
    server.fault("sales#b", Fault::Bytes(rows(7, 3)));
    let ran = sandbox.run(&["pull"]);
    assert_eq!(ran.code, 4);
    assert!(ran.stderr.contains("sales: part b: ") && ran.stderr.contains("mismatch"), "{}", ran.text);
    assert_eq!(sum(&sandbox), "8 of 5", "no mix of old and new parts");
    let seen = server.seen("/parts/").len();
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert_eq!(sum(&sandbox), "80 of 5");
    assert_eq!(server.seen("/parts/").len(), seen + 1, "part a was there already");
}

#[test]
fn an_interrupted_part_is_resumed() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    let part = rows(1, 50_000);
    server.offer_parts("sales", &[("a", &part)]);
    server.fault("sales#a", Fault::Cut(part.len() / 2));
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert_eq!(sum(&sandbox), "50000 of 50000");
    let again = &server.seen("/parts/")[1];
    assert_eq!(again.headers["range"], format!("bytes={}-", part.len() / 2));
}

#[test]
fn a_table_can_change_from_a_file_to_parts_and_back() {
    let server = StandIn::start();
    let sandbox = Sandbox::signed_in(&server);
    server.offer("sales", &rows(1, 1));
    sandbox.run(&["pull"]);
    assert_eq!(sum(&sandbox), "1 of 1");
    server.offer_parts("sales", &[("a", &rows(2, 2))]);
    sandbox.run(&["pull"]);
    assert_eq!(sum(&sandbox), "4 of 2");
    assert!(sandbox.pulled("sales").is_none());
    server.withdraw("sales");
    server.offer("sales", &rows(1, 1));
    assert_eq!(sandbox.run(&["pull"]).code, 0);
    assert_eq!(sum(&sandbox), "1 of 1");
    server.offer_parts("sales", &[("a", &rows(2, 2))]);
    sandbox.run(&["pull"]);
    server.withdraw("sales");
    let report = sandbox.run(&["pull", "--json"]).json();
    assert_eq!(report["tables_removed"], json!(["sales"]));
    assert!(!sandbox.files().iter().any(|name| name.contains("sales")), "{:?}", sandbox.files());
}
