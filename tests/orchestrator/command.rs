//! `agnes rebuild`: output and exit codes.

use agnes::engine::{self, Limits};
use agnes::extract::DATABASE;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::House;
use crate::program::Place;

#[test]
fn tells_what_is_published_and_what_is_not() {
    let place = Place::new(&[]);
    let house = House::at(&place.data_dir());
    let ran = place.run(&["rebuild"]);
    assert_eq!((ran.code, ran.stdout.starts_with("Nothing is published")), (0, true), "{ran:?}");

    house.offer("crm", &[("customers", "SELECT 1 AS id"), ("visits", "SELECT 2 AS id")]);
    house.offer("shop", &[("orders", "SELECT 3 AS id")]);
    let ran = place.run(&["rebuild"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "crm: customers, visits\nshop: orders\n"), "{ran:?}");
    let ran = place.run(&["rebuild", "--json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let sources = json!({"crm": ["customers", "visits"], "shop": ["orders"]});
    assert_eq!((ran.code, &report), (0, &json!({"sources": sources, "problems": []})));

    // Another process has a source open for writing; a second source takes a name; a third is no database.
    let writer = engine::open(&house.source("shop").join(DATABASE), &Limits::small()).unwrap();
    house.offer("late", &[("Customers", "SELECT 4 AS id")]);
    std::fs::create_dir_all(house.source("odd")).unwrap();
    std::fs::write(house.source("odd").join(DATABASE), "garbage").unwrap();
    let ran = place.run(&["rebuild", "--json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &report["sources"]), (4, &sources), "{ran:?}");
    let problem = |source: &str| {
        let problems = report["problems"].as_array().unwrap();
        problems.iter().find(|problem| problem["source"] == source).unwrap()
    };
    assert_eq!(report["problems"].as_array().unwrap().len(), 3, "{report}");
    assert_eq!((&problem("shop")["table"], &problem("odd")["table"]), (&Value::Null, &Value::Null));
    assert_eq!(problem("late")["table"], "Customers");
    assert!(problem("shop")["error"].as_str().unwrap().contains("lock"), "{report}");
    let ran = place.run(&["rebuild"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (4, "crm: customers, visits\nshop: orders\n"), "{ran:?}");
    assert!(ran.stderr.contains("late.Customers: the name is already published by crm"), "{ran:?}");
    drop(writer);
    assert_eq!(house.value("SELECT c.id + v.id + o.id FROM customers c, visits v, orders o"), "6");
}

#[test]
fn does_nothing_while_a_server_runs() {
    let place = Place::new(&[]);
    let house = House::at(&place.data_dir());
    house.offer("shop", &[("orders", "SELECT 3 AS id")]);
    let server = place.serve(&[]);
    let ran = place.run(&["rebuild"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:?}");
    let process = format!("process {}", server.child.id());
    for part in ["in use by another Agnes process", &process, "agnes admin sync"] {
        assert!(ran.stderr.contains(part), "{part}: {ran:?}");
    }
    let ran = place.run(&["rebuild", "--json"]);
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!((ran.code, &error["error"]["kind"]), (1, &json!("data_dir")));
    assert_eq!(server.end(Signal::TERM).0, Some(0));
    assert_eq!(place.run(&["rebuild"]).code, 0);
    house.assert_sound(&house.open().publication());
}
