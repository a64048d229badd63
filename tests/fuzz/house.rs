//! A server with people, tables, a group and a grant, so that there is something to find.

use std::path::{Path, PathBuf};

use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::program::{PATIENCE, Place, Serving};

/// Lets the hooks repair what a run breaks.
pub const SCHEDULER: &str = "the-schedulers-secret-of-32-chars-or-more";
pub const PASSWORD: &str = "correct horse";
pub const ADMIN: &str = "admin@example.com";
pub const USER: &str = "ann@example.com";
/// Of which the user may read the first.
const TABLES: [&str; 2] = ["orders", "people"];
/// The second is nobody's.
const ADDRESSES: [&str; 3] = [USER, "carl@example.com", "bob@example.com"];
const PASSWORDS: [&str; 2] = [PASSWORD, "a battery and a staple"];
/// Files of ids, and where they are listed.
const LISTS: [(&str, &str); 5] = [
    ("users", "/api/users"),
    ("groups", "/api/admin/groups"),
    ("grants", "/api/admin/grants"),
    ("tokens", "/auth/tokens"),
    ("runs", "/api/sync/runs"),
];
const STATEMENTS: [&str; 3] = ["SELECT * FROM orders", "SELECT count(*) FROM people", "SELECT id / 0 FROM orders"];

pub struct House {
    pub server: Serving,
    place: Place,
    admin: Admin,
}

impl House {
    pub fn new() -> Self {
        // The limits would hide the rest of the operations that they protect.
        let place = Place::new(&[("SCHEDULER_API_TOKEN", SCHEDULER), ("AGNES_AUTH_RATELIMIT_ENABLED", "0")]);
        let server = place.serve(&[]);
        let admin = Admin::of(&server.url);
        admin.furnish();
        Self { server, place, admin }
    }

    /// A folder with what schemathesis needs, and the words that it puts into requests.
    pub fn words(&self) -> PathBuf {
        let folder = self.place.dir.path().join("words");
        std::fs::create_dir(&folder).unwrap();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
        for file in ["schemathesis.toml", "hooks.py"] {
            std::fs::copy(sources.join(file), folder.join(file)).unwrap();
        }
        let write = |file: &str, words: &[&str]| {
            let lines: String = words.iter().map(|word| format!("{}\n", json!(word))).collect();
            std::fs::write(folder.join(file), lines).unwrap();
        };
        for (file, path) in LISTS {
            let mut ids = Vec::new();
            collect_ids(&self.admin.get(path), &mut ids);
            write(file, &ids.iter().map(String::as_str).collect::<Vec<_>>());
        }
        write("tables", &TABLES);
        write("statements", &STATEMENTS);
        write("addresses", &ADDRESSES);
        write("passwords", &PASSWORDS);
        folder
    }

    /// Ends the server, which must still be able to.
    pub fn end(self) {
        assert_eq!(self.server.end(Signal::TERM).0, Some(0));
    }
}

struct Admin {
    runtime: Runtime,
    client: Client,
    url: String,
    token: String,
}

impl Admin {
    fn of(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let mut admin = Self { runtime, client, url: url.into(), token: String::new() };
        let started = admin.post("/auth/bootstrap", json!({ "email": ADMIN, "password": PASSWORD }));
        admin.token = started["access_token"].as_str().unwrap().into();
        admin
    }

    /// Makes one of each thing.
    fn furnish(&self) {
        for table in TABLES {
            let file = Part::bytes(b"id,name\n1,a\n2,b\n".as_slice()).file_name(format!("{table}.csv"));
            let form = Form::new().part("file", file);
            self.send(self.request(Method::POST, &format!("/api/upload/tables/{table}")).multipart(form));
        }
        let ann = self.post("/api/users", json!({ "email": USER, "name": "Ann" }));
        let ann = ann["id"].as_str().unwrap();
        self.post(&format!("/api/users/{ann}/set-password"), json!({ "password": PASSWORD }));
        self.post("/api/users", json!({ "email": "bob@example.com", "name": "Bob" }));
        self.post("/api/admin/groups", json!({ "name": "Sales" }));
        self.post("/api/permissions", json!({ "user_id": ann, "dataset": TABLES[0], "access": "read" }));
        self.post("/auth/tokens", json!({ "name": "notebook" }));
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token)
    }

    fn get(&self, path: &str) -> Value {
        self.send(self.request(Method::GET, path))
    }

    fn post(&self, path: &str, body: Value) -> Value {
        self.send(self.request(Method::POST, path).json(&body))
    }

    /// The body of the response, which must be a success.
    fn send(&self, request: RequestBuilder) -> Value {
        self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            let (status, text) = (response.status(), response.text().await.unwrap());
            assert!(status.is_success(), "{status} {text}");
            serde_json::from_str(&text).unwrap_or_default()
        })
    }
}

fn collect_ids(value: &Value, ids: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_ids(item, ids)),
        Value::Object(fields) => {
            ids.extend(fields.get("id").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| collect_ids(field, ids));
        }
        _ => {}
    }
}
