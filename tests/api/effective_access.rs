use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn grants_with_the_groups_they_come_through() {
    let app = TestApp::start().await;
    let bob = app.user("bob@example.com", &["Sales", "Eng"]).await;
    app.grant("Sales", "orders").await;
    app.grant("Eng", "orders").await;
    app.grant("Eng", "customers").await;
    app.grant("Others", "secret").await;
    let via = async |name: &str| json!({ "group_id": app.group(name).await, "group_name": name });
    let item = |id, via| json!({ "resource_type": "table", "resource_id": id, "via_groups": via });
    let (eng, sales) = (via("Eng").await, via("Sales").await);
    let items = [item("customers", vec![eng.clone()]), item("orders", vec![eng, sales])];
    let expected = json!({ "is_admin": false, "items": items });
    assert_eq!(bob.get("/api/me/effective-access").await.ok(), expected);
    let admin = app.admin().await;
    let path = format!("/api/admin/users/{}/effective-access", app.user_id("bob@example.com").await);
    assert_eq!(admin.get(&path).await.ok(), expected);
    assert_eq!(admin.get("/api/me/effective-access").await.ok(), json!({ "is_admin": true, "items": [] }));
    assert_eq!(admin.get("/api/admin/users/none/effective-access").await.status, 404);
}
