use minijinja::{Value, context};
use serde_json::Map;

use super::search;
use crate::access::Admin;
use crate::domain::audit::{Search, search_audit_log, verify_audit_log};
use crate::protocol::audit::{AuditCheck, AuditEntry};
use crate::server::web::formats::cut;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult, SignedIn};

/// Entries on a page.
const PER_PAGE: usize = 50;
/// Of a value that is shown, in characters.
const MAX_CHARS: usize = 500;
/// What stands at every entry, beside what it is about.
const OF_REQUEST: [&str; 4] = ["ip", "request_id", "before", "updated_fields"];

/// `GET /admin/audit`
pub async fn show_entries(SignedIn(admin): SignedIn<Admin>, page: PageContext, list: Listing) -> PageResult {
    show(&page, &admin, &list, None).await
}

/// `POST /admin/audit/verify`: reads the whole log, so it is not done by following a link.
pub async fn submit_verify(SignedIn(admin): SignedIn<Admin>, page: PageContext, list: Listing) -> PageResult {
    let _turn = page.app.people.surveys.take(&admin.user().id)?;
    let checked = verify_audit_log(&page.app.store, None).await?;
    show(&page, &admin, &list.at("/admin/audit"), Some(checked)).await
}

async fn show(page: &PageContext, admin: &Admin, list: &Listing, checked: Option<AuditCheck>) -> PageResult {
    let _turn = page.app.people.surveys.take(&admin.user().id)?;
    let (asked, problem) = match search(list, PER_PAGE) {
        Ok(asked) => (asked, None),
        Err((name, given)) => {
            (Search { limit: PER_PAGE, ..Search::default() }, Some(format!("{name} cannot be “{given}”")))
        }
    };
    let found = search_audit_log(&page.app.store, admin, asked).await?;
    let changed = |format: &str| list.at("/admin/audit/export").address(&[("format", Some(format)), ("before", None)]);
    page.render(
        "audit.html",
        context! {
            list => list.values(0, &[], ""),
            entries => found.entries.iter().map(entry).collect::<Vec<_>>(),
            problem,
            older => found.next.map(|next| list.address(&[("before", Some(&next))])),
            newest => list.filter("before").map(|_| list.address(&[("before", None)])),
            csv => changed("csv"),
            jsonl => changed("jsonl"),
            checked => checked.map(|checked| context! {
                ok => checked.ok, rows => checked.rows, hash => checked.head.hash, broken => checked.broken,
            }),
        },
    )
}

fn entry(entry: &AuditEntry) -> Value {
    let empty = Map::new();
    let params = entry.params.as_object().unwrap_or(&empty);
    let before = params.get("before").and_then(serde_json::Value::as_object);
    let details = params.iter().filter(|(name, _)| !OF_REQUEST.contains(&name.as_str()));
    let details = details.map(|(name, value)| {
        let old = before.and_then(|before| before.get(name));
        context! { name, value => shown(value), old => old.map(shown), is_change => old.is_some_and(|old| old != value) }
    });
    let result = entry.result.as_deref().unwrap_or_default();
    context! {
        id => &entry.id, seq => entry.seq, at => &entry.timestamp, action => &entry.action, resource => &entry.resource,
        user => entry.user_email.as_ref().or(entry.user_id.as_ref()), result, is_ok => result == "ok",
        duration => entry.duration_ms, hash => &entry.hash, details => details.collect::<Vec<_>>(),
        ip => params.get("ip").map(shown), request_id => params.get("request_id").map(shown),
    }
}

/// A value as people read it.
fn shown(value: &serde_json::Value) -> String {
    let text = match value {
        serde_json::Value::Null => "–".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    cut(&text, MAX_CHARS)
}
