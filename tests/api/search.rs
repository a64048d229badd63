//! Search in the catalog.

use serde_json::{Value, json};

use crate::support::{Client, TestApp};
use crate::v2::offer;

async fn search(caller: &Client, query: &str) -> Value {
    let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    caller.get(&format!("/api/catalog/search?q={query}")).await.ok()
}

/// The names of tables with the columns that match, and the ids of metrics.
fn shown(found: &Value) -> Vec<String> {
    let matches = found["matches"].as_array().unwrap().iter();
    let shown = matches.map(|found| match found["kind"].as_str() {
        Some("table") => {
            let columns = found["columns"].as_array().unwrap().iter();
            let columns: Vec<_> = columns.map(|column| column["name"].as_str().unwrap()).collect();
            format!("{}({})", found["name"].as_str().unwrap(), columns.join(", "))
        }
        Some("metric") => found["id"].as_str().unwrap().to_owned(),
        kind => panic!("{kind:?}"),
    });
    shown.collect()
}

/// A shop, whose salaries only HR may read.
async fn shop() -> TestApp {
    let app = TestApp::start().await;
    app.drop_file("orders.csv", "id,customer_id,total_amount,placed_at\n1,7,12.50,2026-11-01\n");
    app.drop_file("customers.csv", "id,email,country_code\n7,ann@example.com,CZ\n");
    app.drop_file("salaries.csv", "employee,monthly_amount\nBob,1000\n");
    for (table, description) in
        [("orders", "One row per order"), ("customers", "Who buys from us"), ("salaries", "What people earn")]
    {
        let body = json!({"name": table, "source_type": "local", "description": description});
        app.admin().await.post_json("/api/admin/register-table", body).await.ok();
    }
    app.sync().await;
    app
}

#[tokio::test]
async fn tables_are_found_by_names_columns_and_descriptions() {
    let app = shop().await;
    let admin = app.admin().await;
    for (query, expected) in [
        ("orders", vec!["orders()"]),
        ("Which table has the country of a customer?", vec!["customers(country_code)", "orders(customer_id)"]),
        ("custmoers", vec!["customers()", "orders(customer_id)"]),
        ("earn", vec!["salaries()"]),
        ("total amount", vec!["orders(total_amount)", "salaries(monthly_amount)"]),
        ("nothing like it", vec![]),
    ] {
        assert_eq!(shown(&search(admin, query).await), expected, "{query}");
    }
    let found = search(admin, "placed at").await;
    assert_eq!(
        found,
        json!({
            "matches": [{
                "kind": "table", "id": "orders", "name": "orders", "description": "One row per order",
                "source_type": "local", "query_mode": "local",
                "columns": [{"name": "placed_at", "type": "DATE", "description": null}],
            }],
            "total": 1,
        })
    );
}

#[tokio::test]
async fn people_find_what_they_may_read() {
    let app = shop().await;
    let ann = app.user("ann@example.com", &["Eng"]).await;
    assert_eq!(search(&ann, "orders salaries amount").await, json!({"matches": [], "total": 0}));
    app.grant("Eng", "orders").await;
    assert_eq!(shown(&search(&ann, "orders salaries amount").await), ["orders(total_amount)"]);
    // What others have changes neither what is found nor its order.
    let before = search(&ann, "amount customer").await;
    app.drop_file("amounts.csv", "amount,amount_of_customer\n1,2\n");
    app.register("amounts").await;
    app.sync().await;
    assert_eq!(search(&ann, "amount customer").await, before);
}

#[tokio::test]
async fn metrics_are_found_by_those_who_may_read_their_tables() {
    let app = shop().await;
    let metric = json!({
        "id": "sales/revenue", "name": "revenue", "display_name": "Net revenue", "category": "sales",
        "description": "What orders brought in", "table_name": "orders", "unit": "CZK", "dimensions": ["country"],
        "synonyms": ["turnover"], "sql": "SELECT sum(total_amount) FROM orders",
    });
    app.admin().await.post_json("/api/admin/metrics", metric).await.ok();
    let ann = app.user("ann@example.com", &["Eng"]).await;
    assert_eq!(shown(&search(&ann, "turnover").await), [""; 0]);
    app.grant("Eng", "orders").await;
    for query in ["turnover", "revenues", "net revneue", "revenue by country"] {
        assert_eq!(shown(&search(&ann, query).await), ["sales/revenue"], "{query}");
    }
    let found = search(&ann, "turnover").await["matches"][0].clone();
    assert_eq!(
        found,
        json!({
            "kind": "metric", "id": "sales/revenue", "display_name": "Net revenue",
            "description": "What orders brought in", "unit": "CZK", "table": "orders", "dimensions": ["country"],
        })
    );
    let columns = json!({"columns": [{"column_name": "PLACED_AT", "description": "Time of purchase"}]});
    app.admin().await.post_json("/api/admin/metadata/orders", columns).await.ok();
    assert_eq!(shown(&search(&ann, "purchased").await), ["orders(placed_at)"]);
}

#[tokio::test]
async fn changes_are_found_at_once() {
    let app = shop().await;
    let admin = app.admin().await;
    assert_eq!(shown(&search(admin, "parcel").await), [""; 0]);
    admin.put_json("/api/admin/registry/orders", json!({"description": "Parcels that were sent"})).await.ok();
    assert_eq!(shown(&search(admin, "parcel").await), ["orders()"]);
    app.drop_file("orders.csv", "id,weight_of_parcel\n1,7\n");
    app.sync().await;
    assert_eq!(shown(&search(admin, "parcel weight").await), ["orders(weight_of_parcel)"]);
    // Registered, and not there yet.
    let body = json!({"name": "returns", "source_type": "local", "description": "Parcels that came back"});
    admin.post_json("/api/admin/register-table", body).await.ok();
    assert_eq!(shown(&search(admin, "parcel").await), ["orders(weight_of_parcel)", "returns()"]);
}

#[tokio::test]
async fn pages_and_what_is_refused() {
    let app = shop().await;
    let admin = app.admin().await;
    let path = |query: &str| format!("/api/catalog/search?{query}");
    let whole = admin.get(&path("q=amount+customer")).await.ok();
    assert_eq!(whole["total"], 3);
    for at in 0..4 {
        let page = admin.get(&path(&format!("q=amount+customer&limit=1&offset={at}"))).await.ok();
        assert_eq!(page["total"], 3);
        assert_eq!(page["matches"].get(0), whole["matches"].get(at));
    }
    let long = format!("q={}", "x".repeat(501));
    for query in ["", "q=x&limit=0", "q=x&limit=101", "q=x&limit=x", "q=x&offset=-1", &long] {
        assert_eq!(admin.get(&path(query)).await.status, 422, "{query}");
    }
    for query in ["q=", "q=%00", "q=%F0%9F%A6%86", "q=%25_%5C'%22"] {
        assert_eq!(admin.get(&path(query)).await.ok(), json!({"matches": [], "total": 0}), "{query}");
    }
}

#[tokio::test]
async fn the_page_says_how_many_matches_it_leaves_out() {
    let app = TestApp::start().await;
    let names: Vec<String> = (0..202).map(|n| format!("t{n}")).chain(["invoices".into()]).collect();
    let parts = [("", "SELECT 1 AS customer")];
    offer(&app, &names.iter().map(|name| (name.as_str(), &parts[..])).collect::<Vec<_>>()).await;
    let admin = app.admin().await;
    let many = admin.get("/catalog?q=customer&page=4").await;
    assert!(
        many.text().contains("151 to 200 of 200") && many.text().contains("3 weaker matches are not listed"),
        "{many}"
    );
    let one = admin.get("/catalog?q=invoices").await;
    assert!(one.text().contains("href=\"/catalog/invoices\"") && !one.text().contains("not listed"), "{one}");
}
