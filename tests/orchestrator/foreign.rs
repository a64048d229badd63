//! Extracts that others wrote: rows in the database itself, in many files, behind views, with other paths.

use agnes::extract::data_file;
use agnes::sync::Standing;

use crate::{House, META, owners, parquet, places};

#[test]
fn tables_in_the_database_and_views_over_many_files_are_exported() {
    let house = House::new();
    let orchestrator = house.open();
    let directory = house.source("events");
    for month in 1..=3 {
        parquet(&directory.join(format!("data/clicks/month={month}.parquet")), "SELECT i FROM range(10) t(i)");
    }
    let sql = "CREATE TABLE facts AS SELECT i AS id, i * 1.5 AS amount FROM range(100) t(i);
        CREATE VIEW clicks AS SELECT * FROM read_parquet('DIR/data/clicks/*.parquet');
        CREATE VIEW big AS SELECT * FROM facts WHERE id >= 90;
        INSERT INTO _meta (table_name, description) VALUES ('facts', 'in the file'), ('clicks', NULL), ('big', NULL)";
    house.database("events", sql);
    let rebuilt = orchestrator.rebuild(&Standing::default()).unwrap();
    assert_eq!(places(&rebuilt), [""; 0], "{:?}", rebuilt.problems);
    assert_eq!(house.value("SELECT sum(amount) FROM facts"), "7425.0");
    assert_eq!(house.value("SELECT count(*) FROM clicks"), "30");
    assert_eq!(house.value("SELECT count(*) FROM big"), "10");
    assert_eq!(rebuilt.publication.get("facts").unwrap().description.as_deref(), Some("in the file"));
    house.assert_sound(&rebuilt.publication);

    // One more shard changes that table.
    parquet(&directory.join("data/clicks/month=4.parquet"), "SELECT 1 AS i");
    let rebuilt = orchestrator.rebuild(&owners(&rebuilt)).unwrap();
    assert_eq!(house.value("SELECT count(*) FROM clicks"), "31");
    house.database("events", &sql.replace("range(100)", "range(200)"));
    let rebuilt = orchestrator.rebuild(&owners(&rebuilt)).unwrap();
    assert_eq!(house.value("SELECT count(*) FROM facts"), "200");
    house.assert_sound(&rebuilt.publication);
}

#[test]
fn a_view_cannot_reach_beyond_its_source() {
    let house = House::new();
    let orchestrator = house.open();
    house.offer("victim", &[("salaries", "SELECT 'secret' AS text")]);
    let secret = house.data_dir.state().join("secret.csv");
    std::fs::create_dir_all(house.data_dir.state()).unwrap();
    std::fs::write(&secret, "text\nsecret\n").unwrap();
    let salaries = data_file(&house.source("victim"), "salaries");
    house.database(
        "thief",
        &format!(
            "CREATE VIEW csv AS SELECT * FROM read_csv('{}');
             CREATE VIEW parquet AS SELECT * FROM read_parquet('{}');
             CREATE VIEW up AS SELECT * FROM read_text('DIR/../../state/*');
             CREATE VIEW system AS SELECT * FROM read_text('/etc/hostname');
             CREATE VIEW names AS SELECT * FROM glob('/etc/*');
             CREATE VIEW honest AS SELECT 1 AS id;
             INSERT INTO _meta (table_name)
             VALUES ('csv'), ('parquet'), ('up'), ('system'), ('names'), ('honest')",
            secret.display(),
            salaries.display()
        ),
    );
    let rebuilt = orchestrator.rebuild(&Standing::default()).unwrap();
    assert_eq!(places(&rebuilt), ["thief.csv", "thief.names", "thief.parquet", "thief.system", "thief.up"]);
    assert_eq!(rebuilt.sources["thief"], ["honest"]);
    house.assert_sound(&rebuilt.publication);
}

#[test]
fn views_with_paths_of_another_machine_are_served_from_the_data_folder() {
    let house = House::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let old = elsewhere.path().join("kbc");
    for (name, rows) in [("orders", 5), ("customers", 6)] {
        parquet(&data_file(&old, name), &format!("SELECT i AS id FROM range({rows}) t(i)"));
    }
    let database = agnes::engine::open(&old.join("extract.duckdb"), &agnes::engine::Limits::small()).unwrap();
    database
        .execute_batch(&format!(
            "{META}
             CREATE VIEW orders AS SELECT * FROM read_parquet('{0}/data/orders.parquet');
             CREATE VIEW customers AS SELECT * FROM read_parquet('{0}/data/customers.parquet');
             INSERT INTO _meta VALUES ('orders', 'd', 5, 100, '2026-01-02 03:04:05', 'local'),
                                      ('customers', NULL, NULL, NULL, NULL, NULL)",
            old.display()
        ))
        .unwrap();
    drop(database);
    std::fs::create_dir_all(house.data_dir.extracts()).unwrap();
    std::fs::rename(&old, house.source("kbc")).unwrap();

    let rebuilt = house.open().rebuild(&Standing::default()).unwrap();
    assert_eq!(places(&rebuilt), [""; 0], "{:?}", rebuilt.problems);
    assert_eq!(house.value("SELECT (SELECT count(*) FROM orders) + (SELECT count(*) FROM customers)"), "11");
    let orders = rebuilt.publication.get("orders").unwrap();
    assert_eq!((orders.rows, orders.extracted_at.unwrap().to_string().as_str()), (5, "2026-01-02T03:04:05Z"));
    house.assert_sound(&rebuilt.publication);
}

/// Extracts of v0.35 hold the files of materialized tables without naming them.
#[test]
fn files_of_materialized_tables_are_published_although_the_extract_does_not_name_them() {
    let house = House::new();
    let orchestrator = house.open();
    house.offer("bigquery", &[("orders", "SELECT 1 AS id")]);
    parquet(&data_file(&house.source("bigquery"), "totals"), "SELECT 2 AS id");
    let materialized = [("bigquery", "totals"), ("bigquery", "gone"), ("nowhere", "x"), ("bigquery", "../orders")];
    let standing = Standing {
        materialized: materialized.map(|(source, name)| (source.into(), name.into())).into(),
        ..Standing::default()
    };
    let rebuilt = orchestrator.rebuild(&standing).unwrap();
    assert_eq!(rebuilt.sources["bigquery"], ["orders", "totals"]);
    assert_eq!(rebuilt.publication.get("totals").unwrap().rows, 1);
    assert!(rebuilt.problems.is_empty(), "{:?}", rebuilt.problems);
}
