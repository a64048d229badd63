//! Metrics and tables of OpenMetadata as files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::openmetadata_server::{Fault, OpenMetadataServer, TOKEN};
use crate::support::{Answer, TestApp};

/// With further lines for `openmetadata:`.
async fn start(catalog: &OpenMetadataServer, lines: &str) -> TestApp {
    let dir = tempfile::tempdir().unwrap();
    let yaml = format!(
        "openmetadata:\n  url: {}/\n  token: {TOKEN}\n  tables:\n    orders: shop.db/x.orders\n    items: shop.items\n",
        catalog.url
    );
    fs::write(dir.path().join("instance.yaml"), yaml).unwrap();
    // The overlay counts, too.
    fs::create_dir_all(dir.path().join("state")).unwrap();
    fs::write(dir.path().join("state/instance.yaml"), format!("openmetadata:\n{lines}")).unwrap();
    TestApp::start_in(dir, &[]).await
}

async fn export(app: &TestApp) -> Answer {
    app.admin().await.post_json("/api/admin/catalog/export", json!({})).await
}

fn metric(name: &str, category: &str) -> Value {
    json!({
        "name": name, "fullyQualifiedName": name, "metricExpression": { "language": "SQL", "code": "sum(amount)" },
        "tags": [{ "tagFQN": format!("MetricCategory.{category}") }],
    })
}

/// The files below `docs` without the line that says when they were made.
fn files(app: &TestApp) -> BTreeMap<String, String> {
    let docs = app.data_dir().join("docs");
    let entries = walkdir::WalkDir::new(&docs).into_iter().filter_map(Result::ok);
    let files = entries.filter(|entry| entry.file_type().is_file()).map(|entry| {
        let text = fs::read_to_string(entry.path()).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with("# Generated: ")).map(|line| format!("{line}\n"));
        (entry.path().strip_prefix(&docs).unwrap().to_str().unwrap().to_owned(), lines.collect())
    });
    files.collect()
}

fn names(app: &TestApp) -> String {
    files(app).into_keys().collect::<Vec<_>>().join("\n")
}

fn write(app: &TestApp, path: &str, text: &str) {
    let file = app.data_dir().join("docs").join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

/// Imports the files of all metrics, and returns their ids.
async fn imported(app: &TestApp) -> Vec<String> {
    let admin = app.admin().await;
    let mut form = Form::new();
    for (path, text) in files(app).into_iter().filter(|(path, _)| path.starts_with("metrics/") && path != INDEX) {
        form = form.part("file", Part::text(text).file_name(path));
    }
    admin.send(admin.request(Method::POST, "/api/admin/metrics/import").multipart(form)).await.ok();
    let metrics = admin.get("/api/metrics").await.ok();
    metrics["metrics"].as_array().unwrap().iter().map(|metric| metric["id"].as_str().unwrap().to_owned()).collect()
}

const INDEX: &str = "metrics/metrics.yml";

#[tokio::test]
async fn metrics_and_tables_become_files() {
    let catalog = OpenMetadataServer::start().await;
    catalog.put_metrics(vec![json!({
        "name": "M1 Operational Margin", "displayName": "Operational margin", "fullyQualifiedName": "M1 Operational Margin",
        "description": "<p>What is <b>left</b>.</p><ul><li>monthly</li></ul>", "granularity": "MONTH",
        "metricType": "RATIO", "unitOfMeasurement": "PERCENTAGE", "owners": [{ "name": "finance" }, { "displayName": "Ann" }],
        "metricExpression": { "language": "SQL", "code": "sum(margin) / sum(revenue)" },
        "tags": [{ "tagFQN": "PII.None" }, { "tagFQN": "Category.finance" }, { "tagFQN": "Dimension.region" },
            { "tagFQN": "Dimension.plan" }, { "tagFQN": "Grain.Day" }],
    }), json!({
        "name": "users", "displayName": null, "description": null, "metricExpression": "count(*)", "owners": null,
        "tags": [{ "tagFQN": "Grain.Day" }, { "tagFQN": "MetricType.COUNT" }, { "tagFQN": "Unit.Users" }],
    })]);
    catalog.put("shop.db/x.orders", json!({
        "description": "<p>All orders</p>", "owners": [{ "name": "sales" }], "extension": { "tier": "Gold" },
        "tags": [{ "tagFQN": "PII.None" }, { "tagFQN": "Tier.Tier1", "name": "First" }],
        "columns": [{ "name": "ID", "dataType": "BIGINT", "description": "Key" }, { "name": "note", "dataType": "STRING" }],
    }));
    let app = start(&catalog, "").await;
    app.register("orders").await.ok();
    app.register("items").await.ok();
    assert_snapshot!(export(&app).await, @r#"
    200 OK
    {"status":"exported","metrics":{"written":2,"removed":0,"skipped":[]},"tables":{"written":1,"removed":0,"skipped":[]},"unknown_tables":["items"],"warnings":[]}
    "#);
    let files = files(&app);
    let shown = files.iter().map(|(path, text)| format!("--- {path}\n{text}")).collect::<String>();
    assert_snapshot!(shown.replace(&catalog.url, "http://catalog"), @r#"
    --- .catalog_sync_state.json
    {"last_export":"[time]","metrics_count":2,"tables_count":1}
    --- metrics/finance/m1_operational_margin.yml
    # AUTO-GENERATED from OpenMetadata catalog
    # Source: http://catalog/metric/M1%20Operational%20Margin
    # Do not edit: the next export replaces this file.
    # FQN: M1 Operational Margin
    - name: M1 Operational Margin
      display_name: Operational margin
      category: finance
      type: ratio
      unit: PERCENTAGE
      grain: month
      time_column: ""
      table: ""
      expression: sum(margin) / sum(revenue)
      description: |-
        What is left.
        - monthly
      dimensions:
      - region
      - plan
      notes:
      - "Source: OpenMetadata catalog (FQN: M1 Operational Margin)"
      - "Owners: finance, Ann"
      synonyms: []
    --- metrics/general/users.yml
    # AUTO-GENERATED from OpenMetadata catalog
    # Source: http://catalog/metric/users
    # Do not edit: the next export replaces this file.
    # FQN: users
    - name: users
      display_name: users
      category: general
      type: count
      unit: Users
      grain: day
      time_column: ""
      table: ""
      expression: count(*)
      description: ""
      dimensions: []
      notes: []
      synonyms: []
    --- metrics/metrics.yml
    # AUTO-GENERATED from OpenMetadata catalog
    metrics:
    - name: M1 Operational Margin
      display_name: Operational margin
      category: finance
      grain: month
      file: finance/m1_operational_margin.yml
    - name: users
      display_name: users
      category: general
      grain: day
      file: general/users.yml
    --- tables/orders.yml
    # AUTO-GENERATED from OpenMetadata catalog
    # Source: http://catalog/table/shop.db%2Fx.orders
    # Do not edit: the next export replaces this file.
    # FQN: shop.db/x.orders
    name: orders
    fqn: shop.db/x.orders
    description: All orders
    owners:
    - sales
    tags:
    - None
    - First
    tier: Gold
    columns:
    - name: ID
      type: BIGINT
      description: Key
    - name: note
      type: STRING
      description: ""
    "#);
    let text = fs::read_to_string(app.data_dir().join("docs/tables/orders.yml")).unwrap();
    let at = text.lines().find_map(|line| line.strip_prefix("# Generated: ")).unwrap();
    assert!(at.len() == 20 && at.parse::<jiff::Timestamp>().is_ok(), "{at}");
    assert_eq!(imported(&app).await, ["finance/M1 Operational Margin", "general/users"]);
    let audit = app.admin().await.get("/api/admin/audit?action=catalog.export").await.ok();
    let counts = ["metrics", "tables", "removed"].map(|name| &audit["entries"][0]["params"][name]);
    assert_eq!(counts, [2, 1, 0]);
    assert!(app.admin().await.get("/api/sync/manifest").await.ok()["assets"]["docs"].is_object());
}

#[tokio::test]
async fn all_pages_are_read() {
    let catalog = OpenMetadataServer::start().await;
    catalog.put_metrics((0..450).map(|number| metric(&format!("m{number:03}"), "many")).collect());
    let app = start(&catalog, "").await;
    catalog.fail(&[Fault::Nothing, Fault::Busy("0"), Fault::Busy("0"), Fault::Nothing]);
    assert_eq!(export(&app).await.ok()["metrics"]["written"], 450);
    assert_eq!(files(&app).len(), 450 + 2);
    let after = |name: &str| format!("metrics after '{name}'");
    assert_eq!(catalog.requests(), [after(""), after("m199"), after("m199"), after("m199"), after("m399")]);
}

#[tokio::test]
async fn names_cannot_leave_the_directory_nor_break_the_files() {
    let catalog = OpenMetadataServer::start().await;
    let hostile = ["a: b # c", "- x", "\"quoted\\", "x\ny: 1\n---\n- name: z", "%TAG ! x", "${HOME}", "{a}", "é 数"];
    let mut metrics: Vec<Value> = hostile.iter().map(|name| metric(name, "../../escape")).collect();
    for category in ["../../escape", "..", "/etc", ".", "metrics.yml", "a/b", "x\nname: y", ""] {
        metrics.push(metric(&format!("in {category}"), category));
    }
    metrics.push(metric("???", "symbols"));
    metrics.push(metric(&"long".repeat(130), "x"));
    for metric in &mut metrics {
        let name = metric["name"].as_str().unwrap().to_owned();
        (metric["description"], metric["displayName"]) = (json!(format!("{name}\u{2028}- z\u{85}: |")), json!(name));
        metric["fullyQualifiedName"] = json!(format!("{name}\n- name: injected\n  category: x\u{2028}y"));
    }
    catalog.put_metrics(metrics);
    let app = start(&catalog, "").await;
    // As v0.35 accepted it.
    let row = agnes::store::registry::Table { id: "t".into(), name: "../../t/\n".into(), ..Default::default() };
    app.state.store.write(move |change| agnes::store::registry::insert(change, &row)).await.unwrap();
    catalog.put("bigquery.t", json!({ "description": "x\n---\ny: 1" }));
    let answer = export(&app).await.ok();
    assert_eq!((&answer["metrics"]["written"], &answer["tables"]["written"]), (&json!(16), &json!(1)));
    let skipped = answer["metrics"]["skipped"].as_array().unwrap();
    let reasons: Vec<_> = skipped.iter().map(|skipped| skipped["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["its name has neither letters nor digits", "its names are longer than 500 bytes"]);
    assert!(!app.data_dir().join("escape").exists());
    assert_snapshot!(names(&app), @r#"
    .catalog_sync_state.json
    metrics/_/in.yml
    metrics/__/in.yml
    metrics/______escape/a.yml
    metrics/______escape/a_b_c.yml
    metrics/______escape/home.yml
    metrics/______escape/in_escape.yml
    metrics/______escape/quoted.yml
    metrics/______escape/tag_x.yml
    metrics/______escape/x.yml
    metrics/______escape/x_y_1_name_z.yml
    metrics/______escape/é_数.yml
    metrics/_etc/in_etc.yml
    metrics/a_b/in_a_b.yml
    metrics/general/in.yml
    metrics/metrics.yml
    metrics/metrics_yml/in_metrics_yml.yml
    metrics/x name_ y/in_x_name_y.yml
    tables/______t_.yml
    "#);
    assert_snapshot!(imported(&app).await.join("\n"), @r#"
    ../../escape/"quoted\
    ../../escape/${HOME}
    ../../escape/%TAG ! x
    ../../escape/- x
    ../../escape/a: b # c
    general/in
    ./in .
    ../in ..
    ../../escape/in ../../escape
    /etc/in /etc
    a/b/in a/b
    metrics.yml/in metrics.yml
    x name: y/in x name: y
    ../../escape/x y: 1 --- - name: z
    ../../escape/{a}
    ../../escape/é 数
    "#);
}

#[tokio::test]
async fn names_that_make_the_same_file_get_numbers() {
    let catalog = OpenMetadataServer::start().await;
    catalog.put_metrics(vec![
        metric("a b", "Sales"),
        metric("A-B", "sales"),
        metric("a_b", "sales"),
        metric("c", "s/t"),
    ]);
    let app = start(&catalog, "").await;
    write(&app, "metrics/sales/a_b.yml", "name: ours\n");
    export(&app).await.ok();
    let first = files(&app);
    let names = first.iter().filter(|(path, _)| *path != INDEX).map(|(path, text)| {
        format!("{path}: {}", text.lines().find(|line| line.contains("name: ")).unwrap_or_default())
    });
    assert_snapshot!(names.collect::<Vec<_>>().join("\n"), @r#"
    .catalog_sync_state.json: 
    metrics/Sales/a_b.yml: - name: a b
    metrics/s_t/c.yml: - name: c
    metrics/sales/a_b-2.yml: - name: A-B
    metrics/sales/a_b-3.yml: - name: a_b
    metrics/sales/a_b.yml: name: ours
    "#);
    export(&app).await.ok();
    assert_eq!(files(&app).into_keys().collect::<Vec<_>>(), first.into_keys().collect::<Vec<_>>());
}

#[tokio::test]
async fn only_own_files_are_removed() {
    let catalog = OpenMetadataServer::start().await;
    let app = start(&catalog, "").await;
    app.register("orders").await.ok();
    app.register("items").await.ok();
    catalog.put("shop.db/x.orders", json!({}));
    catalog.put("shop.items", json!({}));
    catalog.put_metrics(vec![metric("one", "sales"), metric("two", "gone"), metric("three", "mixed")]);
    assert_eq!(export(&app).await.ok()["tables"]["written"], 2);
    let ours = ["metrics/mixed/ours.yml", "metrics/ours.yml", "tables/ours.yml", "ours.md", "metrics/deep/er/ours.yml"];
    for file in ours {
        write(&app, file, "# ours\n# AUTO-GENERATED from OpenMetadata catalog\n");
    }
    write(&app, "metrics/old/v035.yml", "# AUTO-GENERATED from OpenMetadata catalog\n- name: v035\n");
    fs::create_dir(app.data_dir().join("docs/metrics/empty")).unwrap();

    // One table fails, the other one is not known any more.
    catalog.put_metrics(vec![metric("one", "sales")]);
    catalog.put("shop.items", Value::Null);
    catalog.remove("shop.db/x.orders");
    assert_snapshot!(export(&app).await, @r#"
    200 OK
    {"status":"exported","metrics":{"written":1,"removed":3,"skipped":[]},"tables":{"written":1,"removed":1,"skipped":[]},"unknown_tables":["orders"],"warnings":[]}
    "#);
    assert_snapshot!(names(&app), @r#"
    .catalog_sync_state.json
    metrics/deep/er/ours.yml
    metrics/metrics.yml
    metrics/mixed/ours.yml
    metrics/ours.yml
    metrics/sales/one.yml
    ours.md
    tables/items.yml
    tables/ours.yml
    "#);
    let exists = |path: &str| app.data_dir().join("docs/metrics").join(path).is_dir();
    assert_eq!(["gone", "old", "mixed", "empty"].map(exists), [false, false, true, true]);
}

#[tokio::test]
async fn metrics_are_selected_by_data_product_or_tag() {
    let catalog = OpenMetadataServer::start().await;
    let mut metrics = vec![metric("one", "a"), metric("two", "a"), metric("three", "a")];
    metrics[0]["dataProducts"] = json!([{ "name": "Shop", "fullyQualifiedName": "Retail.Shop" }]);
    metrics[1]["tags"] = json!([{ "tagFQN": "Agnes.Export" }, { "tagFQN": "MetricCategory.a" }]);
    metrics[2]["tags"] = json!([{ "tagFQN": "Agnes.Export.More" }]);
    catalog.put_metrics(metrics);
    for (lines, file) in [
        ("  data_product: Shop\n  filter_tag: Agnes.Export\n", "metrics/a/one.yml"),
        ("  filter_tag: Agnes.Export\n  data_product: ''\n", "metrics/a/two.yml"),
    ] {
        let app = start(&catalog, lines).await;
        assert_eq!(export(&app).await.ok()["metrics"]["written"], 1);
        assert_eq!(names(&app), format!(".catalog_sync_state.json\n{file}\n{INDEX}"));
    }
    for lines in ["  data_product: shop\n", "  filter_tag: Agnes\n"] {
        let app = start(&catalog, lines).await;
        write(&app, "metrics/a/one.yml", "# AUTO-GENERATED from OpenMetadata catalog\n- name: one\n");
        let answer = export(&app).await.ok();
        assert_eq!(answer["metrics"], json!({ "written": 0, "removed": 0, "skipped": [] }));
        assert!(answer["warnings"][0].as_str().unwrap().starts_with("OpenMetadata has no metrics"), "{answer}");
        assert_eq!(names(&app), ".catalog_sync_state.json\nmetrics/a/one.yml");
    }
}

#[tokio::test]
async fn nothing_changes_unless_everything_is_read() {
    let catalog = OpenMetadataServer::start().await;
    let app = start(&catalog, "").await;
    app.register("orders").await.ok();
    app.register("items").await.ok();
    catalog.put_metrics((0..201).map(|number| metric(&format!("m{number:03}"), "many")).collect());
    catalog.put("shop.db/x.orders", json!({}));
    export(&app).await.ok();
    let before = files(&app);
    catalog.put_metrics((100..400).map(|number| metric(&format!("m{number:03}"), "many")).collect());
    let down = Fault::Status(503);
    for faults in [
        &[down][..],
        &[Fault::Nothing, down],
        &[Fault::Nothing, Fault::Nothing, down],
        &[Fault::Nothing, Fault::Nothing, Fault::Nothing, down],
        &[Fault::Nothing, Fault::Status(500)],
        &[Fault::Nothing, Fault::Body("{\"data\": [{}]}")],
        &[Fault::Nothing, Fault::Nothing, Fault::Status(401)],
        &[Fault::Nothing, Fault::Busy("3600")],
        &[Fault::Moved],
    ] {
        catalog.fail(faults);
        let answer = export(&app).await;
        assert_eq!(answer.status, 502, "{faults:?}: {answer}");
        assert!(answer.json()["detail"]["message"].as_str().unwrap().ends_with("; no file was changed"), "{answer}");
        assert_eq!(files(&app), before, "{faults:?}");
    }
    catalog.recover();
    assert_eq!(export(&app).await.ok()["metrics"], json!({ "written": 300, "removed": 100, "skipped": [] }));
}

#[tokio::test]
async fn one_export_at_a_time() {
    let catalog = OpenMetadataServer::start().await;
    catalog.put_metrics(vec![metric("one", "a")]);
    let app = start(&catalog, "").await;
    catalog.fail(&[Fault::Hang]);
    let second = async {
        app.until("a running export", || !catalog.requests().is_empty()).await;
        let answer = export(&app).await;
        catalog.recover();
        answer
    };
    let (first, second) = tokio::join!(export(&app), second);
    assert_snapshot!(second, @r#"
    409 Conflict
    {"detail":"An export is running already; wait until it has ended"}
    "#);
    assert_eq!(first.ok()["metrics"]["written"], 1);
}

#[tokio::test]
async fn without_openmetadata() {
    let app = TestApp::start().await;
    assert_snapshot!(export(&app).await, @r#"
    400 Bad Request
    {"detail":"OpenMetadata is not configured: set openmetadata.url and openmetadata.token in instance.yaml, and restart"}
    "#);
    assert!(!Path::new(&app.data_dir().join("docs")).exists());
}
