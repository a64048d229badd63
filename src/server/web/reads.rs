use minijinja::value::Serde;
use minijinja::{Value, context};

use super::listing::Listing;
use super::{PageContext, PageResult, SignedIn};
use crate::domain::access_log::{MAX_ENTRIES, own_accesses};

const COLUMNS: &[(&str, &str)] =
    &[("at", "When"), ("action", "What"), ("", "Tables"), ("rows", "Rows"), ("bytes", "Size"), ("ms", "Took")];

/// `GET /reads`: what the visitor and their tokens have read, as the access log says.
pub async fn show_reads(SignedIn(person): SignedIn, page: PageContext, list: Listing) -> PageResult {
    let found = own_accesses(&page.app.access_log, &person, MAX_ENTRIES).await?;
    let mut entries = found.entries;
    entries.retain(|entry| {
        let tables: Vec<&str> = entry.tables.iter().map(String::as_str).collect();
        list.matches(&tables) && list.filter("action").is_none_or(|action| action == entry.action)
    });
    list.sort(&mut entries, "-at", |column, one, other| match column {
        "action" => one.action.cmp(&other.action),
        "rows" => one.rows.cmp(&other.rows),
        "bytes" => one.bytes.cmp(&other.bytes),
        "ms" => one.duration_ms.total_cmp(&other.duration_ms),
        _ => one.at.cmp(&other.at),
    });
    let rows: Vec<Value> = list.page(&entries).iter().map(|entry| Value::from(Serde(entry.clone()))).collect();
    let list = list.values(entries.len(), COLUMNS, "-at");
    page.render(
        "reads.html",
        context! { list, rows, is_on => page.app.access_log.is_on(), truncated => found.truncated },
    )
}
