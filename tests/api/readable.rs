//! Manifest, download and query agree on what somebody may read, for any set of grants.

use std::collections::BTreeSet;
use std::process::Command;

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
    let mut extract = Command::new(env!("CARGO_BIN_EXE_agnes"));
    extract.args(["extract", "files"]).arg(&folder).args(["--source", "other"]).env("DATA_DIR", app.data_dir());
    assert!(extract.output().unwrap().status.success());
    app.sync_of(json!(["orders", "items"])).await;
    app
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

async fn withdraw(app: &TestApp, table: &str) {
    let admin = app.admin().await;
    let grants = admin.get("/api/admin/grants").await.ok();
    let grant = list(&grants).iter().find(|grant| grant["resource_id"] == table).unwrap();
    admin.delete(&format!("/api/admin/grants/{}", grant["id"].as_str().unwrap())).await.ok();
}
