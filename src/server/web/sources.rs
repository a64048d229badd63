use minijinja::{Value, context};

use crate::access::Admin;
use crate::base::time;
use crate::domain::registry::overview;
use crate::domain::sources::{SourceState, states};
use crate::protocol::vocabulary::SourceType;
use crate::server::web::{PageContext, PageResult, SignedIn};

/// Problems of one source that are shown.
const MAX_SHOWN: usize = 5;

/// `GET /admin/sources`
pub async fn show_sources(_: SignedIn<Admin>, page: PageContext) -> PageResult {
    let app = &page.app;
    let (snapshot, publication) = (app.store.snapshot(), app.orchestrator.publication());
    let tables = overview::tables(&snapshot, &publication, time::now());
    let provided = app.sources();
    let states = states(&tables, &provided, &app.orchestrator.health());
    let main = provided.main();
    let sources: Vec<Value> = states.iter().map(|(kind, state)| values(kind, state, kind == main)).collect();
    page.render("sources.html", context! { sources })
}

fn values(kind: &SourceType, state: &SourceState, is_main: bool) -> Value {
    let is_used = state.registered + state.published > 0;
    let (word, badge) = if !is_used {
        (if state.lacks.is_some() { "not set up" } else { "not used" }, "plain")
    } else if state.lacks.is_some() || !state.problems.is_empty() {
        ("failing", "bad")
    } else if state.late > 0 {
        ("late", "warning")
    } else {
        ("ok", "good")
    };
    context! {
        kind => kind.as_str(), title => &state.title, is_main, word, badge, lacks => &state.lacks,
        registered => state.registered, published => state.published, failed => state.failed, late => state.late,
        last_success => state.last_success.map(time::iso_naive), next_sync => state.next_sync.map(time::iso_naive),
        problems => state.problems.iter().take(MAX_SHOWN).cloned().collect::<Vec<_>>(),
        hidden => state.problems.len().saturating_sub(MAX_SHOWN), since => state.since.map(time::iso_naive),
        can_sync => state.registered > 0,
    }
}
