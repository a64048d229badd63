use minijinja::context;

use super::fields::TableFields;
use super::values;
use crate::access::Admin;
use crate::base::time;
use crate::domain::registry::{self, losses, overview};
use crate::domain::syncs::trigger_sync;
use crate::protocol::vocabulary::{QueryMode, SourceType, SyncStrategy};
use crate::server::ApiError;
use crate::server::http::extractors::{Form, Path};
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::form::FormState;
use crate::server::web::formats::below;
use crate::server::web::{PageContext, PageResult, SignedIn};

/// `GET /admin/tables/{id}`
pub async fn show_table(SignedIn(admin): SignedIn<Admin>, page: PageContext, Path(id): Path<String>) -> PageResult {
    show(&page, &admin, &id, None, None).await
}

#[derive(serde::Deserialize)]
pub struct ChangedTable {
    #[serde(flatten)]
    fields: TableFields,
    /// The mode whose consequences were shown.
    #[serde(default)]
    confirmed: String,
}

/// `POST /admin/tables/{id}`: another mode is stored only after the page has said what that means.
pub async fn submit_changes(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Path(id): Path<String>,
    Form(ChangedTable { fields, confirmed }): Form<ChangedTable>,
) -> PageResult {
    let snapshot = page.app.store.snapshot();
    let row = snapshot.registry.get(&id).ok_or_else(missing)?;
    let Some(changes) = fields.changes(row) else {
        return Ok(redirect(&below("/admin/tables", &id)));
    };
    if let Some(mode) = changes.query_mode.as_ref().filter(|mode| mode.as_str() != confirmed) {
        return show(&page, &admin, &id, Some(fields.shown()), Some(mode.clone())).await;
    }
    match registry::update_table(&page.app.store, &page.app.sources(), &admin, id.clone(), changes).await {
        Ok(updated) => {
            let text = format!("Saved: {}.", updated.updated.join(", ").replace('_', " "));
            Ok(page.with_flash(redirect(&below("/admin/tables", &id)), &Flash::Notice(text)))
        }
        Err(error) => show(&page, &admin, &id, Some(fields.shown().with_refusal(error)?), None).await,
    }
}

/// `POST /admin/tables/{id}/sync`
pub async fn submit_sync(SignedIn(admin): SignedIn<Admin>, page: PageContext, Path(id): Path<String>) -> PageResult {
    let snapshot = page.app.store.snapshot();
    let name = snapshot.registry.get(&id).ok_or_else(missing)?.name.clone();
    trigger_sync(&page.app.store, &page.app.runner, &admin, vec![id]).await?;
    Ok(page.with_flash(redirect("/admin/sync"), &Flash::Notice(format!("The sync of {name} is requested."))))
}

/// `typed`: what was submitted and not stored; `mode`: the other one that is to be confirmed.
async fn show(
    page: &PageContext,
    admin: &Admin,
    id: &str,
    typed: Option<FormState>,
    mode: Option<QueryMode>,
) -> PageResult {
    let app = &page.app;
    let (snapshot, publication) = (app.store.snapshot(), app.orchestrator.publication());
    let table = overview::table(&snapshot, &publication, id, time::now()).ok_or_else(missing)?;
    let row = table.row.as_ref().ok_or_else(missing)?;
    let losses = losses(&app.store, admin, row).await?;
    let sources = app.sources();
    let source = sources.get(row.source());
    // A stored value that this version does not know stays a choice.
    let mut modes: Vec<_> = source.map_or(&[][..], |source| source.query_modes()).to_vec();
    if !modes.contains(row.mode()) {
        modes.push(row.mode().clone());
    }
    let form = typed.unwrap_or_else(|| TableFields::of(row).shown());
    let types = table.published.as_ref().map(|published| &published.columns);
    let columns = types.into_iter().flat_map(|columns| columns.iter());
    page.render(
        "edit_table.html",
        context! {
            table => values(&table),
            columns => columns.map(|column| context! { name => &column.name, kind => &column.column_type }).collect::<Vec<_>>(),
            registered_by => &row.registered_by,
            registered_at => row.registered_at.map(time::iso_naive),
            is_result => *row.source() == SourceType::SAVED_QUERIES,
            is_file => *row.source() == SourceType::LOCAL,
            losses => context! { groups => losses.groups, queries => losses.queries, result_of => losses.result_of },
            modes => modes.into_iter().map(|mode| (String::from(mode.clone()), String::from(mode))).collect::<Vec<_>>(),
            strategies => SyncStrategy::KNOWN.iter().map(|word| (*word, word.replace('_', " "))).collect::<Vec<_>>(),
            new_mode => mode.as_ref().map(QueryMode::as_str),
            meaning => mode.as_ref().map(|mode| meaning(row.mode(), mode)),
            form,
        },
    )
}

/// What follows from another mode, in sentences.
fn meaning(before: &QueryMode, after: &QueryMode) -> Vec<&'static str> {
    let mut sentences = Vec::new();
    if *before == QueryMode::Materialized {
        sentences.push("The SQL that makes the table is dropped.");
    }
    sentences.push(match after {
        QueryMode::Remote => {
            "The rows stay at the source: the next pull of each workspace drops the file, and queries run on the server."
        }
        QueryMode::Materialized => "The next sync replaces the rows by the result of the SQL.",
        _ => "The next sync fetches the whole table, and workspaces download it with their next pull.",
    });
    sentences.push("Statements and saved queries that rely on the way it was may stop working.");
    sentences
}

fn missing() -> ApiError {
    ApiError::not_found("Table not found")
}
