//! From an empty data directory to an analyst who reads a table. `--nocapture` shows how many clicks and seconds it takes.

use serde_json::{Value, json};

use crate::keboola_server::{Content, Keboola, TOKEN, Table};
use crate::world::World;

/// Takes a flow of `flows_first_run.py` through a server where nobody has been yet.
fn browse(flow: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let keboola = runtime.block_on(Keboola::start());
    for name in ["orders", "customers", "invoices"] {
        let rows = Content::Whole(b"\"id\",\"note\"\n\"1\",\"first\"\n\"2\",\"second\"\n".to_vec());
        keboola.put(Table::new(&format!("in.c-crm.{name}"), &["id", "note"], rows));
    }
    let world = World::empty(&[("DEBUG", "1"), ("AGNES_ALLOW_PRIVATE_STACK_URL", "1")]);
    let facts: Value = json!({ "url": keboola.url, "token": TOKEN });
    world.browse(&[json!(["flow", flow, facts])]);
}

#[test]
fn by_mouse() {
    browse("first_run_by_mouse");
}

#[test]
fn by_keyboard() {
    browse("first_run_by_keyboard");
}

#[test]
fn from_a_file() {
    browse("first_run_from_a_file");
}

#[test]
fn without_a_script() {
    browse("first_run_without_a_script");
}
