//! Who sees and runs a query.

use serde_json::json;

use super::{House, PATH, names, save, share};

#[tokio::test]
async fn a_shared_query_runs_with_the_rights_of_whoever_runs_it() {
    let house = House::open().await;
    let id = save(&house.ann, json!({ "name": "customers", "sql": "SELECT customer FROM orders" })).await;
    let (path, run) = (format!("{PATH}/{id}"), format!("{PATH}/{id}/run"));
    for stranger in [&house.bob, &house.cyd] {
        assert_eq!(names(stranger).await, [""; 0]);
        for path in [&path, &format!("{PATH}/none")] {
            let answer = stranger.get(path).await;
            assert_eq!(answer.to_string(), "404 Not Found\n{\"detail\":\"Saved query not found\"}", "{path}");
        }
        assert_eq!(stranger.post_json(&run, json!({})).await.status, 404);
    }
    assert_eq!(names(house.admin().await).await, ["customers"]);

    let shared = share(&house.ann, &id, "Sales").await.ok();
    assert_eq!(shared["groups"], json!([{ "id": house.app.group("Sales").await, "name": "Sales" }]));
    assert_eq!(house.bob.post_json(&run, json!({})).await.ok()["row_count"], 3);
    // Admins share with any group. Its members see the statement, but lack the grant to run it.
    assert_eq!(share(house.admin().await, &id, "Others").await.status, 200);
    assert_eq!(names(&house.cyd).await, ["customers"]);
    insta::assert_snapshot!(house.cyd.post_json(&run, json!({})).await, @r#"
    403 Forbidden
    {"detail":"Access denied to table 'orders'"}
    "#);
    let seen = house.cyd.get(&path).await.ok();
    assert_eq!((&seen["can_manage"], &seen["owner"]), (&json!(false), &json!("ann@example.com")));
    assert_eq!(seen["groups"], json!([{ "id": house.app.group("Others").await, "name": "Others" }]));

    // By id, too; and once is enough.
    share(&house.ann, &id, &house.app.group("Sales").await).await.ok();
    house.ann.delete(&format!("{path}/groups/Sales")).await.ok();
    assert_eq!(house.bob.get(&path).await.status, 404);
    assert_eq!(house.ann.delete(&format!("{path}/groups/Sales")).await.status, 404);
}

#[tokio::test]
async fn owners_share_with_their_own_groups_only() {
    let house = House::open().await;
    let id = save(&house.ann, json!({ "name": "a", "sql": "SELECT 1" })).await;
    for group in ["Others", "nowhere", "Admin"] {
        let (status, text) = (404, "Group not found: share with a group that you are in");
        let answer = share(&house.ann, &id, group).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["detail"]), (status, &json!(text)), "{group}");
    }
    assert_eq!(share(house.admin().await, &id, "nowhere").await.status, 404);
    // Those it is shared with do not manage it.
    share(&house.ann, &id, "Sales").await.ok();
    let path = format!("{PATH}/{id}");
    for answer in [
        share(&house.bob, &id, "Sales").await,
        house.bob.delete(&format!("{path}/groups/Sales")).await,
        house.bob.delete(&path).await,
        house.bob.patch_json(&path, json!({ "name": "b" })).await,
        house.bob.post_json(&format!("{path}/refresh"), json!({})).await,
    ] {
        assert_eq!(answer.status, 403, "{answer}");
    }
    // A token without administration gives an admin no more.
    let token = house.admin().await.post_json("/auth/tokens", json!({ "name": "x", "scope": "no-admin" })).await.ok();
    let restricted = house.app.with_token(token["token"].as_str().unwrap());
    assert_eq!(restricted.delete(&path).await.status, 403);
    assert_eq!(house.admin().await.delete(&path).await.status, 204);
}

/// Admins stop what others made, and do not put words into their mouths: it runs with the rights of its owner.
#[tokio::test]
async fn admins_change_nothing_that_an_owner_says() {
    let house = House::open().await;
    let body = json!({ "name": "a", "sql": "SELECT 1", "table": "kept", "schedule": "every 1h" });
    let path = format!("{PATH}/{}", save(&house.ann, body).await);
    let admin = house.admin().await;
    for change in [
        json!({ "sql": "SELECT * FROM salaries" }),
        json!({ "name": "b" }),
        json!({ "description": "" }),
        json!({ "table": "other" }),
        json!({ "schedule": "every 2h" }),
    ] {
        assert_eq!(admin.patch_json(&path, change.clone()).await.status, 403, "{change}");
    }
    let paused = admin.patch_json(&path, json!({ "schedule": "" })).await.ok();
    assert_eq!((&paused["schedule"], &paused["table"]), (&json!(null), &json!("kept")));
    assert_eq!(admin.patch_json(&path, json!({ "table": "" })).await.ok()["table"], json!(null));
}

#[tokio::test]
async fn grants_of_queries_are_seen_with_the_others_and_go_with_the_group() {
    let house = House::open().await;
    let id = save(&house.ann, json!({ "name": "a", "sql": "SELECT 1" })).await;
    share(&house.ann, &id, "Sales").await.ok();
    let access = house.bob.get("/api/me/effective-access").await.ok().to_string();
    assert!(access.contains("saved_query") && access.contains(&id), "{access}");
    let overview = house.admin().await.get("/api/admin/access-overview").await.ok();
    let queries = overview["resources"].as_array().unwrap().iter().find(|it| it["type_key"] == "saved_query").unwrap();
    assert_eq!(queries["blocks"][0]["name"], "ann@example.com");
    assert_eq!(queries["blocks"][0]["items"][0]["resource_id"], id);
    let group = format!("/api/admin/groups/{}", house.app.group("Sales").await);
    house.admin().await.delete(&group).await.ok();
    assert_eq!(names(&house.bob).await, [""; 0]);
    assert_eq!(house.ann.get(&format!("{PATH}/{id}")).await.ok()["groups"], json!([]));
}
