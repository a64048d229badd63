//! Sources that went bad keep what was good, and are named.

use std::fs;

use agnes::extract::{DATABASE, data_file};
use agnes::sync::Standing;

use crate::{House, owners, places};

#[test]
fn a_database_that_cannot_be_read_keeps_its_last_good_tables() {
    let house = House::new();
    let orchestrator = house.open();
    house.offer("good", &[("other", "SELECT 1 AS id")]);
    house.offer("bad", &[("orders", "SELECT 2 AS id"), ("visits", "SELECT 3 AS id")]);
    let rebuilt = orchestrator.rebuild(&Standing::default()).unwrap();
    let database = house.source("bad").join(DATABASE);
    let good = fs::read(&database).unwrap();
    let no_meta = {
        let elsewhere = House::new();
        elsewhere.database("x", "DROP TABLE _meta; CREATE TABLE orders AS SELECT 9 AS id");
        fs::read(elsewhere.source("x").join(DATABASE)).unwrap()
    };
    let cut = &good[..good.len() / 2];
    for bytes in [b"".as_slice(), b"this is no database", cut, &no_meta] {
        fs::write(&database, bytes).unwrap();
        // Newer rows of a source that is broken are not half published.
        house.offer("good", &[("other", &format!("SELECT {} AS id", bytes.len()))]);
        let rebuilt = orchestrator.rebuild(&owners(&rebuilt)).unwrap();
        assert_eq!(places(&rebuilt), ["bad"], "{} bytes: {:?}", bytes.len(), rebuilt.problems);
        assert_eq!(house.value("SELECT orders.id + visits.id FROM orders, visits"), "5");
        assert_eq!(house.value("SELECT id FROM other"), bytes.len().to_string(), "others go on");
        house.assert_sound(&rebuilt.publication);
    }
    // A database that is gone is no decision to publish nothing, and neither is a volume that is not mounted.
    fs::remove_file(&database).unwrap();
    let rebuilt = orchestrator.rebuild(&owners(&rebuilt)).unwrap();
    assert_eq!(places(&rebuilt), ["bad"], "{:?}", rebuilt.problems);
    let (extracts, aside) = (house.data_dir.extracts(), house.data_dir.root().join("aside"));
    fs::rename(&extracts, &aside).unwrap();
    let rebuilt = orchestrator.rebuild(&owners(&rebuilt)).unwrap();
    assert_eq!(places(&rebuilt), ["bad", "good"], "{:?}", rebuilt.problems);
    assert_eq!(house.value("SELECT orders.id + visits.id FROM orders, visits"), "5");
    fs::rename(&aside, &extracts).unwrap();
    // A source that was never good has nothing to keep.
    fs::create_dir_all(house.source("never")).unwrap();
    fs::write(house.source("never").join(DATABASE), "garbage").unwrap();
    fs::write(&database, good).unwrap();
    let rebuilt = orchestrator.rebuild(&owners(&rebuilt)).unwrap();
    assert_eq!(places(&rebuilt), ["never"]);
    house.assert_sound(&rebuilt.publication);
}

#[test]
fn a_broken_parquet_file_keeps_the_last_good_one() {
    let house = House::new();
    let orchestrator = house.open();
    let rows = "SELECT i AS id, md5(i::VARCHAR) AS text FROM range(5000) t(i)";
    house.offer("shop", &[("orders", rows), ("visits", "SELECT 1 AS id")]);
    let rebuilt = orchestrator.rebuild(&Standing::default()).unwrap();
    let file = data_file(&house.source("shop"), "orders");
    let good = fs::read(&file).unwrap();
    let mut no_footer = good.clone();
    let length = no_footer.len();
    no_footer[length - 300..length - 8].fill(0);
    for bytes in [b"".as_slice(), b"PAR1", &good[..good.len() / 2], &good[1..], &no_footer] {
        fs::write(&file, bytes).unwrap();
        let rebuilt = orchestrator.rebuild(&owners(&rebuilt)).unwrap();
        assert_eq!(places(&rebuilt), ["shop.orders"], "{} bytes", bytes.len());
        assert_eq!(house.value("SELECT count(text) FROM orders"), "5000", "{} bytes", bytes.len());
        house.assert_sound(&rebuilt.publication);
    }
    fs::remove_file(&file).unwrap();
    let rebuilt = orchestrator.rebuild(&owners(&rebuilt)).unwrap();
    assert_eq!(places(&rebuilt), ["shop.orders"], "the view reads a file that is gone");
    assert_eq!(house.value("SELECT count(text) FROM orders"), "5000");

    // The published bytes are the server's own: changing the source's file in place does not touch them.
    house.offer("shop", &[("orders", rows), ("visits", "SELECT 1 AS id")]);
    let rebuilt = orchestrator.rebuild(&owners(&rebuilt)).unwrap();
    assert_eq!(places(&rebuilt), [""; 0]);
    let writer = fs::OpenOptions::new().write(true).open(&file).unwrap();
    writer.set_len(10).unwrap();
    house.assert_sound(&rebuilt.publication);
}

#[test]
fn what_meta_names_without_an_object_is_a_problem() {
    let house = House::new();
    house.database(
        "shop",
        "CREATE TABLE real AS SELECT 1 AS id;
         INSERT INTO _meta (table_name) VALUES ('real'), ('ghost');
         INSERT INTO _meta (table_name, query_mode) VALUES ('far_away', 'remote');
         CREATE TABLE private AS SELECT 2 AS id",
    );
    let rebuilt = house.open().rebuild(&Standing::default()).unwrap();
    assert_eq!(places(&rebuilt), ["shop.far_away", "shop.ghost"]);
    assert_eq!(
        rebuilt.sources["shop"],
        ["real"],
        "neither a remote table without a way there nor what _meta does not name"
    );
    house.assert_sound(&rebuilt.publication);
}

#[test]
fn a_broken_way_to_a_source_leaves_its_other_tables() {
    let house = House::new();
    house.database(
        "shop",
        "CREATE TABLE real AS SELECT 1 AS id;
         CREATE TABLE _remote_attach (alias VARCHAR);
         CREATE VIEW far AS SELECT 2 AS id;
         INSERT INTO _meta (table_name, query_mode) VALUES ('real', 'local'), ('far', 'remote')",
    );
    let rebuilt = house.open().rebuild(&Standing::default()).unwrap();
    assert_eq!((places(&rebuilt), &rebuilt.sources["shop"]), (vec!["shop.far".into()], &vec!["real".to_owned()]));
    assert!(rebuilt.problems[0].error.contains("_remote_attach"), "{:?}", rebuilt.problems);
}
