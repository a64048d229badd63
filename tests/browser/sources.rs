//! How admins manage data, with a stand-in of Keboola.

use serde_json::{Value, json};

use crate::keboola_server::{Content, Keboola, TOKEN, Table};
use crate::world::World;

const FLOWS: [&str; 9] = [
    "register_and_sync",
    "discover",
    "upload",
    "edit",
    "list_of_tables",
    "delete_by_keyboard",
    "stop_a_query",
    "audit_log",
    "refuse_analysts",
];

/// The pages, in states that only these sources have.
const PAGES: [&str; 14] = [
    "/admin",
    "/admin/tables",
    "/admin/tables?q=nothing+of+the+kind",
    "/admin/tables/flights",
    "/admin/register-table",
    "/admin/register-table?source=keboola",
    "/admin/register-table?source=keboola&mode=materialized",
    "/admin/discover-tables?source=keboola",
    "/admin/upload-table",
    "/admin/sync",
    "/admin/sources",
    "/admin/system",
    "/admin/audit",
    "/admin/audit?action=sync.*&since=nonsense",
];

#[test]
fn admins_manage_the_data() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let keboola = runtime.block_on(Keboola::start());
    for name in ["orders", "customers", "invoices"] {
        let rows = Content::Whole(b"\"id\",\"note\"\n\"1\",\"first\"\n\"2\",\"second\"\n".to_vec());
        let table = Table::new(&format!("in.c-crm.{name}"), &["id", "note"], rows).base_types(&[("id", "INTEGER")]);
        keboola.put(table);
    }
    // The query that is stopped leaves room for everything else.
    let world = World::new(&[
        ("DEBUG", "1"),
        ("AGNES_QUERY_THREADS", "1"),
        ("KEBOOLA_STACK_URL", &keboola.url),
        ("KEBOOLA_STORAGE_TOKEN", TOKEN),
    ]);
    let flows = FLOWS.map(|flow| json!(["flow", flow]));
    let visits = PAGES.map(|page| json!(["visit", "admin", page]));
    world.browse(&[flows.as_slice(), visits.as_slice()].concat());
    // A source that is gone is a message on the page.
    drop(keboola);
    drop(runtime);
    let flow: Value = json!(["flow", "source_that_is_gone"]);
    world.browse(&[flow]);
}
