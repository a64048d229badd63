//! Names of tables that are not granted, in the catalog, on servers that show them.

use serde_json::{Value, json};

use crate::support::people::text;
use crate::support::{Client, TestApp};

const PAGE: &str = "/catalog?show=ungranted";

struct House {
    app: TestApp,
    /// May read `orders`.
    ann: Client,
}

impl House {
    async fn open() -> Self {
        let app = TestApp::start().await;
        app.drop_file("orders.csv", "id\n1\n2\n3\n");
        app.drop_file("salaries.csv", "person,secret_figure\nAda,987654\n");
        app.register("orders").await.ok();
        app.register("not_synced").await.ok();
        let salaries = json!({ "name": "salaries", "source_type": "local", "description": "What <b>people</b> earn" });
        app.admin().await.post_json("/api/admin/register-table", salaries).await.ok();
        app.sync().await;
        app.grant("analysts", "orders").await;
        let ann = app.user("ann@example.com", &["analysts"]).await;
        Self { app, ann }
    }

    async fn show(&self, is_shown: bool) {
        let change = json!({ "sections": { "instance": { "show_ungranted_tables": is_shown } } });
        let changed = self.app.admin().await.post_json("/api/admin/server-config", change).await.ok();
        assert_eq!(changed["restart_required"], false, "{changed}");
    }

    async fn token(&self, owner: &Client, scope: &str) -> Client {
        let made = owner.post_json("/auth/tokens", json!({ "name": scope, "scope": scope })).await.ok();
        self.app.with_token(&text(&made["token"]))
    }
}

/// Everything but that page which lists or counts tables.
async fn elsewhere(caller: &Client) -> Vec<String> {
    let mut answers = Vec::new();
    let paths = ["/api/catalog/tables", "/api/v2/catalog", "/api/sync/manifest", "/api/catalog/search?q=salaries"];
    for path in paths.into_iter().chain(["/dashboard", "/catalog/salaries", "/query", "/profile/access"]) {
        let answer = caller.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        // The words of a request come back.
        let body = answer.text().replace("/catalog/salaries", "");
        let is_time = |line: &&str| !line.contains("server_time") && !line.contains("generated_at");
        answers.push(match serde_json::from_str::<Value>(&body) {
            Ok(mut body) => {
                body["server_time"] = Value::Null;
                body.to_string()
            }
            Err(_) => body.lines().filter(is_time).collect::<Vec<_>>().join("\n"),
        });
    }
    answers
}

#[tokio::test]
async fn nothing_is_shown_unless_the_server_says_so() {
    let house = House::open().await;
    for page in [PAGE, "/catalog", "/dashboard", "/access-requests"] {
        let text = house.ann.get(page).await;
        assert_eq!(text.status, 200);
        assert!(!text.text().contains("salaries") && !text.text().contains("Not granted"), "{page}: {}", text.text());
    }
    let off = elsewhere(&house.ann).await;
    house.show(true).await;
    assert!(house.ann.get(PAGE).await.text().contains("salaries"));
    assert_eq!(elsewhere(&house.ann).await, off, "only that page changes");
    let catalog = house.ann.get("/catalog").await;
    assert!(
        !catalog.text().contains("salaries") && catalog.text().contains("catalog?show=ungranted"),
        "{}",
        catalog.text()
    );
    assert!(catalog.text().contains("1 to 1 of 1"), "totals count what is granted");
    house.show(false).await;
    assert!(!house.ann.get(PAGE).await.text().contains("salaries"));
}

#[tokio::test]
async fn names_and_descriptions_and_nothing_else() {
    let house = House::open().await;
    house.show(true).await;
    // Of saved queries, not even the names.
    let admin = house.app.admin().await;
    let saved = json!({ "name": "private", "sql": "SELECT * FROM salaries", "table": "private_notes" });
    let saved = admin.post_json("/api/saved-queries", saved).await.json();
    admin.post_json(&format!("/api/saved-queries/{}/refresh", text(&saved["id"])), json!({})).await.ok();

    let page = house.ann.get(PAGE).await.text().to_owned();
    assert!(page.contains("What &lt;b&gt;people&lt;&#x2f;b&gt; earn") && page.contains("table_id=salaries"), "{page}");
    assert!(page.contains("1 to 1 of 1"), "{page}");
    for hidden in ["orders", "not_synced", "private_notes", "secret_figure", "987654", "local", "Updated", "fresh"] {
        let main = page.split("<main").nth(1).unwrap();
        assert!(!main.contains(hidden), "{hidden}: {main}");
    }
    for (q, is_found) in [("SALAR", true), ("earn", true), ("secret_figure", false), ("private", false)] {
        let found = house.ann.get(&format!("{PAGE}&q={q}")).await;
        assert_eq!(found.text().contains("table_id=salaries"), is_found, "{q}");
    }
    let refused = house.ann.get("/api/data/salaries/download").await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn each_caller_sees_what_they_may_ask_for() {
    let house = House::open().await;
    house.show(true).await;
    let admin = house.app.admin().await;
    let everything = "You may read every table";
    assert!(admin.get(PAGE).await.text().contains(everything));
    assert!(house.token(admin, "no-admin").await.get(PAGE).await.text().contains(everything));
    for scope in ["general", "no-admin"] {
        let page = house.token(&house.ann, scope).await.get(PAGE).await;
        assert!(page.text().contains("table_id=salaries") && !page.text().contains("orders"), "{scope}: {page}");
    }
    let stranger = house.app.get(PAGE).await;
    assert!(!stranger.text().contains("salaries") && stranger.text().contains("Sign in"), "{stranger}");

    // Asked for, then granted.
    let asked = house.ann.post_json("/api/access-requests", json!({ "table_id": "salaries" })).await.ok();
    let page = house.ann.get(PAGE).await.text().to_owned();
    assert!(page.contains(">Asked<") && !page.contains("table_id=salaries"), "{page}");
    admin.post_json(&format!("/api/access-requests/{}/approve", text(&asked["id"])), json!({})).await.ok();
    assert!(house.ann.get(PAGE).await.text().contains(everything));
    assert_eq!(house.ann.get("/api/data/salaries/download").await.status, 200);
}

#[tokio::test]
async fn many_tables_come_in_pages() {
    let house = House::open().await;
    house.show(true).await;
    for n in 0..60 {
        house.app.drop_file(&format!("t{n:02}.csv"), "id\n1\n");
        let table = json!({ "name": format!("t{n:02}"), "source_type": "local", "profile_after_sync": false });
        house.app.admin().await.post_json("/api/admin/register-table", table).await.ok();
    }
    house.app.sync().await;
    let second = house.ann.get(&format!("{PAGE}&page=2")).await;
    assert!(second.text().contains("51 to 61 of 61") && second.text().contains("t59"), "{second}");
    assert!(!second.text().contains("t00"));
}
