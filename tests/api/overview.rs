use serde_json::json;

use crate::support::people::list;
use crate::support::{TestApp, v0_35};

#[tokio::test]
async fn what_can_be_granted_and_what_is() {
    let app = TestApp::start_v0_35(
        "INSERT INTO marketplace_registry (id, name, url) VALUES ('tools', 'Tools', 'u'), ('none', 'Nothing', 'u');
         INSERT INTO marketplace_plugins (marketplace_id, name, version) VALUES ('tools', 'b', '2'), ('tools', 'a', '1')",
    )
    .await;
    let admin = app.sign_in(v0_35::ADMIN.0, v0_35::ADMIN.1).await;
    let answer = admin.get("/api/admin/access-overview").await.ok();
    let names: Vec<_> = list(&answer["groups"]).iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["Admin", "Everyone", "analysts"]);
    let grants = admin.get("/api/admin/grants").await.ok();
    let (granted, expected) = (&answer["grants"][0], &grants[0]);
    for key in ["id", "group_id", "resource_type", "resource_id"] {
        assert_eq!(granted[key], expected[key]);
    }
    let [plugins, tables, domains] = [0, 1, 2].map(|n| &answer["resources"][n]);
    assert_eq!(plugins["type_key"], "marketplace_plugin");
    assert_eq!(list(&plugins["blocks"]).len(), 2, "one without plugins is shown too");
    let tools = list(&plugins["blocks"]).iter().find(|it| it["id"] == "tools").unwrap();
    assert_eq!((&tools["items"][0]["resource_id"], &tools["items"][1]["version"]), (&json!("tools/a"), &json!("2")));
    assert_eq!(tables["type_display"], "Tables");
    let items = tables["blocks"].as_array().unwrap().iter().flat_map(|block| list(&block["items"]));
    let tables: Vec<_> = items.map(|it| it["resource_id"].clone()).collect();
    assert_eq!(tables, ["airlines", "flights", "weather"]);
    assert_eq!(domains["blocks"][0]["items"][5]["resource_id"], "infrastructure");
}
