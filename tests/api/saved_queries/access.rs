//! Who reads the tables of saved queries: those they are shared with, as far as they may read all that the rows come from.

use serde_json::{Value, json};

use super::{House, PATH, keep, query, refresh, save, share};
use crate::support::people::{list, text};
use crate::support::{Client, TestApp};

/// Manifest, download, query, catalog and profile agree.
async fn assert_reads(caller: &Client, table: &str, expected: bool, case: &str) {
    let manifest = caller.get("/api/sync/manifest").await.ok();
    let catalog = caller.get("/api/catalog/tables").await.ok();
    let is_listed = list(&catalog["tables"]).iter().any(|listed| listed["name"] == table);
    assert_eq!(manifest["tables"].get(table).is_some(), expected, "{case}: manifest");
    assert_eq!(is_listed, expected, "{case}: catalog");
    let shown = query(caller, "SHOW TABLES").await.ok()["rows"].to_string();
    assert_eq!(shown.contains(&format!("\"{table}\"")), expected, "{case}: SHOW TABLES");
    let denied = if expected { 200 } else { 403 };
    let spelled = [table.to_owned(), format!("saved_queries.{table}"), format!("server.{}", table.to_uppercase())];
    for name in spelled {
        let answer = query(caller, &format!("SELECT count(*) FROM {name}")).await;
        assert_eq!(answer.status, denied, "{case}: {name}: {answer}");
    }
    assert_eq!(caller.get(&format!("/api/data/{table}/download")).await.status, denied, "{case}: download");
    let profile = caller.get(&format!("/api/catalog/profile/{table}")).await.status;
    assert_eq!(profile == 403, !expected, "{case}: profile {profile}");
}

async fn withdraw(app: &TestApp, group: &str, table: &str) {
    let (admin, group) = (app.admin().await, app.group(group).await);
    let grants = admin.get("/api/admin/grants").await.ok();
    let is_it = |grant: &&Value| grant["resource_id"] == table && grant["group_id"] == group;
    let grant = list(&grants).iter().find(is_it).expect("a grant");
    admin.delete(&format!("/api/admin/grants/{}", text(&grant["id"]))).await.ok();
}

#[tokio::test]
async fn sharing_and_every_grant_are_needed() {
    let house = House::open().await;
    let (app, admin) = (&house.app, house.admin().await);
    let owner = app.user("owner@example.com", &["Owners", "Team"]).await;
    let reader = app.user("reader@example.com", &["Team"]).await;
    for table in ["orders", "salaries"] {
        app.grant("Owners", table).await;
    }
    let sql = "SELECT o.id, s.salary FROM orders o, salaries s";
    let id = keep(&owner, "paid", sql).await;
    // A grant on the table itself is refused, since it would open nothing.
    let grant = json!({ "group_id": app.group("Team").await, "resource_type": "table", "resource_id": "paid" });
    insta::assert_snapshot!(admin.post_json("/api/admin/grants", grant).await, @r#"
    409 Conflict
    {"detail":"This is the table of a saved query, and read by those it is shared with: share the query instead"}
    "#);

    // A Gray code of what the reader has: sharing, and the two grants.
    let mut has = [false; 3];
    for step in 1_usize..=8 {
        let case = format!("{has:?}");
        assert_reads(&reader, "paid", has == [true; 3], &case).await;
        assert_reads(&owner, "paid", true, &case).await;
        assert_reads(admin, "paid", true, &case).await;
        assert_reads(&house.bob, "paid", false, &case).await;
        let turn = step.trailing_zeros() as usize;
        let Some(switched) = has.get_mut(turn) else { continue };
        *switched = !*switched;
        match (turn, *switched) {
            (0, true) => drop(share(&owner, &id, "Team").await.ok()),
            (0, false) => drop(owner.delete(&format!("{PATH}/{id}/groups/Team")).await.ok()),
            (_, true) => drop(app.grant("Team", ["", "orders", "salaries"][turn]).await),
            (_, false) => withdraw(app, "Team", ["", "orders", "salaries"][turn]).await,
        }
    }

    // The owner needs the grants, too; the last one of the reader's group is that on the salaries.
    withdraw(app, "Owners", "salaries").await;
    assert_reads(&owner, "paid", true, "an owner with a grant by another group").await;
    withdraw(app, "Team", "salaries").await;
    assert_reads(&owner, "paid", false, "an owner without a grant").await;
    assert_eq!(owner.get(&format!("{PATH}/{id}")).await.ok()["table"], "paid");
}

#[tokio::test]
async fn tables_of_tables_are_as_closed_as_what_they_come_from() {
    let house = House::open().await;
    let (app, ann, bob) = (&house.app, &house.ann, &house.bob);
    for table in ["orders", "salaries"] {
        app.grant("Payroll", table).await;
    }
    for person in ["ann@example.com", "bob@example.com"] {
        app.join(person, "Payroll").await;
    }
    let first = keep(ann, "first", "SELECT salary FROM salaries").await;
    assert_reads(bob, "first", false, "not shared").await;
    let refused = bob.post_json(PATH, json!({ "name": "a", "sql": "FROM first" })).await;
    assert_eq!(refused.status, 403, "{refused}");
    share(ann, &first, "Payroll").await.ok();
    let second = keep(bob, "second", "SELECT salary FROM first").await;
    let lineage = bob.get(&format!("{PATH}/{second}")).await.ok()["lineage"].clone();
    assert_eq!(lineage, json!([{ "id": "first", "name": "first" }, { "id": "salaries", "name": "salaries" }]));

    // Cyd is shared both, and needs what is behind them.
    for (owner, id) in [(ann, &first), (bob, &second)] {
        share(house.admin().await, id, "Others").await.ok();
        assert_eq!(owner.get(&format!("{PATH}/{id}")).await.status, 200);
    }
    assert_reads(&house.cyd, "second", false, "without salaries").await;
    app.grant("Others", "salaries").await;
    assert_reads(&house.cyd, "second", true, "with salaries").await;
    ann.delete(&format!("{PATH}/{first}/groups/Others")).await.ok();
    assert_reads(&house.cyd, "second", false, "the first is not shared any more").await;
    share(house.admin().await, &first, "Others").await.ok();

    // What the first is made of later says nothing about the rows that the second has.
    ann.patch_json(&format!("{PATH}/{first}"), json!({ "sql": "SELECT 1 AS salary" })).await.ok();
    assert_eq!(refresh(ann, &first).await.ok()["lineage"], json!([]));
    withdraw(app, "Others", "salaries").await;
    assert_reads(&house.cyd, "first", true, "made of nothing").await;
    assert_reads(&house.cyd, "second", false, "still made of salaries").await;
    refresh(bob, &second).await.ok();
    assert_reads(&house.cyd, "second", true, "made anew").await;
    // A table that is gone opens nothing that was made of it.
    ann.delete(&format!("{PATH}/{first}")).await.ok();
    assert_reads(&house.cyd, "second", false, "its source is gone").await;
    assert_reads(bob, "second", false, "its source is gone, for its owner too").await;
    assert_reads(house.admin().await, "second", true, "admins").await;
}

#[tokio::test]
async fn circles_are_refused() {
    let house = House::open().await;
    let ann = &house.ann;
    let one = keep(ann, "one", "SELECT id FROM orders").await;
    let two = keep(ann, "two", "SELECT id FROM one").await;
    keep(ann, "three", "SELECT id FROM two").await;
    for (id, sql) in [(&one, "SELECT id FROM one"), (&one, "SELECT id FROM three"), (&two, "FROM one, three")] {
        ann.patch_json(&format!("{PATH}/{id}"), json!({ "sql": sql })).await.ok();
        let run = refresh(ann, id).await.ok()["last_run"].clone();
        assert_eq!(run["status"], "failed", "{sql}");
        assert!(run["error"].as_str().unwrap().contains("reads its own table"), "{sql}: {run}");
        assert_eq!(ann.value("SELECT count(*) FROM one").await, 3, "the last rows stay");
    }
}

/// What a name or an id meant when the rows were made is what counts.
#[tokio::test]
async fn another_table_of_the_same_name_opens_nothing() {
    let house = House::open().await;
    let (app, admin) = (&house.app, house.admin().await);
    let id = keep(admin, "copied", "SELECT salary FROM salaries").await;
    share(admin, &id, "Sales").await.ok();
    assert_reads(&house.bob, "copied", false, "without salaries").await;
    admin.delete("/api/admin/registry/salaries").await.ok();
    app.drop_file("salaries.csv", "name,salary\nNobody,0\n");
    app.register("salaries").await.ok();
    app.grant("Sales", "salaries").await;
    app.sync().await;
    assert_eq!(house.bob.value("SELECT name FROM salaries").await, "Nobody");
    assert_reads(&house.bob, "copied", false, "made of another table").await;
    refresh(admin, &id).await.ok();
    assert_reads(&house.bob, "copied", true, "made of this one").await;
    // A rename changes nothing but the name.
    let renamed = json!({ "name": "wages" });
    admin.put_json("/api/admin/registry/salaries", renamed).await.ok();
    assert_reads(&house.bob, "copied", true, "renamed").await;
}

/// Whoever may read the rows of today must not see what was in those of yesterday.
#[tokio::test]
async fn profiles_are_of_the_rows_that_are_there() {
    let house = House::open().await;
    let admin = house.admin().await;
    let id = keep(admin, "mixed", "SELECT salary AS value FROM salaries").await;
    share(admin, &id, "Sales").await.ok();
    admin.post_json("/api/catalog/profile/mixed/refresh", json!({})).await.ok();
    assert_eq!(admin.get("/api/catalog/profile/mixed").await.status, 200);
    assert_eq!(house.bob.get("/api/catalog/profile/mixed").await.status, 403);
    admin.patch_json(&format!("{PATH}/{id}"), json!({ "sql": "SELECT id AS value FROM orders" })).await.ok();
    refresh(admin, &id).await.ok();
    assert_eq!(house.bob.value("SELECT max(value) FROM mixed").await, 3);
    assert_eq!(house.bob.get("/api/catalog/profile/mixed").await.status, 404);
    house.bob.post_json("/api/catalog/profile/mixed/refresh", json!({})).await.ok();
    assert_eq!(house.bob.get("/api/catalog/profile/mixed").await.status, 200);
}

#[tokio::test]
async fn errors_and_counts_are_for_the_owner() {
    let house = House::open().await;
    let admin = house.admin().await;
    let body = json!({ "name": "a", "sql": "SELECT CAST(name AS INTEGER) FROM salaries", "table": "numbers" });
    let id = save(admin, body).await;
    share(admin, &id, "Sales").await.ok();
    let failed = refresh(admin, &id).await.ok()["last_run"].clone();
    assert_eq!(failed["status"], "failed");
    assert!(failed["error"].as_str().unwrap().contains("Ann"), "{failed}");
    let seen = house.bob.get(&format!("{PATH}/{id}")).await.ok()["last_run"].clone();
    assert_eq!((&seen["status"], &seen["error"], &seen["rows"]), (&json!("failed"), &json!(null), &json!(null)));
}
