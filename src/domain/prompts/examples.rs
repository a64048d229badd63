//! Values with which a template is tried before it is stored.

use serde_json::{Value, json};

use crate::protocol::vocabulary::QueryMode;
use crate::store::prompts::Prompt;

const INVALID: &str = "Template invalid";

/// The values, each with what to say if the template fails with them.
pub fn of(prompt: Prompt) -> [(Value, &'static str); 2] {
    match prompt {
        Prompt::Setup => {
            let mut stranger = common();
            (stranger["user"], stranger["marketplaces"]) = (Value::Null, json!([]));
            [(common(), INVALID), (stranger, "Template fails for anonymous /setup visitors")]
        }
        Prompt::Workspace => {
            let mut admin = workspace();
            admin["user"]["is_admin"] = json!(true);
            let mut analyst = workspace();
            for list in ["tables", "marketplaces"] {
                analyst[list] = json!([]);
            }
            analyst["metrics"] = json!({ "count": 0, "categories": [] });
            (analyst["user"]["name"], analyst["user"]["groups"]) = (Value::Null, json!([]));
            [(admin, INVALID), (analyst, "Template fails for non-admin analyst users")]
        }
    }
}

fn common() -> Value {
    json!({
        "instance": { "name": "Example", "subtitle": "Example Org" },
        "server": { "url": "https://example.com", "hostname": "example.com" },
        "user": {
            "id": "example", "email": "user@example.com", "name": "Example User", "is_admin": false, "groups": ["Everyone"],
        },
        "now": "2026-01-01 12:00:00+00:00",
        "today": "2026-01-01",
        "marketplaces": [{ "slug": "example", "name": "Example", "plugins": [{ "name": "example-plugin" }] }],
    })
}

fn workspace() -> Value {
    let mut values = common();
    values["sync_interval"] = json!("1 hour");
    values["data_source"] = json!({ "type": "example" });
    values["tables"] = json!([{ "name": "orders", "description": "Example table", "query_mode": QueryMode::Local }]);
    values["metrics"] = json!({ "count": 3, "categories": ["finance", "product"] });
    values
}
