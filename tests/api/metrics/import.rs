use insta::assert_snapshot;
use reqwest::Method;
use reqwest::multipart::{Form, Part};

use crate::support::{Answer, TestApp};

async fn import(app: &TestApp, files: &[(&str, &str)]) -> Answer {
    let form = files.iter().fold(Form::new().text("other", "x"), |form, (name, text)| {
        form.part("file", Part::text((*text).to_owned()).file_name((*name).to_owned()))
    });
    let admin = app.admin().await;
    admin.send(admin.request(Method::POST, "/api/admin/metrics/import").multipart(form)).await
}

#[tokio::test]
async fn metrics_of_a_document() {
    let app = TestApp::start().await;
    let text = "
- name: mrr
  category: revenue
  table: subscriptions
  unit: 5
  type: null
  dimensions: [plan, 'yes', 1.50]
  validation: {since: 2024-01-01, max: 10}
  sql: |
    SELECT sum(amount)
    FROM subscriptions
  sql_by_channel: SELECT 2
  color: red
- just a text
- name: arr
  category: revenue
";
    assert_snapshot!(import(&app, &[("all.yml", text)]).await, @r#"
    200 OK
    {"status":"imported","count":2}
    "#);
    let admin = app.admin().await;
    assert_snapshot!(admin.get("/api/metrics/revenue/mrr").await, @r#"
    200 OK
    {"id":"revenue/mrr","name":"mrr","display_name":"mrr","category":"revenue","description":null,"type":null,"unit":"5","grain":"monthly","table_name":"subscriptions","tables":null,"expression":null,"time_column":null,"dimensions":["plan","yes","1.50"],"filters":null,"synonyms":null,"notes":null,"sql":"SELECT sum(amount)\nFROM subscriptions\n","sql_variants":"{\"by_channel\":\"SELECT 2\"}","validation":"{\"since\":\"2024-01-01\",\"max\":10}","source":"yaml_import","created_at":"[time]","updated_at":"[time]"}
    "#);
    assert_eq!(admin.get("/api/admin/audit?action=metric.import").await.ok()["count"], 1);
    assert_snapshot!(import(&app, &[("a.yml", "hello")]).await, @r#"
    200 OK
    {"status":"imported","count":0}
    "#);
    let folder = [("x/sales/one.yml", "name: one"), ("y/two.yml", "{name: two, category: own}")];
    assert_eq!(import(&app, &folder).await.ok()["count"], 2);
    assert_eq!(admin.get("/api/metrics/sales/one").await.status, 200);
    assert_eq!(admin.get("/api/metrics/own/two").await.status, 200);
}

#[tokio::test]
async fn all_or_nothing() {
    let app = TestApp::start().await;
    let good = "{name: a, category: c}";
    let faults = [
        "- {name: a, category: c}\n- {name: b, category: c, tables: text}",
        "name: a\ncategory: c\nsql: null",
        "name: a\ncategory: c\nsql: !python/object:os.system ls",
        "- {name: a, category: c}\n- {name: b}",
        "a: [",
        "",
        "[]",
        "{}",
        "name: a\nname: b\ncategory: c",
        "name: \"a\\nb\"\ncategory: c",
        "- {name: a, category: c}\n---\n- {name: b, category: c}",
    ];
    let mut told = Vec::new();
    for fault in faults {
        let answer = import(&app, &[("good.yml", good), ("bad.yml", fault)]).await;
        assert_eq!(answer.status, 400, "{fault}: {answer}");
        told.push(answer.json()["detail"].as_str().unwrap().to_owned());
        assert_eq!(app.admin().await.get("/api/metrics").await.ok()["count"], 0, "{fault}");
    }
    assert_snapshot!(told.join("\n"), @r#"
    Invalid YAML: expected sequence start at line 2, column 34 (bad.yml)
    Invalid YAML: null is not allowed here at line 3, column 6 (bad.yml)
    Invalid YAML: unsupported tag `!python/object:os.system` at line 3, column 31 (bad.yml)
    Each metric must have 'name' and 'category' fields: item 2 has not (bad.yml)
    Invalid YAML: unclosed bracket '[' at line 1, column 4 (bad.yml)
    Empty YAML file (bad.yml)
    Empty YAML file (bad.yml)
    Empty YAML file (bad.yml)
    Invalid YAML: duplicate mapping key `name` is not allowed here at line 2, column 1 (bad.yml)
    id "c/a\nb" must not contain control characters (bad.yml)
    Invalid YAML: only single YAML document expected but multiple found at line 3, column 1 (bad.yml)
    "#);
    assert_eq!(import(&app, &[]).await.status, 422);
}

/// Each level is ten times the one below it.
#[tokio::test]
async fn a_document_that_grows_is_refused() {
    let app = TestApp::start().await;
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        text += &format!("a{level}: &a{level} [{below}]\n");
    }
    let answer = import(&app, &[("bomb.yml", &text)]).await;
    assert_eq!(answer.status, 400, "{answer}");
    let deep = "[".repeat(100_000);
    assert_eq!(import(&app, &[("deep.yml", &deep)]).await.status, 400);
}

#[tokio::test]
async fn semantic_models() {
    let app = TestApp::start().await;
    let text = "
version: 0.2.0.dev0
semantic_model:
  - name: shop
    datasets:
      - name: orders
        source: sales.public.orders
        fields:
          - {name: order_date, expression: {dialects: [{dialect: ANSI_SQL, expression: order_date}]}, dimension: {is_time: true}}
          - {name: region, expression: {dialects: [{dialect: ANSI_SQL, expression: region}]}, dimension: {is_time: false}}
          - {name: amount, expression: {dialects: [{dialect: ANSI_SQL, expression: amount}]}}
      - name: customers
        source: sales.public.customers
    metrics:
      - name: total_revenue
        expression: {dialects: [{dialect: SNOWFLAKE, expression: x}, {dialect: ANSI_SQL, expression: SUM(orders.amount)}]}
        description: Total
        ai_context: {synonyms: [total sales], instructions: Use it}
      - name: per_customer
        expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(orders.amount) / COUNT(DISTINCT customers.id)}]}
";
    assert_eq!(import(&app, &[("model.yml", text)]).await.ok()["count"], 2);
    let admin = app.admin().await;
    assert_snapshot!(admin.get("/api/metrics").await, @r#"
    200 OK
    {"metrics":[{"id":"shop/per_customer","name":"per_customer","display_name":"per_customer","category":"shop","description":null,"type":null,"unit":null,"grain":"monthly","table_name":null,"tables":["orders","customers"],"expression":"SUM(orders.amount) / COUNT(DISTINCT customers.id)","time_column":null,"dimensions":null,"filters":null,"synonyms":null,"notes":null,"sql":"","sql_variants":null,"validation":null,"source":"yaml_import","created_at":"[time]","updated_at":"[time]"},{"id":"shop/total_revenue","name":"total_revenue","display_name":"total_revenue","category":"shop","description":"Total","type":null,"unit":null,"grain":"monthly","table_name":"orders","tables":null,"expression":"SUM(orders.amount)","time_column":"order_date","dimensions":["region"],"filters":null,"synonyms":["total sales"],"notes":["Use it"],"sql":"","sql_variants":null,"validation":null,"source":"yaml_import","created_at":"[time]","updated_at":"[time]"}],"count":2}
    "#);
}
