//! What OpenMetadata says about tables, and what happens while it fails.

use std::time::Duration;

use agnes::openmetadata::{OpenMetadata, Settings};
use insta::assert_snapshot;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::openmetadata_server::{Fault, OpenMetadataServer, TOKEN};
use crate::support::{DEADLINE, TestApp};

async fn start_with(catalog: &OpenMetadataServer, token: &str, change: impl FnOnce(&mut Settings)) -> TestApp {
    let dir = tempfile::tempdir().unwrap();
    let yaml = format!(
        "openmetadata:\n  url: {}/\n  token: ${{CATALOG_TOKEN}}\n  tables:\n    orders: warehouse.shop.a/b%2F.orders\n",
        catalog.url
    );
    std::fs::write(dir.path().join("instance.yaml"), yaml).unwrap();
    let configure = |settings: &mut agnes::server::ServerSettings| change(settings.openmetadata.as_mut().unwrap());
    let app = TestApp::start_configured(dir, &[("CATALOG_TOKEN", token)], configure).await;
    app.publish("orders", "id,amount,note\n1,2.5,x\n").await;
    app
}

/// A catalog that describes the table `orders`.
async fn catalog() -> OpenMetadataServer {
    let catalog = OpenMetadataServer::start().await;
    catalog.put("warehouse.shop.a/b%2F.orders", orders("<p>All <b>orders</b> &amp; returns</p>"));
    catalog
}

fn orders(description: &str) -> Value {
    json!({
        "id": "455e3d9d-dbbf-455e-b3be-7191daa825f3", "name": "orders", "description": description,
        "columns": [
            { "name": "ID", "dataType": "BIGINT", "description": "Key of the order" },
            { "name": "amount", "dataType": "DECIMAL", "description": "Not in euros", "tags": [] },
            { "name": "note", "dataType": "STRING", "description": null },
        ],
        "owners": [{ "type": "team", "name": "sales", "displayName": "Sales" }, { "type": "user", "displayName": "Ann" }],
        "tags": [{ "tagFQN": "PII.None", "labelType": "Manual" }, { "tagFQN": "Tier.Tier1", "labelType": "Manual" }],
        "extension": null,
    })
}

async fn schema(app: &TestApp) -> Value {
    let admin = app.admin().await;
    timeout(DEADLINE, admin.get("/api/v2/schema/orders")).await.expect("an answer without waiting").ok()
}

/// The schema, once the description of the table is this.
async fn described(app: &TestApp, description: &str) -> Value {
    let end = Instant::now() + DEADLINE;
    loop {
        let schema = schema(app).await;
        if schema["description"] == description {
            return schema;
        }
        assert!(Instant::now() < end, "waited in vain for '{description}': {schema}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Asks often, once the catalog has been asked, and returns how often the catalog was.
async fn requests_of_many(app: &TestApp, catalog: &OpenMetadataServer) -> usize {
    schema(app).await;
    app.until("a question to the catalog", || !catalog.requests().is_empty()).await;
    for _ in 0..20 {
        assert_eq!(schema(app).await["columns"][0]["description"], "");
    }
    catalog.requests().len()
}

#[tokio::test]
async fn the_catalog_describes_what_nobody_has_described_here() {
    let catalog = catalog().await;
    let app = start_with(&catalog, TOKEN, |_| {}).await;
    let admin = app.admin().await;
    let described_here = json!({ "columns": [
        { "column_name": "AMOUNT", "description": "In euros" },
        { "column_name": "id", "description": "" },
    ] });
    admin.post_json("/api/admin/metadata/orders", described_here).await.ok();

    // The search may have looked before the catalog has answered.
    admin.get("/api/catalog/search?q=returns").await.ok();
    let schema = described(&app, "All orders & returns").await;
    let columns = schema["columns"].as_array().unwrap().iter();
    let columns = columns.map(|column| format!("{}: {}", column["name"], column["description"]));
    assert_snapshot!(columns.collect::<Vec<_>>().join("\n"), @r#"
        "id": "Key of the order"
        "amount": "In euros"
        "note": ""
        "#);
    let tables = admin.get("/api/v2/catalog").await.ok();
    let entry = &tables["tables"][0];
    assert_eq!(entry["catalog_url"], format!("{}/table/warehouse.shop.a%2Fb%252F.orders", catalog.url));
    let shown = format!("{}: {}, {}", entry["description"], entry["owners"], entry["tier"]);
    assert_eq!(shown, r#""All orders & returns": ["sales","Ann"], "Tier1""#);
    let listed = admin.get("/api/catalog/tables").await.ok();
    assert_eq!(listed["tables"][0]["description"], "All orders & returns");
    assert_eq!(catalog.requests(), ["warehouse.shop.a/b%2F.orders"], "one answer serves all");

    let found = admin.get("/api/catalog/search?q=returns").await.ok();
    assert_eq!(found["matches"][0]["name"], "orders", "{found}");
    let found = admin.get("/api/catalog/search?q=key").await.ok();
    assert_eq!(found["matches"][0]["columns"][0]["description"], "Key of the order", "{found}");

    admin.put_json("/api/admin/registry/orders", json!({ "description": "Ours" })).await.ok();
    described(&app, "Ours").await;
    assert_eq!(admin.get("/api/v2/catalog").await.ok()["tables"][0]["description"], "Ours");
    assert_eq!(admin.get("/api/catalog/tables").await.ok()["tables"][0]["description"], "Ours");
}

#[tokio::test]
async fn tables_without_a_configured_name_have_that_of_v0_35() {
    let catalog = catalog().await;
    catalog.put("bigquery.others", json!({ "description": "Others", "extension": { "tier": "Gold" } }));
    let app = start_with(&catalog, TOKEN, |_| {}).await;
    app.publish("others", "id\n1\n").await;
    app.publish("unknown", "id\n1\n").await;
    let admin = app.admin().await;
    let end = Instant::now() + DEADLINE;
    let tables = loop {
        let tables = admin.get("/api/v2/catalog").await.ok()["tables"].clone();
        if tables[0]["tier"] == "Tier1" && tables[1]["tier"] == "Gold" {
            break tables;
        }
        assert!(Instant::now() < end, "waited in vain: {tables}");
        sleep(Duration::from_millis(5)).await;
    };
    assert_eq!((&tables[1]["description"], tables[1].get("owners")), (&json!("Others"), None));
    assert_eq!((&tables[2]["name"], tables[2].get("catalog_url")), (&json!("unknown"), None));
    app.until("a question for each", || catalog.requests().len() >= 3).await;
    for _ in 0..20 {
        admin.get("/api/v2/catalog").await.ok();
    }
    assert_eq!(catalog.requests().len(), 3, "that a table is not known is remembered, too");
}

#[tokio::test]
async fn nobody_waits_for_a_catalog_that_does_not_answer() {
    let catalog = catalog().await;
    catalog.fail(&[Fault::Hang]);
    let app = start_with(&catalog, TOKEN, |settings| settings.timeout = Duration::from_secs(3600)).await;
    assert_eq!(requests_of_many(&app, &catalog).await, 1);
}

#[tokio::test]
async fn failures_are_remembered() {
    for fault in [Fault::Status(503), Fault::Status(400), Fault::Busy("600"), Fault::Body("<html>"), Fault::Moved] {
        let catalog = catalog().await;
        catalog.fail(&[fault]);
        let app = start_with(&catalog, TOKEN, |_| {}).await;
        assert_eq!(requests_of_many(&app, &catalog).await, 1, "{fault:?}");
    }
    let catalog = catalog().await;
    let app = start_with(&catalog, "another.token", |_| {}).await;
    assert_eq!(requests_of_many(&app, &catalog).await, 1, "a token that is not accepted");
}

#[tokio::test]
async fn after_failures_the_catalog_is_asked_again() {
    let catalog = catalog().await;
    let faults = [Fault::Status(503), Fault::Busy("0"), Fault::Body(r#"{"columns": 7}"#), Fault::Hang, Fault::Moved];
    catalog.fail(&faults);
    let quick = |settings: &mut Settings| {
        (settings.retry, settings.timeout) = (Duration::from_millis(1), Duration::from_millis(100));
        settings.lifetime = Duration::ZERO;
    };
    let app = start_with(&catalog, TOKEN, quick).await;
    let end = Instant::now() + DEADLINE;
    while catalog.requests().len() < faults.len() {
        assert_eq!(schema(&app).await["description"], Value::Null);
        assert!(Instant::now() < end, "waited in vain");
    }
    catalog.recover();
    described(&app, "All orders & returns").await;

    // The last answer is shown for as long as there is no new one.
    let before = catalog.requests().len();
    catalog.fail(&[Fault::Status(500)]);
    while catalog.requests().len() < before + 3 {
        assert_eq!(schema(&app).await["description"], "All orders & returns");
        assert!(Instant::now() < end, "waited in vain");
    }
    catalog.recover();
    catalog.put("warehouse.shop.a/b%2F.orders", orders("Changed"));
    described(&app, "Changed").await;
    let found = app.admin().await.get("/api/catalog/search?q=changed").await.ok();
    assert_eq!(found["matches"][0]["name"], "orders", "the search knows it, too: {found}");
}

#[tokio::test]
async fn settings_that_cannot_work_are_named() {
    let problem = |yaml: &str| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("instance.yaml"), format!("openmetadata:\n{yaml}")).unwrap();
        let path = dir.path().to_str().unwrap();
        let env = agnes::config::Environment::from_pairs([("DATA_DIR", path), ("CONFIG_DIR", path)]);
        match agnes::server::ServerSettings::load(env) {
            Ok(settings) => OpenMetadata::new(settings.openmetadata).err().map(|error| error.to_string()),
            Err(error) => Some(error.to_string()),
        }
    };
    assert_eq!(problem("  url: https://catalog.example.com"), None, "switched off without a token");
    assert_eq!(problem("  token: abc\n  url: ''"), None, "switched off without an address");
    for (yaml, part) in [
        ("  url: catalog\n  token: abc", "openmetadata.url: 'catalog' is not a valid address"),
        ("  url: http://c\n  token: abc\n  verify_ssl: /nowhere.pem", "/nowhere.pem: No such file"),
        ("  url: http://c\n  token: \"a\\nb\"", "openmetadata.token"),
        ("  cache_ttl_seconds: soon", "openmetadata.cache_ttl_seconds"),
    ] {
        let problem = problem(yaml).unwrap_or_default();
        assert!(problem.contains(part), "{yaml}: {problem}");
    }
}
