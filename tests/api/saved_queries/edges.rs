//! What happens to saved queries when people, groups and tables go.

use std::path::Path;

use agnes::store::lineage;
use serde_json::json;

use super::{House, PATH, keep, query, refresh, save, share};
use crate::support::TestApp;

#[tokio::test]
async fn queries_of_somebody_who_leaves() {
    let house = House::open().await;
    let (ann, admin) = (&house.ann, house.admin().await);
    let own = keep(ann, "own", "SELECT 1 AS one").await;
    let body = json!({ "name": "Shared", "sql": "SELECT id FROM orders", "table": "shared", "schedule": "every 1h" });
    let shared = save(ann, body).await;
    refresh(ann, &shared).await.ok();
    share(ann, &shared, "Sales").await.ok();
    save(admin, json!({ "name": "shared", "sql": "SELECT 1" })).await;

    let ann_id = house.app.user_id("ann@example.com").await;
    admin.delete(&format!("/api/users/{ann_id}")).await.ok();
    assert_eq!(admin.get(&format!("{PATH}/{own}")).await.status, 404);
    assert!(house.app.state.orchestrator.publication().get("own").is_none());
    // What others use stays as it is, and nobody's rights refresh it unseen.
    let passed = admin.get(&format!("{PATH}/{shared}")).await.ok();
    assert_eq!((&passed["owner"], &passed["schedule"]), (&json!("admin@example.com"), &json!(null)));
    assert!(passed["name"].as_str().unwrap().starts_with("Shared (ann@example.com, "), "{passed}");
    assert_eq!(house.bob.value("SELECT count(*) FROM shared").await, 3);
    admin.patch_json(&format!("{PATH}/{shared}"), json!({ "name": "Taken", "schedule": "every 1h" })).await.ok();
    assert_eq!(refresh(admin, &shared).await.ok()["last_run"]["status"], "ok");
}

#[tokio::test]
async fn the_row_of_a_table_is_changed_with_its_query_only() {
    let house = House::open().await;
    let (ann, admin) = (&house.ann, house.admin().await);
    let id = keep(ann, "kept", "SELECT 1 AS one").await;
    let path = format!("{PATH}/{id}");
    for change in [json!({ "name": "other" }), json!({ "source_type": "local" }), json!({ "description": "x" })] {
        let refused = admin.put_json("/api/admin/registry/kept", change.clone()).await;
        assert_eq!(refused.status, 409, "{change}: {refused}");
    }
    ann.patch_json(&path, json!({ "description": "One" })).await.ok();
    assert_eq!(ann.get("/api/catalog/tables").await.ok()["tables"][0]["description"], "One");
    // Another name is another table.
    ann.patch_json(&path, json!({ "table": "renamed" })).await.ok();
    assert_eq!(query(ann, "FROM kept").await.status, 403);
    assert_eq!(query(ann, "FROM renamed").await.status, 400, "not refreshed yet");
    refresh(ann, &id).await.ok();
    assert_eq!(ann.value("FROM renamed").await, 1);
    // Unregistering it takes it away from the query.
    admin.delete("/api/admin/registry/renamed").await.ok();
    let left = ann.get(&path).await.ok();
    assert_eq!((&left["table"], &left["schedule"], &left["lineage"]), (&json!(null), &json!(null), &json!([])));
    assert_eq!(query(ann, "FROM renamed").await.status, 403);
    // The name is free again.
    ann.patch_json(&path, json!({ "table": "renamed" })).await.ok();
}

/// A name that somebody else publishes meanwhile stays theirs.
#[tokio::test]
async fn a_table_that_another_source_publishes_first() {
    let house = House::open().await;
    let id = save(&house.ann, json!({ "name": "a", "sql": "SELECT 1 AS one", "table": "contested" })).await;
    let folder = house.app.data_dir().join("folder");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("contested.csv"), "id\n7\n").unwrap();
    extract(&house.app, &folder, "another");
    house.app.sync().await;
    assert_eq!(query(&house.ann, "FROM contested").await.status, 403, "it is not the table of the query");
    let run = refresh(&house.ann, &id).await.ok()["last_run"].clone();
    assert_eq!(run["status"], "failed");
    assert!(run["error"].as_str().unwrap().contains("already published by another"), "{run}");
    assert_eq!(house.admin().await.value("FROM contested").await, 7);
}

fn extract(app: &TestApp, folder: &Path, source: &str) {
    let mut extract = std::process::Command::new(env!("CARGO_BIN_EXE_agnes"));
    extract.args(["extract", "files"]).arg(folder).args(["--source", source]).env("DATA_DIR", app.data_dir());
    assert!(extract.output().unwrap().status.success());
}

/// A table without a known origin opens nothing: an old copy of the state database may lack it.
#[tokio::test]
async fn rows_of_unknown_origin_are_for_admins() {
    let house = House::open().await;
    let id = keep(&house.ann, "kept", "SELECT id FROM orders").await;
    let query_id = id.clone();
    let store = &house.app.state.store;
    store.write_results(move |change| lineage::delete(change, &query_id)).await.unwrap();
    assert_eq!(query(&house.ann, "FROM kept").await.status, 403);
    assert_eq!(house.admin().await.value("SELECT count(*) FROM kept").await, 3);
    refresh(&house.ann, &id).await.ok();
    assert_eq!(house.ann.value("SELECT count(*) FROM kept").await, 3);
}
