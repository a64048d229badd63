//! Random tables, read by psycopg and by us.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{Asked, House};

const TABLES: usize = 20;
/// The same in each run, so that a failure can be repeated; each of these has found a fault.
const SEEDS: [u32; 3] = [4_015_366_065, 2_694_743_180, 1_521_940_291];

/// Runs `oracle.py`, and returns what it prints.
fn oracle(house: &House, arguments: &[&str], input: &Value) -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = Command::new(here.join(".ci/python")).output().unwrap();
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    let python = String::from_utf8(found.stdout).unwrap();
    let mut child = Command::new(python.trim())
        .arg(here.join("tests/remote/oracle.py"))
        .arg(arguments[0])
        .arg(house.postgres.port.to_string())
        .args(&arguments[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let ran = child.wait_with_output().unwrap();
    assert!(ran.status.success(), "{arguments:?}");
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn random_tables_are_read_as_psycopg_reads_them() {
    SEEDS.into_iter().for_each(compare);
}

fn compare(seed: u32) {
    let Some(house) = House::new() else { return };
    let seed = seed.to_string();
    let queries = oracle(&house, &["fill", &seed, &TABLES.to_string()], &Value::Null);
    let queries: BTreeMap<String, String> = serde_json::from_str(&queries).unwrap();
    let tables: Vec<_> = queries.keys().map(String::as_str).collect();
    house.offer_all(&tables);
    let mut asked = Asked::new(&house);
    for table in &tables {
        let body = json!({"name": format!("kept_{table}"), "source_type": "shop", "query_mode": "materialized",
            "source_query": format!("SELECT * FROM pg.public.{table}")});
        assert_eq!(asked.http.post("/api/admin/register-table", &body).status, 201);
    }
    let run = asked.sync();
    assert_eq!(run["status"], "ok", "seed {seed}: {run}");
    for prefix in ["", "kept_"] {
        let read = queries.iter().map(|(table, sql)| {
            let (status, rows) = asked.query(&sql.replace(&format!("FROM {table}"), &format!("FROM {prefix}{table}")));
            assert_eq!(status, 200, "seed {seed}, {sql}: {rows}");
            (table.clone(), rows)
        });
        let differences = oracle(&house, &["compare"], &Value::Object(read.collect()));
        assert_eq!(differences, "", "seed {seed}, {prefix:?}");
    }
    assert_eq!(asked.server.end(Signal::TERM).0, Some(0));
}
