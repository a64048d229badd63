//! Saved queries, and the tables that keep their results.

mod access;
mod edges;
mod refresh;
mod save;
mod share;

use serde_json::{Value, json};

use crate::support::people::{list, text};
use crate::support::{Answer, Client, TestApp};

const PATH: &str = "/api/saved-queries";

/// A server with the tables `orders` and `salaries`; Ann and Bob are in `Sales`, which may read the first, and Cyd is in no
/// group of theirs.
struct House {
    app: TestApp,
    ann: Client,
    bob: Client,
    cyd: Client,
}

impl House {
    async fn open() -> Self {
        Self::open_with(&[]).await
    }

    async fn open_with(env: &[(&str, &str)]) -> Self {
        let app = TestApp::start_with(env).await;
        app.drop_file("orders.csv", "id,customer,amount\n1,Ann,1.5\n2,Bob,2.5\n3,Cyd,4\n");
        app.drop_file("salaries.csv", "name,salary\nAnn,100\n");
        app.register("orders").await.ok();
        app.register("salaries").await.ok();
        app.sync().await;
        app.grant("Sales", "orders").await;
        let (ann, bob) = (app.user("ann@example.com", &["Sales"]).await, app.user("bob@example.com", &["Sales"]).await);
        let cyd = app.user("cyd@example.com", &["Others"]).await;
        Self { app, ann, bob, cyd }
    }

    async fn admin(&self) -> &Client {
        self.app.admin().await
    }
}

/// Saves a query and returns its id.
async fn save(caller: &Client, body: Value) -> String {
    let answer = caller.post_json(PATH, body).await;
    assert_eq!(answer.status, 201, "{answer}");
    text(&answer.json()["id"])
}

/// Saves a query with a table, fills it, and returns its id.
async fn keep(caller: &Client, table: &str, sql: &str) -> String {
    let id = save(caller, json!({ "name": table, "sql": sql, "table": table })).await;
    let refreshed = refresh(caller, &id).await.ok();
    assert_eq!(refreshed["last_run"]["status"], "ok", "{refreshed}");
    id
}

async fn refresh(caller: &Client, id: &str) -> Answer {
    caller.post_json(&format!("{PATH}/{id}/refresh"), json!({})).await
}

async fn share(caller: &Client, id: &str, group: &str) -> Answer {
    caller.put_json(&format!("{PATH}/{id}/groups/{group}"), json!({})).await
}

async fn query(caller: &Client, sql: &str) -> Answer {
    caller.post_json("/api/query", json!({ "sql": sql })).await
}

/// The names that the caller is shown.
async fn names(caller: &Client) -> Vec<String> {
    let answer = caller.get(PATH).await.ok();
    list(&answer["queries"]).iter().map(|query| text(&query["name"])).collect()
}
