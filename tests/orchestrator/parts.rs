//! Tables in parts.

use std::path::PathBuf;

use agnes::extract::{self, Content, Part, Publication, PublishedTable, data_file, parts_folder};
use agnes::sync::Standing;

use crate::{House, meta, parquet, places};

fn part_file(house: &House, part: &str) -> PathBuf {
    parts_folder(&house.source("shop"), "sales").join(format!("{part}.parquet"))
}

/// Writes some parts in the way of our connectors, and the extract that names the table.
fn offer(house: &House, parts: &[(&str, &str)]) {
    for (part, sql) in parts {
        parquet(&part_file(house, part), sql);
    }
    std::fs::write(house.source("shop").join(agnes::connectors::LOCK), "").unwrap();
    extract::write(&house.source("shop"), &[meta("sales")]).unwrap();
}

fn parts(table: &PublishedTable) -> Vec<(&str, i64)> {
    let Content::Parts(parts) = &table.content else { panic!("not in parts: {table:?}") };
    parts.iter().map(|Part { name, rows, .. }| (name.as_str(), *rows)).collect()
}

#[test]
fn each_part_is_published_and_only_what_changed_is_new() {
    let house = House::new();
    let orchestrator = house.open();
    offer(&house, &[("2026-01", "SELECT 1 AS id"), ("2026-02", "SELECT 2 AS id, 'x' AS note FROM range(3)")]);
    let first = orchestrator.rebuild(&Standing::default()).unwrap();
    let sales = first.publication.get("SALES").unwrap().clone();
    assert_eq!((parts(&sales), sales.rows), (vec![("2026-01", 1), ("2026-02", 3)], 4));
    // Columns are matched by name.
    assert_eq!(house.value("SELECT sum(id) || count(note) FROM sales"), "73");
    house.assert_sound(&first.publication);

    offer(&house, &[("2026-02", "SELECT 5 AS id"), ("2026-03", "SELECT 6 AS id")]);
    let second = orchestrator.rebuild(&Standing::default()).unwrap();
    let now = second.publication.get("sales").unwrap().clone();
    assert_eq!(parts(&now), [("2026-01", 1), ("2026-02", 1), ("2026-03", 1)]);
    assert_eq!(now.files().next(), sales.files().next(), "the unchanged part is the same file");
    assert_ne!(now.version(), sales.version());
    assert_eq!(house.value("SELECT sum(id) FROM sales"), "12");

    std::fs::remove_file(part_file(&house, "2026-01")).unwrap();
    let third = orchestrator.rebuild(&Standing::default()).unwrap();
    assert_eq!(parts(third.publication.get("sales").unwrap()), [("2026-02", 1), ("2026-03", 1)]);
    // What is on disk tells the same after a restart, and nothing is hashed again.
    let reopened = house.open();
    assert_eq!(reopened.publication().get("sales"), third.publication.get("sales"));
    drop((first, second, sales, now));
    let fourth = reopened.rebuild(&Standing::default()).unwrap();
    assert_eq!(house.files().len(), 2, "{:?}", house.files());
    house.assert_sound(&fourth.publication);
}

#[test]
fn one_bad_part_keeps_the_whole_table_as_it_was() {
    let house = House::new();
    let orchestrator = house.open();
    offer(&house, &[("a", "SELECT 1 AS id"), ("b", "SELECT 2 AS id")]);
    let good = orchestrator.rebuild(&Standing::default()).unwrap();
    parquet(&part_file(&house, "a"), "SELECT 7 AS id");
    std::fs::remove_file(part_file(&house, "b")).unwrap();
    std::fs::write(part_file(&house, "b"), "PAR1 and nothing else PAR1").unwrap();
    for _ in 0..2 {
        let rebuilt = orchestrator.rebuild(&Standing::default()).unwrap();
        assert_eq!(places(&rebuilt), ["shop.sales"]);
        assert_eq!(rebuilt.publication.get("sales"), good.publication.get("sales"));
        assert_eq!(house.value("SELECT sum(id) FROM sales"), "3");
    }
    // Types that differ become one that holds both.
    std::fs::remove_file(part_file(&house, "b")).unwrap();
    parquet(&part_file(&house, "b"), "SELECT 'two' AS id");
    assert_eq!(places(&orchestrator.rebuild(&Standing::default()).unwrap()), [""; 0]);
    assert_eq!(house.value("SELECT string_agg(id, ' ' ORDER BY id) FROM sales"), "7 two");
    std::os::unix::fs::symlink("/etc/passwd", part_file(&house, "c")).unwrap();
    let rebuilt = orchestrator.rebuild(&Standing::default()).unwrap();
    assert!(rebuilt.problems[0].error.contains("symbolic link"), "{:?}", rebuilt.problems);
    house.assert_sound(&rebuilt.publication);
}

#[test]
fn the_newest_form_of_a_table_counts() {
    let house = House::new();
    let orchestrator = house.open();
    let file = data_file(&house.source("shop"), "sales");
    parquet(&file, "SELECT 1 AS id");
    extract::write(&house.source("shop"), &[meta("sales")]).unwrap();
    orchestrator.rebuild(&Standing::default()).unwrap();
    assert_eq!(house.value("SELECT sum(id) FROM sales"), "1");
    // The connector was killed before it removed the old form.
    let later = |path: &PathBuf, seconds: u64| {
        let time = std::time::SystemTime::now() + std::time::Duration::from_secs(seconds);
        std::fs::File::open(path).unwrap().set_modified(time).unwrap();
    };
    offer(&house, &[("a", "SELECT 5 AS id")]);
    later(&part_file(&house, "a"), 10);
    let rebuilt = orchestrator.rebuild(&Standing::default()).unwrap();
    assert_eq!((house.value("SELECT sum(id) FROM sales"), rebuilt.problems.len()), ("5".into(), 0));
    later(&file, 20);
    orchestrator.rebuild(&Standing::default()).unwrap();
    assert_eq!(house.value("SELECT sum(id) FROM sales"), "1");
}

#[test]
fn columns_of_all_files_are_known_also_after_a_restart() {
    let house = House::new();
    offer(&house, &[("a", "SELECT 1 AS id, 1.5::DECIMAL(9,2) AS price"), ("b", "SELECT 2 AS id, [{'x': 1}] AS more")]);
    let orchestrator = house.open();
    let rebuilt = orchestrator.rebuild(&Standing::default()).unwrap();
    let columns = |publication: &Publication| {
        let table = publication.tables().next().unwrap();
        let columns = table.columns.iter().map(|column| format!("{} {}", column.name, column.column_type));
        columns.collect::<Vec<_>>().join(", ")
    };
    let expected = "id INTEGER, price DECIMAL(9,2), more STRUCT(x INTEGER)[]";
    assert_eq!(columns(&rebuilt.publication), expected);
    assert_eq!(columns(&house.open().publication()), expected);
    // Nothing has changed, so nothing is read again.
    assert_eq!(columns(&orchestrator.rebuild(&Standing::default()).unwrap().publication), expected);
}
