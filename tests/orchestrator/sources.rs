//! What whole sources come to.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use agnes::sync::Standing;

use crate::{House, file, owners, places};

/// What changes when a file is written anew.
fn identity(path: &Path) -> (u64, i64, i64) {
    let metadata = path.metadata().unwrap();
    (metadata.ino(), metadata.mtime(), metadata.mtime_nsec())
}

#[test]
fn several_sources_make_one_generation_and_only_changes_make_files() {
    let house = House::new();
    let orchestrator = house.open();
    let nothing = orchestrator.rebuild(&Standing::default()).unwrap();
    assert!(nothing.sources.is_empty() && nothing.problems.is_empty());

    house.offer("crm", &[("customers", "SELECT 'Ann' AS name"), ("Visits", "SELECT i FROM range(7) t(i)")]);
    house.offer("shop", &[("orders", "SELECT 1 AS id, 2.5 AS amount")]);
    std::fs::create_dir_all(house.source("empty")).unwrap();
    let first = orchestrator.rebuild(&Standing::default()).unwrap();
    assert_eq!(places(&first), [""; 0]);
    let sources = [("crm", vec!["customers", "Visits"]), ("shop", vec!["orders"])];
    let expected =
        sources.map(|(source, tables)| (source.to_owned(), tables.iter().map(|&it| it.to_owned()).collect()));
    assert_eq!(first.sources, expected.into());
    assert_eq!(house.value("SELECT sum(i) + (SELECT amount FROM orders) FROM visits"), "23.5");
    house.assert_sound(&first.publication);

    let files: Vec<_> = first.publication.tables().map(|table| (file(table).clone(), identity(file(table)))).collect();
    for _ in 0..2 {
        let again = orchestrator.rebuild(&owners(&first)).unwrap();
        let now: Vec<_> =
            again.publication.tables().map(|table| (file(table).clone(), identity(file(table)))).collect();
        assert_eq!(now, files, "nothing was written anew");
        assert!(again.publication.generation > first.publication.generation);
        house.assert_sound(&again.publication);
    }
    // So it is in a later process.
    let later = house.open();
    assert!(later.publication().tables().eq(first.publication.tables()));
    later.rebuild(&owners(&first)).unwrap();
    assert_eq!(identity(&files[0].0), files[0].1);

    house.offer("shop", &[("orders", "SELECT 1 AS id, 7.5 AS amount")]);
    drop(first);
    drop((orchestrator, nothing));
    let changed = later.rebuild(&Standing::default()).unwrap();
    assert_eq!(house.value("SELECT amount FROM orders"), "7.5");
    assert_eq!(identity(file(changed.publication.get("visits").unwrap())), files[2].1);
    assert_eq!(house.files().len(), 3, "the old orders are gone");
    house.assert_sound(&changed.publication);
}

#[test]
fn a_name_belongs_to_its_first_owner_until_that_stops_offering_it() {
    let house = House::new();
    let orchestrator = house.open();
    house.offer("b", &[("orders", "SELECT 'b' AS who")]);
    let rebuilt = orchestrator.rebuild(&Standing::default()).unwrap();
    house.offer("a", &[("ORDERS", "SELECT 'a' AS who"), ("other", "SELECT 1 AS x")]);
    house.offer("c", &[("Orders", "SELECT 'c' AS who")]);
    let rebuilt = orchestrator.rebuild(&owners(&rebuilt)).unwrap();
    assert_eq!(house.value("SELECT who FROM orders"), "b");
    assert_eq!(places(&rebuilt), ["a.ORDERS", "c.Orders"]);
    assert!(rebuilt.problems.iter().all(|problem| problem.error.contains("already published by b")), "{rebuilt:?}");
    assert_eq!(house.value("SELECT x FROM other"), "1", "the loser's other tables are published");

    // The owner cannot be read for a while: it keeps the name all the same.
    let database = house.source("b").join("extract.duckdb");
    let good = std::fs::read(&database).unwrap();
    std::fs::write(&database, "garbage").unwrap();
    let rebuilt = orchestrator.rebuild(&owners(&rebuilt)).unwrap();
    assert_eq!(places(&rebuilt), ["a.ORDERS", "b", "c.Orders"]);
    assert_eq!(house.value("SELECT who FROM orders"), "b");
    std::fs::write(&database, good).unwrap();

    house.offer("b", &[("something_else", "SELECT 1 AS x")]);
    let rebuilt = orchestrator.rebuild(&owners(&rebuilt)).unwrap();
    assert_eq!(house.value("SELECT who FROM orders"), "a");
    assert_eq!(places(&rebuilt), ["c.Orders"]);
    house.offer("b", &[("orders", "SELECT 'b again' AS who")]);
    let rebuilt = orchestrator.rebuild(&owners(&rebuilt)).unwrap();
    assert_eq!(house.value("SELECT who FROM orders"), "a", "now it belongs to a");
    house.assert_sound(&rebuilt.publication);
}

#[test]
fn a_removed_source_goes_but_not_under_its_readers() {
    let house = House::new();
    let orchestrator = house.open();
    house.offer("crm", &[("customers", "SELECT 1 AS id")]);
    house.offer("shop", &[("orders", "SELECT 2 AS id")]);
    let rebuilt = orchestrator.rebuild(&Standing::default()).unwrap();
    let owners = owners(&rebuilt);
    drop(rebuilt);
    let reader = orchestrator.publication();
    let held = Arc::clone(reader.get("Customers").unwrap());
    std::fs::remove_dir_all(house.source("crm")).unwrap();
    let rebuilt = orchestrator.rebuild(&owners).unwrap();
    assert!(rebuilt.publication.get("customers").is_none() && rebuilt.problems.is_empty());
    assert!(file(&held).exists() && house.files().len() == 2, "somebody still reads the old generation");
    drop(reader);
    let rebuilt = orchestrator.rebuild(&owners).unwrap();
    assert!(!file(&held).exists());
    assert_eq!((rebuilt.sources.len(), house.files().len()), (1, 1));
    house.assert_sound(&rebuilt.publication);
}

#[test]
fn reserved_and_unsafe_names_are_refused() {
    let house = House::new();
    for source in ["main", "SYSTEM", "a-b", "1st", "naïve"] {
        house.offer(source, &[("t", "SELECT 1 AS id")]);
    }
    let long = "x".repeat(65);
    house.offer(
        "good",
        &[
            ("fine", "SELECT 1 AS id"),
            ("in.c-crm", "SELECT 1 AS id"),
            ("a\"b", "SELECT 1 AS id"),
            (&long, "SELECT 1 AS id"),
        ],
    );
    let rebuilt = house.open().rebuild(&Standing::default()).unwrap();
    let expected = ["1st", "SYSTEM", "a-b", "good.a\"b", "good.in.c-crm", &format!("good.{long}"), "main", "naïve"];
    assert_eq!(places(&rebuilt), expected);
    assert_eq!(rebuilt.sources.into_values().flatten().collect::<Vec<_>>(), ["fine"]);
    house.assert_sound(&rebuilt.publication);
}

#[test]
fn a_moved_data_dir_is_published_anew_from_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let before = House::at(&dir.path().join("before"));
    before.offer("shop", &[("orders", "SELECT 42 AS id")]);
    let rebuilt = before.open().rebuild(&Standing::default()).unwrap();
    let hash = rebuilt.publication.get("orders").unwrap().version();
    let after = House::at(&dir.path().join("it's after"));
    std::fs::rename(before.data_dir.root(), after.data_dir.root()).unwrap();

    let orchestrator = after.open();
    assert!(
        orchestrator
            .publication()
            .get("orders")
            .map(|table| file(table).clone())
            .unwrap()
            .starts_with(after.data_dir.root())
    );
    let rebuilt = orchestrator.rebuild(&Standing::default()).unwrap();
    assert_eq!(places(&rebuilt), [""; 0]);
    assert_eq!(after.value("SELECT id FROM orders"), "42");
    assert_eq!(rebuilt.publication.get("orders").unwrap().version(), hash);
    after.assert_sound(&rebuilt.publication);
}
