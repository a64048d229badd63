use insta::assert_snapshot;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn create_and_list() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let create = |email: &str, name: &str| admin.post_json("/api/users", json!({ "email": email, "name": name }));
    assert_snapshot!(create("  zoe@example.com ", "Zoé").await, @r#"
        201 Created
        {"id":"[id]","email":"zoe@example.com","name":"Zoé","role":"user","is_admin":false,"is_sso_user":false,"groups":[],"active":true,"created_at":"[time]","deactivated_at":null,"invite_url":null,"invite_email_sent":null}
        "#);
    assert_snapshot!(create("Bob@example.com", "").await, @r#"
        201 Created
        {"id":"[id]","email":"Bob@example.com","name":"","role":"user","is_admin":false,"is_sso_user":false,"groups":[],"active":true,"created_at":"[time]","deactivated_at":null,"invite_url":null,"invite_email_sent":null}
        "#);
    assert_snapshot!(admin.get("/api/users").await, @r#"
        200 OK
        [{"id":"[id]","email":"Bob@example.com","name":"","role":"user","is_admin":false,"is_sso_user":false,"groups":[],"active":true,"created_at":"[time]","deactivated_at":null,"invite_url":null,"invite_email_sent":null},{"id":"[id]","email":"admin@example.com","name":"Ada","role":"admin","is_admin":true,"is_sso_user":false,"groups":[{"id":"[id]","name":"Admin","is_system":true,"origin":"system"}],"active":true,"created_at":"[time]","deactivated_at":null,"invite_url":null,"invite_email_sent":null},{"id":"[id]","email":"zoe@example.com","name":"Zoé","role":"user","is_admin":false,"is_sso_user":false,"groups":[],"active":true,"created_at":"[time]","deactivated_at":null,"invite_url":null,"invite_email_sent":null}]
        "#);
}

#[tokio::test]
async fn addresses_are_taken_in_any_case() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.post_json("/api/users", json!({ "email": "bob@example.com", "name": "Bob" })).await.ok();
    let again = admin.post_json("/api/users", json!({ "email": "BOB@example.com", "name": "Bob" })).await;
    assert_snapshot!(again, @r#"
        409 Conflict
        {"detail":"User with this email already exists"}
        "#);
}

#[tokio::test]
async fn bodies_that_do_not_fit() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    assert_snapshot!(admin.post_json("/api/users", json!({ "email": "not an address", "name": "x" })).await, @r#"
        400 Bad Request
        {"detail":"email must be an address like name@example.com"}
        "#);
    assert_snapshot!(admin.post_json("/api/users", json!({ "email": "bob@example.com" })).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"missing","loc":["body","name"],"msg":"Field required","input":{"email":"bob@example.com"}}]}
        "#);
    assert_snapshot!(admin.post_json("/api/users", json!({ "email": 1, "name": 2 })).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"string_type","loc":["body","email"],"msg":"Input should be a valid string","input":1}]}
        "#);
}

#[tokio::test]
async fn set_password() {
    let app = TestApp::start().await;
    app.user("bob@example.com", &[]).await;
    let path = format!("/api/users/{}/set-password", app.user_id("bob@example.com").await);
    let admin = app.admin().await;
    assert_snapshot!(admin.post_json(&path, json!({ "password": "another one" })).await, @"204 No Content");
    app.sign_in("bob@example.com", "another one").await;

    assert_snapshot!(admin.post_json(&path, json!({ "password": "7 chars" })).await, @r#"
        400 Bad Request
        {"detail":"Password must be at least 8 characters"}
        "#);
    assert_snapshot!(admin.post_json(&path, json!({})).await, @r#"
        422 Unprocessable Entity
        {"detail":[{"type":"missing","loc":["body","password"],"msg":"Field required","input":{}}]}
        "#);
    let nobody = "/api/users/nobody/set-password";
    assert_snapshot!(admin.post_json(nobody, json!({ "password": "short" })).await, @r#"
        400 Bad Request
        {"detail":"Password must be at least 8 characters"}
        "#);
    assert_snapshot!(admin.post_json(nobody, json!({ "password": "long enough" })).await, @r#"
        404 Not Found
        {"detail":"User not found"}
        "#);
    app.sign_in("bob@example.com", "another one").await;
}

#[tokio::test]
async fn people_of_google_workspace_get_no_password() {
    let app =
        TestApp::start_v0_35("UPDATE user_groups SET created_by = 'system:google-sync' WHERE name = 'analysts'").await;
    let (email, password) = crate::support::v0_35::ADMIN;
    let admin = app.sign_in(email, password).await;
    let users = admin.get("/api/users").await.ok();
    let ann = crate::support::people::list(&users).iter().find(|user| user["email"] == "ann@example.com").unwrap();
    assert_eq!(ann["is_sso_user"], true);
    let path = format!("/api/users/{}/set-password", ann["id"].as_str().unwrap());
    assert_snapshot!(admin.post_json(&path, json!({ "password": "long enough" })).await, @r#"
        409 Conflict
        {"detail":"User is managed by an external SSO provider; this operation must be performed in the upstream system"}
        "#);
}

#[tokio::test]
async fn nobody_becomes_the_scheduler() {
    let app = TestApp::start_with(&[("SCHEDULER_API_TOKEN", "a secret of 32 characters or more")]).await;
    let body = json!({ "email": "Scheduler@system.local", "name": "x", "password": "long enough" });
    let bootstrap = app.post_json("/auth/bootstrap", body.clone()).await;
    assert_snapshot!(bootstrap, @r#"
        400 Bad Request
        {"detail":"scheduler@system.local is the scheduler's own account; use another address"}
        "#);
    let admin = app.admin().await;
    assert_eq!(admin.post_json("/api/users", body.clone()).await.status, 400);
    let path = format!("/api/users/{}/set-password", app.user_id("scheduler@system.local").await);
    assert_snapshot!(admin.post_json(&path, body).await, @r#"
        409 Conflict
        {"detail":"The scheduler signs in with SCHEDULER_API_TOKEN and has no password"}
        "#);
}

#[tokio::test]
async fn get_rename_and_deactivate() {
    let app = TestApp::start().await;
    let bob = app.user("bob@example.com", &[]).await;
    let admin = app.admin().await;
    let path = format!("/api/users/{}", app.user_id("bob@example.com").await);
    assert_eq!(admin.patch_json(&path, json!({ "name": " Bob " })).await.ok()["name"], "Bob");
    assert_snapshot!(admin.post_json(&format!("{path}/deactivate"), json!({})).await, @r#"
        200 OK
        {"id":"[id]","email":"bob@example.com","name":"Bob","role":"user","is_admin":false,"is_sso_user":false,"groups":[],"active":false,"created_at":"[time]","deactivated_at":"[time]","invite_url":null,"invite_email_sent":null}
        "#);
    assert_eq!(bob.get("/auth/me").await.status, 401);
    let back = admin.patch_json(&path, json!({ "active": true })).await.ok();
    assert_eq!((&back["active"], &back["deactivated_at"]), (&json!(true), &json!(null)));
    assert_eq!(admin.get(&path).await.ok(), back);
    assert_eq!(bob.get("/auth/me").await.status, 401, "the session from before has ended");
    app.sign_in("bob@example.com", crate::support::people::PASSWORD).await;
    assert_snapshot!(admin.patch_json("/api/users/none", json!({ "active": false })).await, @r#"
        404 Not Found
        {"detail":"User not found"}
        "#);
}

#[tokio::test]
async fn nobody_shuts_themselves_or_the_last_admin_out() {
    let secret = "a secret of 32 characters or more";
    let app = TestApp::start_with(&[("SCHEDULER_API_TOKEN", secret)]).await;
    let admin = app.admin().await;
    let own = format!("/api/users/{}", app.user_id("admin@example.com").await);
    assert_snapshot!(admin.patch_json(&own, json!({ "active": false })).await, @r#"
        409 Conflict
        {"detail":"Cannot deactivate yourself"}
        "#);
    assert_snapshot!(admin.delete(&own).await, @r#"
        409 Conflict
        {"detail":"Cannot delete yourself"}
        "#);
    let scheduler = app.with_token(secret);
    assert_snapshot!(scheduler.post_json(&format!("{own}/deactivate"), json!({})).await, @r#"
        409 Conflict
        {"detail":"Cannot deactivate the last active admin"}
        "#);
    assert_snapshot!(scheduler.delete(&own).await, @r#"
        409 Conflict
        {"detail":"Cannot delete the last active admin"}
        "#);
    let path = format!("/api/users/{}", app.user_id("scheduler@system.local").await);
    assert_eq!(admin.delete(&path).await.status, 409);
    assert_eq!(admin.patch_json(&path, json!({ "active": false })).await.status, 409);
    assert_eq!(scheduler.get("/auth/me").await.status, 200);
}

#[tokio::test]
async fn delete_takes_everything_personal_along() {
    let link = "INSERT INTO telegram_links (user_id, chat_id) SELECT id, 7 FROM users WHERE email = 'ann@example.com'";
    let app = TestApp::start_v0_35(link).await;
    let (email, password) = crate::support::v0_35::ADMIN;
    let admin = app.sign_in(email, password).await;
    let ann = app.state.store.snapshot().users.by_email("ann@example.com").unwrap().id.clone();
    let permission = json!({ "dataset": "weather", "user_id": ann });
    let group = admin.post_json("/api/permissions", permission).await.ok()["group_id"].clone();
    assert_snapshot!(admin.delete(&format!("/api/users/{ann}")).await, @"204 No Content");
    let left = app
        .state
        .store
        .read(move |connection| {
            let sql = "SELECT (SELECT count(*) FROM personal_access_tokens WHERE user_id = $1)
                 + (SELECT count(*) FROM user_group_members WHERE user_id = $1)
                 + (SELECT count(*) FROM telegram_links WHERE user_id = $1)
                 + (SELECT count(*) FROM users WHERE id = $1)";
            connection.one(sql, [&ann], |row| row.get::<_, i64>(0))
        })
        .await;
    assert_eq!(left.unwrap(), 0);
    let gone = admin.get(&format!("/api/admin/groups/{}", group.as_str().unwrap())).await;
    assert_eq!(gone.status, 404);
    assert_eq!(app.with_token(crate::support::v0_35::ANNS_TOKEN).get("/auth/me").await.status, 401);
}

#[tokio::test]
async fn of_two_admins_that_many_remove_at_once_one_stays() {
    let app = TestApp::start().await;
    let bob = app.user("bob@example.com", &["Admin"]).await;
    let ada = app.admin().await;
    let members = format!("/api/admin/groups/{}/members", app.group("Admin").await);
    let (ada_id, bob_id) = (app.user_id("admin@example.com").await, app.user_id("bob@example.com").await);
    let remove = async |caller: &crate::support::Client, other: &str, own: &str, way: usize| match way {
        0 => caller.delete(&format!("/api/users/{other}")).await,
        1 => caller.patch_json(&format!("/api/users/{other}"), json!({ "active": false })).await,
        2 => caller.delete(&format!("{members}/{other}")).await,
        _ => caller.delete(&format!("{members}/{own}")).await,
    };
    let all = (0..8).map(|n| match n % 2 {
        0 => remove(ada, &bob_id, &ada_id, n / 2),
        _ => remove(&bob, &ada_id, &bob_id, n / 2),
    });
    futures_util::future::join_all(all).await;
    let snapshot = app.state.store.snapshot();
    let left = snapshot.users.all().into_iter().filter(|it| it.active && agnes::access::is_admin(&snapshot, &it.id));
    assert_eq!(left.count(), 1);
}

#[tokio::test]
async fn people_change_their_own_name() {
    let app = TestApp::start().await;
    let bob = app.user("bob@example.com", &[]).await;
    let changed = bob.patch_json("/api/users/me", json!({ "name": "Robert" })).await.ok();
    assert_eq!(changed["name"], "Robert");
    assert_eq!(bob.get("/api/users/me").await.ok(), changed);
    assert_eq!(bob.get("/auth/me").await.ok(), changed);
    assert_eq!(bob.patch_json("/api/users/me", json!({ "name": "x".repeat(201) })).await.status, 422);
}
