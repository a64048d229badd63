//! Keboola's own Python client understands the stand-in.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::keboola_server::{Content, Table};
use crate::{Scene, TOKEN, one_row, simple};

const SCRIPT: &str = r#"
import json, sys, requests
from kbcstorage.client import Client

client = Client(sys.argv[1], sys.argv[2])
detail = client.tables.detail("in.c-crm.orders")
file = client.tables.export("in.c-crm.orders", columns=["id", "note"], changed_since="0")
info = client.files.detail(file, federation_token=True)
try:
    Client(sys.argv[1], "wrong").buckets.list()
    refused = None
except requests.HTTPError as error:
    refused = error.response.status_code
print(json.dumps({
    "buckets": [bucket["id"] for bucket in client.buckets.list()],
    "tables": sorted(table["id"] for table in client.tables.list(include=["columns"])),
    "columns": detail["columns"],
    "sliced": info["isSliced"],
    "content": requests.get(info["url"]).text,
    "refused": refused,
}))
"#;

#[tokio::test]
async fn the_python_client_lists_and_exports() {
    let ran = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/python")).output().unwrap();
    if !ran.status.success() {
        eprintln!("skipped: no Python here: {}", String::from_utf8_lossy(&ran.stderr));
        return;
    }
    let python = String::from_utf8(ran.stdout).unwrap();
    let scene = Scene::new().await;
    // The client waits long between two looks at a job.
    scene.keboola.put(Table { cached: true, ..simple("orders", one_row(7)) });
    scene.keboola.put(Table::new("out.c-x.y", &["id"], Content::Whole(b"id\n1\n".to_vec())));
    let url = scene.keboola.url.clone();
    let ran = tokio::task::spawn_blocking(move || {
        Command::new(python.trim()).args(["-c", SCRIPT, &url, TOKEN]).env("NO_PROXY", "*").output().unwrap()
    });
    let ran = ran.await.unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let told: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(told["buckets"], json!(["in.c-crm", "out.c-x"]));
    assert_eq!(told["tables"], json!(["in.c-crm.orders", "out.c-x.y"]));
    assert_eq!(
        (&told["columns"], &told["sliced"], &told["refused"]),
        (&json!(["id", "note"]), &json!(false), &json!(401))
    );
    assert!(told["content"].as_str().unwrap().contains('7'), "{told}");
    let asked = scene.keboola.exports();
    assert_eq!((&asked[0]["columns"], &asked[0]["changedSince"]), (&json!("id,note"), &json!("0")));
}
