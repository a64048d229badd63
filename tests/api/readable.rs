//! Manifest, download and query agree on what somebody may read, for any set of grants.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use agnes::store::registry;
use serde_json::json;

use crate::support::people::list;
use crate::support::{Client, TestApp};

/// Registry id or, where a table is not registered, its name; then the name.
const TABLES: [(&str, &str); 4] = [("orders", "Orders"), ("items", "items"), ("loose", "loose"), ("crm", "crm")];
/// Registered for Keboola, but published by somebody else: a grant does not open it.
const OF_ANOTHER_SOURCE: &str = "crm";

/// A server with tables of two sources, of which `loose` is not registered.
async fn start() -> TestApp {
    let app = TestApp::start().await;
    for name in ["Orders", "items"] {
        app.drop_file(&format!("{name}.csv"), "id\n1\n");
        app.register(name).await.ok();
    }
    let crm = json!({ "name": "crm", "source_type": "keboola", "bucket": "in.c-crm", "source_table": "crm" });
    app.admin().await.post_json("/api/admin/register-table", crm).await.ok();
    let folder = app.data_dir().join("folder");
    std::fs::create_dir(&folder).unwrap();
    for name in ["loose", "crm"] {
        std::fs::write(folder.join(name).with_extension("csv"), "id\n1\n").unwrap();
    }
    extract(&app, &folder, "other");
    app.sync_of(json!(["orders", "items"])).await;
    app
}

/// Fills the extract of a source from a folder of files.
fn extract(app: &TestApp, folder: &Path, source: &str) {
    let mut extract = Command::new(env!("CARGO_BIN_EXE_agnes"));
    extract.args(["extract", "files"]).arg(folder).args(["--source", source]).env("DATA_DIR", app.data_dir());
    assert!(extract.output().unwrap().status.success());
}

async fn in_manifest(caller: &Client) -> BTreeSet<String> {
    let manifest = caller.get("/api/sync/manifest").await.ok();
    manifest["tables"].as_object().unwrap().keys().cloned().collect()
}

async fn downloadable(caller: &Client) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (id, name) in TABLES {
        let by_name = caller.get(&format!("/api/data/{name}/download")).await.status;
        let by_id = caller.get(&format!("/api/data/{id}/download")).await.status;
        assert_eq!(by_name, by_id, "{name}");
        match by_name.as_u16() {
            200 => drop(found.insert(name.to_owned())),
            other => assert_eq!(other, 403, "{name}"),
        }
    }
    found
}

async fn nameable(caller: &Client) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, name) in TABLES {
        let sql = format!("SELECT count(*) FROM {name}");
        match caller.post_json("/api/query", json!({ "sql": sql })).await.status.as_u16() {
            200 => drop(found.insert(name.to_owned())),
            other => assert_eq!(other, 403, "{name}"),
        }
    }
    found
}

#[tokio::test]
async fn for_every_set_of_grants() {
    let app = start().await;
    let bob = app.user("bob@example.com", &["one", "two"]).await;
    let groups = ["one", "two"];
    let mut granted = BTreeSet::new();
    // A Gray code: each step gives or takes one grant, and every set comes once.
    for step in 1_usize..=(1 << TABLES.len()) {
        let readable: BTreeSet<String> = granted.iter().filter(|name| **name != OF_ANOTHER_SOURCE).cloned().collect();
        assert_eq!(in_manifest(&bob).await, readable);
        assert_eq!(downloadable(&bob).await, readable);
        assert_eq!(nameable(&bob).await, readable);
        let turn = step.trailing_zeros() as usize;
        let Some((id, name)) = TABLES.get(turn) else { continue };
        if granted.remove(*name) {
            withdraw(&app, id).await;
        } else {
            app.grant(groups[turn % 2], id).await;
            granted.insert((*name).to_owned());
        }
    }
}

#[tokio::test]
async fn admins_read_everything() {
    let app = start().await;
    let all: BTreeSet<String> = TABLES.iter().map(|(_, name)| (*name).to_owned()).collect();
    let admin = app.admin().await;
    assert_eq!((in_manifest(admin).await, downloadable(admin).await), (all.clone(), all.clone()));
    assert_eq!(nameable(admin).await, all);
}

/// Rows of an old database may hold anything. They are shown as they are, and open the table of their own source only.
#[tokio::test]
async fn rows_that_are_not_understood_open_nothing() {
    let app = start().await;
    let folder = app.data_dir().join("warehouse");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("totals.csv"), "id\n1\n").unwrap();
    extract(&app, &folder, "bigquery");
    app.sync().await;
    let bob = app.user("bob@example.com", &["one"]).await;
    let store = app.state.store.clone();
    for (table, source, mode, is_open) in [
        ("loose", Some("other"), Some("local"), true),
        // Nobody else provides the table, so a row without a source stands for it.
        ("loose", None, None, true),
        ("loose", Some(""), Some("local"), true),
        ("loose", Some("local"), Some("magic"), false),
        ("loose", Some("other"), Some("magic"), false),
        ("loose", Some("oracle"), Some("local"), false),
        ("loose", Some("Other"), Some("local"), false),
        ("loose", None, Some("materialized"), false),
        // A source that Agnes provides itself is never meant by such a row.
        ("totals", Some("local"), Some("local"), false),
        ("totals", None, None, false),
        ("totals", None, Some("materialized"), true),
        ("totals", Some("bigquery"), Some("local"), true),
    ] {
        let row = registry::Table {
            id: "row".into(),
            name: table.into(),
            source_type: source.map(Into::into),
            query_mode: mode.map(Into::into),
            ..registry::Table::default()
        };
        store.write(move |change| registry::insert(change, &row)).await.unwrap();
        app.grant("one", "row").await;
        let expected = if is_open { BTreeSet::from([table.to_owned()]) } else { BTreeSet::new() };
        assert_eq!(in_manifest(&bob).await, expected, "{table} {source:?} {mode:?}");
        let rows = app.admin().await.get("/api/admin/registry").await.ok();
        let shown = list(&rows["tables"]).iter().find(|shown| shown["id"] == "row").unwrap();
        assert_eq!((&shown["source_type"], &shown["query_mode"]), (&json!(source), &json!(mode)));
        store.write(|change| registry::delete(change, "row").map(drop)).await.unwrap();
    }
}

async fn withdraw(app: &TestApp, table: &str) {
    let admin = app.admin().await;
    let grants = admin.get("/api/admin/grants").await.ok();
    let grant = list(&grants).iter().find(|grant| grant["resource_id"] == table).unwrap();
    admin.delete(&format!("/api/admin/grants/{}", grant["id"].as_str().unwrap())).await.ok();
}
