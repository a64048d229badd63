use insta::assert_snapshot;
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn what_the_caller_may_read() {
    let app = TestApp::start().await;
    app.publish("orders", "id\n1\n").await;
    app.publish("secret", "id\n1\n").await;
    app.register("later").await.ok();
    let bob = app.user("bob@example.com", &["Eng"]).await;
    assert_eq!(bob.get("/api/catalog/tables").await.ok(), json!({ "tables": [], "count": 0 }));
    app.grant("Eng", "orders").await;
    app.grant("Eng", "later").await;
    app.grant("Eng", "nothing").await;
    assert_snapshot!(bob.get("/api/catalog/tables").await, @r#"
        200 OK
        {"tables":[{"id":"later","name":"later","description":null,"source_type":"local","sync_strategy":"full_refresh","query_mode":"local"},{"id":"orders","name":"orders","description":null,"source_type":"local","sync_strategy":"full_refresh","query_mode":"local"}],"count":2}
        "#);
    assert_eq!(app.admin().await.get("/api/catalog/tables").await.ok()["count"], 3);
}
