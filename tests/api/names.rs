//! Nobody learns from an answer which tables, people, groups or tokens there are.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::people::text;
use crate::support::{Client, TestApp};

/// Requests of somebody who may read nothing. `{}` is the name.
const BY_NAME: &[(&str, &str, &str)] = &[
    ("GET", "/api/data/{}/download", ""),
    ("HEAD", "/api/data/{}/download", ""),
    ("GET", "/api/data/{}/parts/2026-01", ""),
    ("GET", "/api/catalog/profile/{}", ""),
    ("POST", "/api/catalog/profile/{}/refresh", ""),
    ("POST", "/api/access-requests", r#"{"table_id": "{}", "reason": "because"}"#),
    ("PUT", "/api/settings/dataset", r#"{"dataset": "{}", "enabled": true}"#),
    ("POST", "/api/sync/settings", r#"{"datasets": {"{}": true}}"#),
    ("POST", "/api/sync/table-subscriptions", r#"{"table_mode": "selected", "tables": {"{}": true}}"#),
    ("POST", "/api/sync/trigger", r#"["{}"]"#),
    ("GET", "/api/admin/registry/{}/types", ""),
    ("PUT", "/api/admin/registry/{}", r#"{"description": "x"}"#),
    ("DELETE", "/api/admin/registry/{}", ""),
    ("POST", "/api/admin/metadata/{}/push", ""),
    ("POST", "/api/admin/register-table", r#"{"name": "{}", "source_type": "local"}"#),
    ("POST", "/api/admin/register-table/precheck", r#"{"name": "{}", "source_type": "local"}"#),
    ("POST", "/api/upload/tables/{}", ""),
    ("GET", "/api/permissions?dataset={}", ""),
    ("GET", "/api/admin/audit?resource=table:{}", ""),
    ("GET", "/api/admin/access-log?table_name={}", ""),
];

const BY_ID: &[(&str, &str, &str)] = &[
    ("GET", "/api/users/{}", ""),
    ("PATCH", "/api/users/{}", r#"{"name": "x"}"#),
    ("DELETE", "/api/users/{}", ""),
    ("POST", "/api/users/{}/reset-password", ""),
    ("GET", "/api/permissions/{}", ""),
    ("GET", "/api/admin/users/{}/memberships", ""),
    ("GET", "/api/admin/users/{}/effective-access", ""),
    ("GET", "/api/admin/groups/{}", ""),
    ("PATCH", "/api/admin/groups/{}", r#"{"description": "x"}"#),
    ("DELETE", "/api/admin/groups/{}", ""),
    ("GET", "/api/admin/groups/{}/members", ""),
    ("DELETE", "/api/admin/grants/{}", ""),
    ("GET", "/auth/tokens/{}", ""),
    ("DELETE", "/auth/tokens/{}", ""),
    ("DELETE", "/auth/admin/tokens/{}", ""),
    ("POST", "/api/access-requests/{}/approve", ""),
    ("GET", "/api/sync/runs/{}", ""),
];

/// Status, headers that tell something, and body with `NAME` for the name.
async fn seen(who: &Client, (method, path, body): (&str, &str, &str), name: &str) -> String {
    let method: Method = method.parse().unwrap();
    let mut request = who.request(method, &path.replace("{}", name));
    if !body.is_empty() {
        request = request.json(&serde_json::from_str::<Value>(&body.replace("{}", name)).unwrap());
    }
    let answer = who.send(request).await;
    let changing = ["date", "x-request-id", "content-length"];
    let headers = answer.headers.iter().filter(|(name, _)| !changing.contains(&name.as_str()));
    let headers: Vec<_> = headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    let body = masked(&String::from_utf8_lossy(&answer.body).replace(name, "NAME"));
    format!("{}\n{}\n{body}", answer.status, headers.join("\n"))
}

/// Without what changes from answer to answer.
fn masked(body: &str) -> String {
    let Ok(Value::Object(mut object)) = serde_json::from_str(body) else { return body.to_owned() };
    for field in ["id", "requested_at", "created_at"] {
        object.entry(field).and_modify(|value| *value = json!("[masked]"));
    }
    Value::Object(object).to_string()
}

#[tokio::test]
async fn what_is_there_and_what_is_not_look_alike() {
    let app = TestApp::start().await;
    app.publish("Salaries", "id\n1\n").await;
    app.register("unpublished").await.ok();
    let admin = app.admin().await;
    let ann = app.user("ann@example.com", &["analysts"]).await;
    for request in BY_NAME {
        // By id, by name, in another case, and registered only.
        for (there, absent) in
            [("salaries", "wages"), ("Salaries", "Wages"), ("SALARIES", "WAGES"), ("unpublished", "unheard_of")]
        {
            let expected = seen(&ann, *request, absent).await;
            assert_eq!(seen(&ann, *request, there).await, expected, "{request:?} {there}");
        }
    }
    let token = text(&admin.post_json("/auth/tokens", json!({ "name": "x" })).await.ok()["id"]);
    let run = admin.get("/api/sync/runs").await.ok();
    let real = [
        app.user_id("admin@example.com").await,
        app.group("analysts").await,
        app.grant("analysts", "unpublished").await,
        token,
        text(&run["runs"][0]["id"]),
    ];
    for request in BY_ID {
        let expected = seen(&ann, *request, "00000000-0000-4000-8000-000000000000").await;
        for id in &real {
            assert_eq!(seen(&ann, *request, id).await, expected, "{request:?} {id}");
        }
    }
}
