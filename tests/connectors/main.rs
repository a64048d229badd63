//! Custom connectors, as the built program runs them.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a helper that fails ends its test")]

mod cancel;
mod example;
#[path = "../support/http.rs"]
mod http;
#[path = "../support/program.rs"]
mod program;
mod sync;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use agnes::base::ident::quote_path;
use agnes::config::DataDir;
use agnes::engine::{self, Limits};
use agnes::extract::{self, TableMeta, data_file};
use program::{Place, Ran};

/// A place with a folder for connectors, and one with extracts that they copy.
struct House {
    place: Place,
    connectors: tempfile::TempDir,
}

impl House {
    fn new(variables: &[(&str, &str)]) -> Self {
        let connectors = tempfile::tempdir().unwrap();
        let folder = connectors.path().to_str().unwrap().to_owned();
        let mut all = vec![("CONNECTORS_DIR", folder.as_str()), ("CONNECTORS_ENV_ALLOW", "MADE, OTHER")];
        let made = format!("{folder}/.made");
        all.push(("MADE", &made));
        all.extend(variables);
        Self { place: Place::new(&all), connectors }
    }

    /// A connector that is a shell script.
    fn script(&self, name: &str, script: &str) {
        let folder = self.connectors.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("extractor"), format!("#!/bin/sh\nset -e\n{script}\n")).unwrap();
        std::fs::set_permissions(folder.join("extractor"), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// An extract with one table for scripts to copy.
    fn make(&self, name: &str, sql: &str) -> PathBuf {
        let directory = self.connectors.path().join(".made").join(name);
        table(&directory, "orders", sql, 2);
        directory
    }

    fn run(&self, name: &str) -> Ran {
        self.place.run(&["extract", "custom", name])
    }

    fn extract(&self, name: &str) -> PathBuf {
        DataDir::new(self.place.data_dir()).unwrap().extract(name)
    }

    /// The sum of `id` over the extract's only file.
    fn sum(&self, name: &str) -> i64 {
        let connection = engine::in_memory(&Limits::small()).unwrap();
        let file = quote_path(&data_file(&self.extract(name), "orders"));
        connection
            .query_row(&format!("SELECT sum(id)::BIGINT FROM read_parquet({file})"), [], |row| row.get(0))
            .unwrap()
    }

    /// Nothing of an unfinished run is left.
    fn assert_clean(&self, name: &str) {
        assert!(!self.extract(".staging").join(name).exists());
    }
}

/// Writes an extract with one table.
fn table(directory: &Path, name: &str, sql: &str, rows: i64) {
    std::fs::create_dir_all(directory.join("data")).unwrap();
    let connection = engine::in_memory(&Limits::small()).unwrap();
    let file = quote_path(&data_file(directory, name));
    connection.execute_batch(&format!("COPY ({sql}) TO {file} (FORMAT parquet)")).unwrap();
    let meta = TableMeta {
        table_name: name.into(),
        description: None,
        rows,
        size_bytes: 0,
        extracted_at: None,
        query_mode: "local".into(),
    };
    extract::write(directory, &[meta]).unwrap();
}

const COPY: &str = "cp -r \"$MADE/good/.\" \"$AGNES_EXTRACT_DIR\"";

fn good() -> House {
    let house = House::new(&[]);
    house.make("good", "SELECT i AS id FROM range(1, 3) t(i)");
    house.script("shop", COPY);
    let ran = house.run("shop");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "{\"tables_extracted\":1,\"tables_failed\":0,\"errors\":[]}\n"),
        "{ran:?}"
    );
    assert_eq!(house.sum("shop"), 3);
    house.assert_clean("shop");
    house
}

/// A later run of the connector fails with these words, and the extract stays.
fn assert_refused(house: &House, script: &str, words: &[&str]) {
    house.script("shop", script);
    let ran = house.run("shop");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:?}");
    for word in words {
        assert!(ran.stderr.contains(word), "{word} is not in: {}", ran.stderr);
    }
    assert_eq!(house.sum("shop"), 3);
    house.assert_clean("shop");
}

#[test]
fn a_connector_that_fails_or_breaks_the_contract_changes_nothing() {
    let house = good();
    assert_refused(&house, "echo out; echo 'no credentials' >&2; exit 3", &["exit status: 3", "no credentials"]);
    assert_refused(&house, &format!("{COPY}; kill -9 $$"), &["signal: 9"]);
    assert_refused(&house, &format!("{COPY}; rm -r \"$AGNES_EXTRACT_DIR/data\""), &["orders", "a view alone has none"]);
    let half = "head -c 100 \"$MADE/good/data/orders.parquet\" > \"$AGNES_EXTRACT_DIR/data/orders.parquet\"";
    assert_refused(&house, &format!("{COPY}; {half}"), &["orders", "it is cut off"]);
    let link = "ln -sf /etc/passwd \"$AGNES_EXTRACT_DIR/data/orders.parquet\"";
    assert_refused(&house, &format!("{COPY}; {link}"), &["symbolic link"]);
    assert_refused(&house, "echo junk > \"$AGNES_EXTRACT_DIR/extract.duckdb\"", &["cannot be published"]);
    let connection = engine::open(&house.connectors.path().join("odd.duckdb"), &Limits::small()).unwrap();
    connection.execute_batch("CREATE TABLE _meta (name VARCHAR); CHECKPOINT").unwrap();
    drop(connection);
    assert_refused(&house, "cp \"$MADE/../odd.duckdb\" \"$AGNES_EXTRACT_DIR/extract.duckdb\"", &["table_name"]);
    assert_refused(&house, "rm -rf \"$AGNES_EXTRACT_DIR\"; mkdir \"$AGNES_EXTRACT_DIR\"; true; exit 9", &["status: 9"]);
}

#[test]
fn what_it_says_of_its_rows_is_checked() {
    let house = good();
    house.make("good", "SELECT i AS id FROM range(10) t(i)");
    house.script("shop", COPY);
    let ran = house.run("shop");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("orders: _meta says 2 rows, and there are 10"), "{ran:?}");
    assert_eq!(house.sum("shop"), 45);
}

#[test]
fn a_connector_that_hangs_is_ended_with_all_its_children() {
    let house = House::new(&[("AGNES_CONNECTOR_TIMEOUT", "1")]);
    house.make("good", "SELECT i AS id FROM range(1, 3) t(i)");
    house.script("shop", COPY);
    assert_eq!(house.run("shop").code, 0);
    let mark = house.connectors.path().join("child");
    let script = format!("sh -c 'echo $$ > {}; exec sleep 600' & echo waiting >&2; sleep 600", mark.display());
    assert_refused(&house, &script, &["ended after 1 s", "AGNES_CONNECTOR_TIMEOUT", "waiting"]);
    let child = std::fs::read_to_string(mark).unwrap();
    // It may be a zombie until somebody asks for it, but it does not run.
    let state = std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "{state}");
}

#[test]
fn it_sees_only_what_it_was_allowed_to_see() {
    let house =
        House::new(&[("JWT_SECRET_KEY", "secret-of-the-server-0123456789abcdef"), ("OTHER", "o"), ("KEBOOLA_X", "k")]);
    house.script("shop", "env | sort > \"$MADE.env\"; pwd >> \"$MADE.env\"");
    house.run("shop");
    let seen = std::fs::read_to_string(house.connectors.path().join(".made.env")).unwrap();
    for (name, is_seen) in [
        ("JWT_SECRET_KEY=", false),
        ("AGNES_LOG_FORMAT=", false),
        ("OTHER=o", true),
        ("KEBOOLA_X=k", true),
        ("DATA_DIR=", true),
        ("AGNES_CONNECTOR=shop", true),
    ] {
        assert_eq!(seen.contains(name), is_seen, "{name}: {seen}");
    }
    assert!(seen.trim().ends_with("/shop"), "it starts in its own folder");
}

#[test]
fn names_and_folders() {
    let house = House::new(&[]);
    for (name, word) in
        [("nobody", "there is no connector nobody"), ("keboola", "cannot name"), ("../x", "cannot name")]
    {
        let ran = house.run(name);
        assert!(ran.code == 1 && ran.stderr.contains(word), "{ran:?}");
    }
    // One that writes to its place itself, as connectors for v0.35 do.
    house.make("good", "SELECT i AS id FROM range(1, 3) t(i)");
    let there = "mkdir -p \"$DATA_DIR/extracts/old\"; cp -r \"$MADE/good/.\" \"$DATA_DIR/extracts/old\"";
    house.script("old", there);
    assert_eq!(house.run("old").code, 0);
    assert_eq!(house.sum("old"), 3);
    house.script("lazy", "true");
    let ran = house.run("lazy");
    assert!(ran.code == 1 && ran.stderr.contains("wrote no extract.duckdb"), "{ran:?}");
}
