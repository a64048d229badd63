use jiff::{SignedDuration, Timestamp};
use minijinja::{Value, context};

use crate::access::Admin;
use crate::base::{disk, time};
use crate::domain::access_requests::list_access_requests;
use crate::domain::registry::overview::{self, Condition};
use crate::domain::sources;
use crate::domain::tokens::view::all_tokens;
use crate::server::settings::NO_ADDRESS;
use crate::server::web::formats;
use crate::server::web::{PageContext, PageResult, SignedIn};
use crate::server::{ApiError, AppState};
use crate::store::VERSION;
use crate::store::access_requests::PENDING;

/// In how many days the end of a token is worth a word.
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Something that an admin should look at.
struct Item {
    /// The kind of its badge.
    kind: &'static str,
    text: String,
    /// What to do about it.
    hint: &'static str,
    href: &'static str,
}

impl Item {
    fn new(kind: &'static str, text: String, hint: &'static str, href: &'static str) -> Self {
        Self { kind, text, hint, href }
    }
}

/// `GET /admin`: what needs attention.
pub async fn show_home(SignedIn(admin): SignedIn<Admin>, page: PageContext) -> PageResult {
    let app = &page.app;
    let now = time::now();
    let (snapshot, publication) = (app.store.snapshot(), app.orchestrator.publication());
    let tables = overview::tables(&snapshot, &publication, now);
    let mut items = checks(app).await?;
    items.extend(of_tables(&tables));
    items.extend(of_sources(app, &tables));
    let pending = list_access_requests(&app.store, Some(PENDING.to_owned())).await?.count;
    if pending > 0 {
        let text = counted(pending, "request for access waits", "requests for access wait");
        items.push(Item::new("warning", text, "Grant or decline", "/admin/access-requests"));
    }
    let tokens = all_tokens(&app.store, &admin, |id| app.token_uses.last(id)).await?;
    let ends_soon = |ends: Timestamp| ends > now && ends.duration_since(now) <= SOON;
    let expiring = tokens.iter().filter(|owned| owned.token.revoked_at.is_none());
    let expiring = expiring.filter_map(|owned| time::parse(owned.token.expires_at.as_deref()?));
    let expiring = expiring.filter(|ends| ends_soon(*ends)).count();
    if expiring > 0 {
        let text = counted(expiring, "token expires within a week", "tokens expire within a week");
        items.push(Item::new("plain", text, "Tell their owners", "/admin/tokens?state=expiring"));
    }
    let items = items
        .iter()
        .map(|item| context! { kind => item.kind, text => &item.text, hint => item.hint, href => item.href });
    let running = app.runner.live().into_iter().next();
    page.render(
        "admin.html",
        context! {
            items => items.collect::<Vec<Value>>(),
            tables => tables.len(),
            rows => tables.iter().filter_map(overview::TableState::rows).sum::<i64>(),
            users => snapshot.users.all().len(),
            groups => snapshot.groups.all().len(),
            queries => app.queries.running().len(),
            running => running.map(|run| run.step.unwrap_or_else(|| run.status.to_string())),
        },
    )
}

fn of_tables(tables: &[overview::TableState]) -> impl Iterator<Item = Item> {
    let count = |condition| tables.iter().filter(|table| table.condition == condition).count();
    let (failed, late, unregistered) =
        (count(Condition::Failed), count(Condition::Late), count(Condition::Unregistered));
    let failed = (failed > 0).then(|| {
        let text = counted(failed, "table failed at its last sync", "tables failed at their last sync");
        Item::new("bad", text, "See why", "/admin/tables?state=failed")
    });
    let late = (late > 0).then(|| {
        let text = counted(late, "table is late", "tables are late");
        Item::new("warning", text, "Check that the scheduler runs", "/admin/tables?state=late")
    });
    let unregistered = (unregistered > 0).then(|| {
        let text = counted(
            unregistered,
            "table is published without being registered",
            "tables are published without being registered",
        );
        Item::new("plain", text, "Only admins can read them", "/admin/tables?state=unregistered")
    });
    [failed, late, unregistered].into_iter().flatten()
}

fn of_sources(app: &AppState, tables: &[overview::TableState]) -> Option<Item> {
    let states = sources::states(tables, &app.sources(), &app.orchestrator.health());
    let is_used = |state: &&sources::SourceState| state.registered + state.published > 0;
    let broken = states.values().filter(is_used).filter(|state| state.lacks.is_some() || state.since.is_some());
    let broken: Vec<_> = broken.map(|state| state.title.as_str()).collect();
    (!broken.is_empty()).then(|| {
        let text = format!("Not everything of {} can be published", broken.join(", "));
        Item::new("bad", text, "See what is wrong", "/admin/sources")
    })
}

/// What concerns the server itself.
async fn checks(app: &AppState) -> PageResult<Vec<Item>> {
    let mut items = Vec::new();
    let mut add = |kind, text, hint| items.push(Item::new(kind, text, hint, "/admin/system"));
    if !app.store.is_open() || app.store.snapshot().schema_version < VERSION {
        add("bad", "The state database is not usable".into(), "See the log of the server");
    }
    let root = app.config.data_dir.root().to_owned();
    let space = tokio::task::spawn_blocking(move || disk::space(&root)).await.map_err(ApiError::internal)?;
    if let Some(space) = space.ok().filter(disk::Space::is_low) {
        let text = format!("The disk is nearly full: {} are free", formats::bytes(space.free as f64));
        add("bad", text, "Free some space");
    }
    let dropped = app.access_log.dropped();
    if dropped > 0 {
        let text =
            counted(dropped as usize, "line of the access log is missing", "lines of the access log are missing");
        add("warning", text, "The disk did not keep up, or failed");
    }
    if app.config.lacks_address {
        add("warning", NO_ADDRESS.to_owned(), "Links in mails do not work until then");
    }
    Ok(items)
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", formats::count(count as f64), if count == 1 { one } else { many })
}
