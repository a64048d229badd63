use insta::assert_snapshot;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn add_list_and_remove() {
    let app = TestApp::start().await;
    app.user("bob@example.com", &[]).await;
    let (admin, group) = (app.admin().await, app.group("Eng").await);
    let path = format!("/api/admin/users/{}/memberships", app.user_id("bob@example.com").await);
    let add = |group: &str| admin.post_json(&path, json!({ "group_id": group }));
    assert_snapshot!(add(&group).await, @r#"
        201 Created
        {"group_id":"[hex]","group_name":"Eng","is_system":false,"origin":"custom","source":"admin","added_at":"[time]","added_by":"admin@example.com"}
        "#);
    add(&app.group("Everyone").await).await.ok();
    let names = admin.get(&path).await.ok();
    assert_eq!((&names[0]["group_name"], &names[1]["group_name"]), (&json!("Everyone"), &json!("Eng")));
    assert_snapshot!(add(&group).await, @r#"
        409 Conflict
        {"detail":"Already a member"}
        "#);
    assert_snapshot!(add("none").await, @r#"
        404 Not Found
        {"detail":"Group not found"}
        "#);
    assert_snapshot!(admin.post_json("/api/admin/users/none/memberships", json!({ "group_id": group })).await, @r#"
        404 Not Found
        {"detail":"User not found"}
        "#);
    assert_snapshot!(admin.delete(&format!("{path}/{group}")).await, @"204 No Content");
    assert_snapshot!(admin.delete(&format!("{path}/{group}")).await, @r#"
        404 Not Found
        {"detail":"No admin-managed membership for this user in this group"}
        "#);
}

#[tokio::test]
async fn of_many_at_once_one_joins() {
    let app = TestApp::start().await;
    app.user("bob@example.com", &[]).await;
    let (admin, group) = (app.admin().await, app.group("Eng").await);
    let path = format!("/api/admin/users/{}/memberships", app.user_id("bob@example.com").await);
    let answers = (0..8).map(|_| admin.post_json(&path, json!({ "group_id": group })));
    let answers = futures_util::future::join_all(answers).await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(201), count(409)), (1, 7));
}
