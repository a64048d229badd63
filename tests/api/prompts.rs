//! Prompts for analysts' agents, and their templates.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::v0_35::{ADMIN, ANN};
use crate::support::{Answer, DEADLINE, TestApp};

const SETUP: &str = "/api/admin/welcome-template";
const WORKSPACE: &str = "/api/admin/workspace-prompt-template";

async fn put(app: &TestApp, path: &str, content: &str) -> Answer {
    app.admin().await.put_json(path, json!({ "content": content })).await
}

/// The text for an admin.
async fn preview(app: &TestApp, path: &str, content: &str) -> String {
    let preview = format!("{path}/preview");
    let rendered = app.admin().await.post_json(&preview, json!({ "content": content })).await.ok();
    rendered["content"].as_str().unwrap().to_owned()
}

fn lines<'a>(text: &'a str, part: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.contains(part)).collect()
}

#[tokio::test]
async fn the_workspace_prompt_names_what_its_reader_may_read() {
    let dir = tempfile::tempdir().unwrap();
    let yaml = "instance:\n  name: Acme Data\n  subtitle: Acme Inc.\n  sync_interval: 2 hours\n";
    std::fs::write(dir.path().join("instance.yaml"), yaml).unwrap();
    let app = TestApp::start_in(dir, &[]).await;
    app.publish("orders", "id\n1\n").await;
    app.publish("salaries", "id\n1\n").await;
    let admin = app.admin().await;
    admin.put_json("/api/admin/registry/orders", json!({ "description": "All\norders {{ 7 * 7 }}" })).await.ok();
    let metric = |name: &str, table: &str, category: &str| {
        json!({ "id": format!("{category}/{name}"), "name": name, "display_name": name, "category": category,
            "table_name": table, "expression": "count(*)", "sql": "" })
    };
    admin.post_json("/api/admin/metrics", metric("count", "orders", "sales")).await;
    admin.post_json("/api/admin/metrics", metric("pay", "salaries", "wages")).await;
    let bob = app.user("bob@example.com", &["Sales"]).await;
    app.grant("Sales", "orders").await;

    let text = bob.get("/api/welcome?server_url=https://agnes.example.com/x").await.ok()["content"].clone();
    let text = text.as_str().unwrap();
    assert_eq!(lines(text, "* `"), ["* `orders`: All orders {{ 7 * 7 }}"]);
    assert_eq!(lines(text, "Definitions:"), ["Definitions: 1, in these categories: sales."]);
    assert!(!text.contains("salaries") && !text.contains("wages"), "{text}");
    assert_snapshot!(text.lines().take(4).collect::<Vec<_>>().join("\n"), @r#"
    # Acme Data — workspace of an AI Data Analyst

    Server: https://agnes.example.com/x
    Operated by Acme Inc.
    "#);
    assert_eq!(lines(text, "every 2 hours").len(), 1);
    assert_eq!(lines(text, "For Test").len(), 1);
    assert!(text.contains("AI Data Analyst"), "by which older programs recognize a workspace");

    let text = admin.get("/api/welcome").await.ok()["content"].clone();
    assert!(text.as_str().unwrap().contains("Server: http://agnes.test\n"), "{text}");
    assert_eq!(lines(text.as_str().unwrap(), "* `").len(), 2);
    for url in [format!("https://{}", "x".repeat(2000)), "a%0Ab".to_owned()] {
        assert_eq!(bob.get(&format!("/api/welcome?server_url={url}")).await.status, 422);
    }
}

#[tokio::test]
async fn a_template_replaces_the_built_in_one_until_it_is_reset() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let built_in = admin.get(WORKSPACE).await.ok();
    assert_eq!(built_in["default"], admin.get("/api/welcome").await.ok()["content"]);
    assert!(built_in["default_source"].as_str().unwrap().contains("{{ instance.name }}"));
    let others = ["content", "updated_at", "updated_by", "legacy_strings_detected", "warnings"];
    assert_eq!(
        others.map(|name| built_in[name].clone()),
        [json!(null), json!(null), json!(null), json!([]), json!([])]
    );

    let bob = app.user("bob@example.com", &["Sales"]).await;
    let template = "{# AI Data Analyst #}{% for group in user.groups %}{{ group }}{% else %}-{% endfor %} {{ user.email }} \
        {token} {{ today[:2] }} {{ now[10:11] }}{{ now[-6:] }} {{ server.hostname }} {{ '<b>' | e }} {{ '<b>' }}\n\nrun da sync";
    assert_snapshot!(put(&app, WORKSPACE, template).await, @r#"
    200 OK
    {"status":"ok"}
    "#);
    assert_snapshot!(bob.get("/api/welcome").await, @r#"
    200 OK
    {"content":"Sales bob@example.com {token} 20  +00:00 agnes.test &lt;b&gt; <b>\n\nrun da sync"}
    "#);
    let stored = admin.get(WORKSPACE).await.ok();
    assert_eq!((&stored["content"], &stored["default_source"]), (&json!(template), &built_in["default_source"]));
    assert_eq!(stored["legacy_strings_detected"], json!(["da sync"]));
    assert_eq!(stored["updated_by"], admin.get("/auth/me").await.ok()["email"]);
    assert!(stored["updated_at"].as_str().unwrap().starts_with("20"));
    assert_eq!(admin.get(SETUP).await.ok()["content"], json!(null));
    assert_eq!(put(&app, WORKSPACE, "no marker").await.ok()["warnings"].as_array().unwrap().len(), 1);

    assert_eq!(admin.delete(WORKSPACE).await.status, 204);
    assert!(bob.get("/api/welcome").await.ok()["content"].as_str().unwrap().lines().count() > 20);
    let stored = admin.get(WORKSPACE).await.ok();
    assert!(stored["content"].is_null() && !stored["updated_by"].is_null(), "{stored}");
    let log = admin.get("/api/admin/audit?resource=claude_md_template").await.ok();
    let actions: Vec<&Value> = log["entries"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["prompt.reset", "prompt.update", "prompt.update"]);
}

#[tokio::test]
async fn the_set_up_prompt() {
    let app = TestApp::start().await;
    let built_in = app.admin().await.get(SETUP).await.ok();
    let text = built_in["default"].as_str().unwrap();
    for part in [
        "1) Install the CLI",
        "agnes init --server-url \"{server_url}\" --token \"{token}\"",
        "4) Run diagnostics",
        "6) Confirm:",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("MCP") && built_in.get("legacy_strings_detected").is_none());
    assert_eq!(preview(&app, SETUP, "{{ user.email if user else 'stranger' }}").await, "admin@example.com");
    assert_eq!(put(&app, SETUP, "{% if user %}{{ user.name }}{% endif %}").await.status, 200);
    assert_snapshot!(put(&app, SETUP, "{{ user.name }}").await, @r#"
    400 Bad Request
    {"detail":"Template fails for anonymous /setup visitors: undefined value: `user.name` is undefined (line 1)"}
    "#);
    assert_snapshot!(put(&app, WORKSPACE, "{{ tables[0].name }}").await, @r#"
    400 Bad Request
    {"detail":"Template fails for non-admin analyst users: undefined value: `tables[0]` is undefined (line 1)"}
    "#);
    assert_snapshot!(put(&app, WORKSPACE, "\n{{ tabels }}").await, @r#"
    400 Bad Request
    {"detail":"Template invalid: undefined value: `tabels` is undefined (line 2)"}
    "#);
    assert_snapshot!(put(&app, WORKSPACE, "{% if %}").await, @r#"
    400 Bad Request
    {"detail":"Template invalid: syntax error: unexpected end of block (line 1)"}
    "#);
    for content in [json!({}), json!({ "content": "" }), json!({ "content": "x".repeat(200_001) })] {
        for path in [SETUP, WORKSPACE] {
            assert_eq!(app.admin().await.put_json(path, content.clone()).await.status, 422);
            assert_eq!(app.admin().await.post_json(&format!("{path}/preview"), content.clone()).await.status, 422);
        }
    }
    assert_eq!(put(&app, SETUP, &"é".repeat(200_000)).await.status, 200);
}

/// Text of 200,000 characters between two others.
fn long(begin: &str, part: &str, end: &str) -> String {
    format!("{begin}{}{end}", part.repeat((200_000 - begin.len() - end.len()) / part.len()))
}

#[tokio::test]
async fn hostile_templates_are_stopped() {
    let app = TestApp::start().await;
    let grow = |statement: &str, end: &str| {
        format!(
            "{{% set ns = namespace(a=['x']) %}}{{% for i in range(100000) %}}{{% set ns.a = {statement} %}}{{% endfor %}}{end}"
        )
    };
    for template in [
        "{% for i in range(10**9) %}x{% endfor %}".to_owned(),
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}".to_owned(),
        "{% for i in range(100000) %}{{ 'x' * 100 }}{% endfor %}".to_owned(),
        "{{ 'x' * 10**10 }}".to_owned(),
        "{% set a = [0] * 10**10 %}".to_owned(),
        "{{ 9**9**9**9 }}".to_owned(),
        "{{ '%999999999d' | format(1) }}".to_owned(),
        "{{ 'a\nb' | indent(10**9) }}".to_owned(),
        "{% set a = 'x' * 100000 %}{{ a | replace('x', a) | length }}".to_owned(),
        grow("ns.a ~ ns.a", ""),
        grow("[ns.a]", ""),
        grow("[ns.a]", "{{ ns.a }}"),
        "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}".to_owned(),
        "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}".to_owned(),
        "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}".to_owned(),
        "{% include '/etc/passwd' %}".to_owned(),
        "{% import 'macros/form.html' as form %}{{ form }}".to_owned(),
        "{% extends 'base.html' %}".to_owned(),
        "{{ ''.__class__.__mro__ }}".to_owned(),
        "{{ self.__init__.__globals__ }}".to_owned(),
        "{{ user.password_hash }}".to_owned(),
        "{{ debug() }}".to_owned(),
        "{{ cycler.__init__ }}".to_owned(),
        long("{{ 1", "+1", " }}"),
        long("{{ today", ".b", " }}"),
        long("{{ today", "|e|upper", " }}"),
        long("{{ ", "(", " }}"),
        long("{{ ", "[", " }}"),
        long("{{ ", "not ", "1 }}"),
        long("{{ ", "-", "1 }}"),
        long("{{ ", "1 if 0 else ", "1 }}"),
        long("{% if 0 %}", "{% elif 0 %}", "{% endif %}"),
        long("", "{% if 1 %}", ""),
        long("{% set a = [] %}", "{% set a = [a] %}", "{{ a }}"),
        long("{{ range", "()", " }}"),
    ] {
        let shown: String = template.chars().take(60).collect();
        let answer = timeout(DEADLINE, put(&app, WORKSPACE, &template)).await.expect("an answer");
        assert_eq!(answer.status, 400, "{shown}: {answer}");
        assert!(answer.json()["detail"].as_str().unwrap().starts_with("Template invalid: "), "{shown}: {answer}");
    }
    assert!(app.admin().await.get(WORKSPACE).await.ok()["content"].is_null());
    // What is long, but not hostile, works.
    assert_eq!(preview(&app, WORKSPACE, &long("", "{{ today }}", "")).await.len(), (200_000 / 11) * 10);
}

#[tokio::test]
async fn templates_of_v0_35_are_used() {
    let template = "{% if user %}{{ user.email }}: {{ tables | map(attribute=\"name\") | join(\", \") }}{% endif %}";
    let sql = format!(
        "UPDATE claude_md_template SET content = '{template}', updated_by = 'old@example.com', updated_at = TIMESTAMP '2026-01-02 03:04:05';
         UPDATE welcome_template SET content = '{{{{ missing }}}}'"
    );
    let app = TestApp::start_v0_35(&sql).await;
    let ann = app.sign_in(ANN.0, ANN.1).await;
    let content = ann.get("/api/welcome").await.ok()["content"].clone();
    assert!(content.as_str().unwrap().starts_with(&format!("{}: ", ANN.0)), "{content}");
    let admin = app.sign_in(ADMIN.0, ADMIN.1).await;
    let stored = admin.get(WORKSPACE).await.ok();
    assert_eq!(
        (&stored["updated_at"], &stored["updated_by"]),
        (&json!("2026-01-02T03:04:05"), &json!("old@example.com"))
    );
    assert_eq!(admin.get(SETUP).await.ok()["content"], "{{ missing }}");
    let app = TestApp::start_v0_35("UPDATE claude_md_template SET content = 'In {{ now.year }}'").await;
    assert_snapshot!(app.sign_in(ANN.0, ANN.1).await.get("/api/welcome").await, @r#"
    500 Internal Server Error
    {"detail":"Template render error: undefined value: `now.year` is undefined (line 1)"}
    "#);
}
