//! What it takes to look for tables: 2,000 of them with 50 columns each, seen by somebody who may read all.

use std::time::Instant;

use serde_json::Value;
use tokio::runtime::Runtime;

use crate::caller::Caller;
use crate::data::{place, publish};
use crate::{TABLES, report};

const COLUMNS: usize = 50;
const REQUESTS: usize = 500;
const SUBJECTS: [&str; 20] = [
    "customer",
    "order",
    "invoice",
    "payment",
    "shipment",
    "product",
    "region",
    "campaign",
    "employee",
    "ticket",
    "contract",
    "supplier",
    "warehouse",
    "session",
    "device",
    "budget",
    "lead",
    "refund",
    "store",
    "subscription",
];
const ATTRIBUTES: [&str; 25] = [
    "id",
    "name",
    "amount",
    "created_at",
    "status",
    "kind",
    "country",
    "currency",
    "quantity",
    "rate",
    "city",
    "email",
    "phone",
    "owner",
    "score",
    "margin",
    "tax",
    "discount",
    "language",
    "channel",
    "source",
    "priority",
    "weight",
    "version",
    "note",
];
const SEARCHES: [&str; 5] =
    ["customer+country", "invioce+amuont", "which+table+has+the+discount+of+a+subscription%3F", "emp", "t77"];

/// Column names of a table, which differ from those of the next one.
fn columns(table: usize) -> impl Iterator<Item = String> {
    (0..COLUMNS).map(move |column| {
        let subject = SUBJECTS[(table + column / ATTRIBUTES.len()) % SUBJECTS.len()];
        format!("{subject}_{}", ATTRIBUTES[column % ATTRIBUTES.len()])
    })
}

pub fn measure(runtime: &Runtime) {
    let place = place(&[]);
    let tables = (0..TABLES).map(|table| {
        let columns: Vec<_> = columns(table).map(|name| format!("i AS {name}")).collect();
        (format!("t{table}"), format!("SELECT {} FROM range(10) t(i)", columns.join(", ")))
    });
    publish(&place, &tables.collect::<Vec<_>>());
    let server = place.serve(&[]);
    runtime.block_on(async {
        let admin = Caller::new(&server, "user-0");
        admin.published(&format!("t{}", TABLES - 1)).await;
        println!("{:<58} {:>12} {:>12}", format!("{TABLES} tables of {COLUMNS} columns"), "median", "95th");
        let searches: Vec<_> = SEARCHES.iter().map(|words| format!("/api/catalog/search?q={words}")).collect();
        let api = [
            ("  catalog of all", vec!["/api/v2/catalog".to_owned()]),
            ("  schema of one", vec!["/api/v2/schema/t7".to_owned()]),
            ("  search", searches),
        ];
        for (what, paths) in api {
            let mut times = Vec::new();
            for n in 0..=REQUESTS {
                let begun = Instant::now();
                let (status, body) = admin.send("GET", &paths[n % paths.len()], Value::Null).await;
                assert_eq!(status, 200, "{body}");
                // The first one makes the index.
                if n == 0 {
                    println!("{what}, the first time: {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
                } else {
                    times.push(begun.elapsed());
                }
            }
            report(what, &mut times);
        }
    });
    println!();
}
