use insta::assert_snapshot;
use serde_json::json;

use crate::support::people::{ADMIN, list};
use crate::support::{TestApp, v0_35};

#[tokio::test]
async fn create_get_and_list() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let create = |body| admin.post_json("/api/admin/groups", body);
    let created = create(json!({ "name": "  Eng ", "description": "d" })).await;
    assert_snapshot!(created, @r#"
        201 Created
        {"id":"[hex]","name":"Eng","description":"d","is_system":false,"origin":"custom","created_at":"[time]","created_by":"admin@example.com","member_count":0,"grant_count":0,"is_google_managed":false,"mapped_email":null}
        "#);
    let path = format!("/api/admin/groups/{}", created.json()["id"].as_str().unwrap());
    assert_eq!(admin.get(&path).await.ok(), created.json());
    let names: Vec<_> = list(&admin.get("/api/admin/groups").await.ok()).iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["Admin", "Eng", "Everyone"]);

    assert_snapshot!(create(json!({ "name": "Eng" })).await, @r#"
        409 Conflict
        {"detail":"Group 'Eng' already exists"}
        "#);
    assert_snapshot!(create(json!({ "name": "it's" })).await.status, @"201 Created");
    assert_snapshot!(create(json!({ "name": "it's" })).await, @r#"
        409 Conflict
        {"detail":"Group \"it's\" already exists"}
        "#);
    assert_snapshot!(create(json!({ "name": " " })).await, @r#"
        400 Bad Request
        {"detail":"Group name is required"}
        "#);
    assert_snapshot!(create(json!({ "description": "d" })).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"missing","loc":["body","name"],"msg":"Field required","input":{"description":"d"}}]}
        "#);
    assert_snapshot!(admin.get("/api/admin/groups/none").await, @r#"
        404 Not Found
        {"detail":"Group not found"}
        "#);
}

#[tokio::test]
async fn members() {
    let app = TestApp::start().await;
    app.user("bob@example.com", &[]).await;
    let admin = app.admin().await;
    let members = format!("/api/admin/groups/{}/members", app.group("Eng").await);
    let add = |email: &str| admin.post_json(&members, json!({ "email": email }));
    assert_snapshot!(add("BOB@example.com").await, @r#"
        201 Created
        {"user_id":"[id]","email":"bob@example.com","name":"Test","active":true,"source":"admin","added_at":"[time]","added_by":"admin@example.com"}
        "#);
    assert_snapshot!(admin.get(&members).await, @r#"
        200 OK
        [{"user_id":"[id]","email":"bob@example.com","name":"Test","active":true,"source":"admin","added_at":"[time]","added_by":"admin@example.com"}]
        "#);
    assert_snapshot!(add("bob@example.com").await, @r#"
        409 Conflict
        {"detail":"User already a member"}
        "#);
    assert_snapshot!(add("x@y").await, @r#"
        404 Not Found
        {"detail":"User 'x@y' not found"}
        "#);
    assert_snapshot!(admin.post_json(&members, json!({})).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"missing","loc":["body","email"],"msg":"Field required","input":{}}]}
        "#);
    let none = "/api/admin/groups/none/members";
    assert_snapshot!(admin.post_json(none, json!({ "email": "x@y" })).await, @r#"
        404 Not Found
        {"detail":"Group not found"}
        "#);
    assert_snapshot!(admin.get(none).await, @r#"
        404 Not Found
        {"detail":"Group not found"}
        "#);

    let bob = app.user_id("bob@example.com").await;
    assert_snapshot!(admin.delete(&format!("{members}/{bob}")).await, @"204 No Content");
    assert_snapshot!(admin.delete(&format!("{members}/{bob}")).await, @r#"
        404 Not Found
        {"detail":"No admin-managed membership for this user in this group"}
        "#);
    assert_snapshot!(admin.delete(&format!("{none}/{bob}")).await, @r#"
        404 Not Found
        {"detail":"Group not found"}
        "#);
    assert_snapshot!(admin.get(&members).await, @r#"
        200 OK
        []
        "#);
}

#[tokio::test]
async fn the_last_admin_stays() {
    let app = TestApp::start().await;
    app.user("bob@example.com", &["Admin"]).await;
    let bob = app.anonymous().sign_in("bob@example.com", crate::support::people::PASSWORD).await;
    let members = format!("/api/admin/groups/{}/members", app.group("Admin").await);
    let (ada_id, bob_id) = (app.user_id(ADMIN).await, app.user_id("bob@example.com").await);

    assert_snapshot!(bob.delete(&format!("{members}/{bob_id}")).await, @"204 No Content");
    assert_snapshot!(bob.get("/api/users").await, @r#"
        403 Forbidden
        {"detail":"Admin access required"}
        "#);
    assert_snapshot!(app.admin().await.delete(&format!("{members}/{ada_id}")).await, @r#"
        409 Conflict
        {"detail":"Cannot remove the last admin — at least one user must remain in the Admin group"}
        "#);
}

#[tokio::test]
async fn the_scheduler_is_no_last_admin() {
    let app = TestApp::start_with(&[("SCHEDULER_API_TOKEN", "a secret of 32 characters or more")]).await;
    app.user("bob@example.com", &["Admin"]).await;
    let members = format!("/api/admin/groups/{}/members", app.group("Admin").await);
    let (ada, bob) = (app.user_id(ADMIN).await, app.user_id("bob@example.com").await);
    let admin = app.admin().await;
    admin.delete(&format!("{members}/{bob}")).await.ok();
    assert_eq!(admin.delete(&format!("{members}/{ada}")).await.status, 409);
}

#[tokio::test]
async fn of_two_admins_who_remove_each_other_one_stays() {
    let app = TestApp::start_v0_35(
        "UPDATE user_group_members SET source = 'admin' WHERE source = 'system_seed'
           AND user_id = (SELECT id FROM users WHERE email = 'admin@example.com');
         DELETE FROM user_group_members WHERE source = 'system_seed'",
    )
    .await;
    let ada = app.sign_in(v0_35::ADMIN.0, v0_35::ADMIN.1).await;
    let groups = ada.get("/api/admin/groups").await.ok();
    let group = list(&groups).iter().find(|group| group["name"] == "Admin").unwrap();
    let members = format!("/api/admin/groups/{}/members", group["id"].as_str().unwrap());
    ada.post_json(&members, json!({ "email": v0_35::ANN.0 })).await.ok();
    let ann = app.sign_in(v0_35::ANN.0, v0_35::ANN.1).await;
    let id = |email| app.state.store.snapshot().users.by_email(email).unwrap().id.clone();
    let (remove_ann, remove_ada) =
        (format!("{members}/{}", id(v0_35::ANN.0)), format!("{members}/{}", id(v0_35::ADMIN.0)));
    let (one, other) = tokio::join!(ada.delete(&remove_ann), ann.delete(&remove_ada));
    let won = [&one, &other].into_iter().filter(|answer| answer.status == 204).count();
    assert_eq!(won, 1, "{one}\n{other}");
    let admins = [&ada, &ann].map(|caller| caller.get("/api/users"));
    let still = futures_util::future::join_all(admins).await.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(still, 1);
}

#[tokio::test]
async fn of_many_at_once_one_makes_the_group() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let all = (0..8).map(|_| admin.post_json("/api/admin/groups", json!({ "name": "Eng" })));
    let answers = futures_util::future::join_all(all).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = answers.iter().filter(|answer| answer.status == 409).count();
    assert_eq!((made, refused), (1, 7));
}

#[tokio::test]
async fn delete_takes_members_and_grants_along() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    let bob = app.user("bob@example.com", &["Eng"]).await;
    app.grant("Eng", "orders").await;
    assert_eq!(bob.value("SELECT id FROM orders").await, 1);
    let admin = app.admin().await;
    let group = format!("/api/admin/groups/{}", app.group("Eng").await);
    let counts = admin.get(&group).await.ok();
    assert_eq!((&counts["member_count"], &counts["grant_count"]), (&json!(1), &json!(1)));

    assert_snapshot!(admin.delete(&group).await, @"204 No Content");
    assert_snapshot!(admin.get("/api/admin/grants").await, @r#"
        200 OK
        []
        "#);
    assert_eq!(bob.get("/auth/me").await.ok()["groups"], json!([]));
    assert_eq!(bob.get("/api/sync/manifest").await.ok()["tables"], json!({}));
    assert_snapshot!(admin.delete(&group).await, @r#"
        404 Not Found
        {"detail":"Group not found"}
        "#);
}

#[tokio::test]
async fn system_groups_stay() {
    let app = TestApp::start().await;
    for name in ["Admin", "Everyone"] {
        let path = format!("/api/admin/groups/{}", app.group(name).await);
        let answer = app.admin().await.delete(&path).await;
        assert_eq!(answer.to_string(), "409 Conflict\n{\"detail\":\"Cannot delete a system group\"}");
    }
}

#[tokio::test]
async fn groups_of_google_workspace_are_kept_there() {
    let app =
        TestApp::start_v0_35("UPDATE user_groups SET created_by = 'system:google-sync' WHERE name = 'analysts'").await;
    let admin = app.sign_in(v0_35::ADMIN.0, v0_35::ADMIN.1).await;
    let groups = admin.get("/api/admin/groups").await.ok();
    let group = list(&groups).iter().find(|group| group["name"] == "analysts").unwrap();
    assert_eq!((&group["origin"], &group["is_google_managed"]), (&json!("google_sync"), &json!(true)));
    let path = format!("/api/admin/groups/{}", group["id"].as_str().unwrap());
    let ann = &admin.get(&format!("{path}/members")).await.ok()[0]["user_id"];
    let refused = admin.delete(&path).await;
    assert_snapshot!(refused, @r#"
        409 Conflict
        {"detail":{"code":"google_managed_readonly","message":"This group is managed by Google Workspace and is read-only here. Add or remove members via admin.google.com, or sign in again to refresh."}}
        "#);
    let add = admin.post_json(&format!("{path}/members"), json!({ "email": "nobody" })).await;
    let remove = admin.delete(&format!("{path}/members/{}", ann.as_str().unwrap())).await;
    for answer in [add, remove] {
        assert_eq!(answer.to_string(), refused.to_string());
    }
}

#[tokio::test]
async fn rename_and_describe() {
    let app = TestApp::start().await;
    app.user("bob@example.com", &["Eng"]).await;
    app.grant("Eng", "orders").await;
    app.group("Ops").await;
    let admin = app.admin().await;
    let path = format!("/api/admin/groups/{}", app.group("Eng").await);
    let patch = |body| admin.patch_json(&path, body);
    assert_snapshot!(patch(json!({ "name": " Engineering ", "description": "d" })).await, @r#"
        200 OK
        {"id":"[hex]","name":"Engineering","description":"d","is_system":false,"origin":"custom","created_at":"[time]","created_by":"admin@example.com","member_count":1,"grant_count":1,"is_google_managed":false,"mapped_email":null}
        "#);
    let cleared = patch(json!({ "name": null, "description": "" })).await.ok();
    assert_eq!((&cleared["name"], &cleared["description"]), (&json!("Engineering"), &json!("")));
    assert_snapshot!(patch(json!({ "name": "OPS" })).await, @r#"
        409 Conflict
        {"detail":"Group 'OPS' already exists"}
        "#);
    assert_snapshot!(patch(json!({ "name": " " })).await, @r#"
        400 Bad Request
        {"detail":"Group name is required"}
        "#);
    assert_snapshot!(admin.patch_json("/api/admin/groups/none", json!({ "name": "x" })).await, @r#"
        404 Not Found
        {"detail":"Group not found"}
        "#);
    let everyone = format!("/api/admin/groups/{}", app.group("Everyone").await);
    assert_snapshot!(admin.patch_json(&everyone, json!({ "name": "All" })).await, @r#"
        409 Conflict
        {"detail":"System groups cannot be renamed"}
        "#);
    assert_eq!(
        admin.patch_json(&everyone, json!({ "description": "all of us" })).await.ok()["description"],
        "all of us"
    );
}

#[tokio::test]
async fn texts_have_their_longest() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let group = app.group("Eng").await;
    let path = format!("/api/admin/groups/{group}");
    for body in [json!({ "name": "é".repeat(201) }), json!({ "name": "x", "description": "d".repeat(2001) })] {
        assert_eq!(admin.patch_json(&path, body.clone()).await.status, 422);
        assert_eq!(admin.post_json("/api/admin/groups", body).await.status, 422);
    }
    let grant = json!({ "group_id": group, "resource_type": "table", "resource_id": "t".repeat(501) });
    assert_eq!(admin.post_json("/api/admin/grants", grant).await.status, 422);
    assert_eq!(admin.patch_json(&path, json!({ "name": "é".repeat(200) })).await.status, 200);
}

#[tokio::test]
async fn a_group_with_members_from_v0_35_is_renamed_and_deleted() {
    let app = TestApp::start_v0_35("").await;
    let admin = app.sign_in(v0_35::ADMIN.0, v0_35::ADMIN.1).await;
    let groups = admin.get("/api/admin/groups").await.ok();
    let group = list(&groups).iter().find(|group| group["name"] == "analysts").unwrap();
    let path = format!("/api/admin/groups/{}", group["id"].as_str().unwrap());
    assert_eq!(admin.patch_json(&path, json!({ "name": "Analytics" })).await.ok()["member_count"], 1);
    assert_eq!(admin.delete(&path).await.status, 204);
}
