use minijinja::{Value, context};
use serde::Deserialize;

use super::fields::TableFields;
use crate::access::Admin;
use crate::domain::discovery;
use crate::domain::registry::{precheck_table, register_table};
use crate::protocol::registry::{PrecheckedTable, RegisterTable};
use crate::protocol::vocabulary::{QueryMode, SourceType, SyncStrategy};
use crate::server::http::extractors::{Form, Query};
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::form::FormState;
use crate::server::web::formats::below;
use crate::server::web::{PageContext, PageResult, SignedIn};

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Prefilled {
    source: String,
    mode: String,
    name: String,
}

/// `GET /admin/register-table?source=&mode=&name=`: each source and mode has its own form.
pub async fn show_form(_: SignedIn<Admin>, page: PageContext, Query(given): Query<Prefilled>) -> PageResult {
    let fields =
        TableFields { source_type: given.source, query_mode: given.mode, name: given.name, ..TableFields::default() };
    show(&page, &fields, None, None)
}

#[derive(Deserialize)]
pub struct NewTable {
    #[serde(flatten)]
    fields: TableFields,
    /// `check`, or `register`.
    #[serde(default)]
    step: String,
}

/// `POST /admin/register-table`: the first step checks, the second one registers.
pub async fn submit_form(
    SignedIn(admin): SignedIn<Admin>,
    page: PageContext,
    Form(NewTable { fields, step }): Form<NewTable>,
) -> PageResult {
    let (app, requested) = (&page.app, fields.registration());
    if step != "register" {
        return match precheck_table(&app.store.snapshot(), &app.sources(), &admin, &requested) {
            Ok(checked) => {
                let found = at_source(&page, &admin, &requested).await;
                let is_taken = app.store.snapshot().registry.by_name(&checked.table.name).is_some();
                show(&page, &fields, None, Some(outcome(checked.table, is_taken, found)))
            }
            Err(error) => show(&page, &fields, Some(fields.shown().with_refusal(error)?), None),
        };
    }
    match register_table(&app.store, &app.sources(), &admin, requested).await {
        Ok(registered) => {
            let text = format!("{} is registered. Its data comes with the next sync.", registered.name);
            Ok(page.with_flash(redirect(&below("/admin/tables", &registered.id)), &Flash::Notice(text)))
        }
        Err(error) => show(&page, &fields, Some(fields.shown().with_refusal(error)?), None),
    }
}

/// What the source says about the table, or why it says nothing.
async fn at_source(page: &PageContext, admin: &Admin, requested: &RegisterTable) -> Result<Option<Value>, String> {
    let Some(kind) = &requested.source_type else { return Ok(None) };
    let Some(bucket) = &requested.bucket else { return Ok(None) };
    let table = requested.source_table.as_ref().unwrap_or(&requested.name);
    let _turn = page.app.people.surveys.take(&admin.user().id).map_err(|error| error.to_string())?;
    let found = discovery::find_table(&page.app.sources(), admin, kind, bucket, table).await;
    match found.map_err(|error| error.to_string())? {
        Some(table) => Ok(Some(context! {
            rows => table.row_count, size_bytes => table.size_bytes, columns => table.columns,
            primary_key => table.primary_key.join(", "), last_change => table.last_change,
        })),
        None if discovery::able(&page.app.sources()).any(|able| able == *kind) => {
            Err(format!("{kind} has no table {bucket}.{table}, or does not show it with these credentials"))
        }
        None => Ok(None),
    }
}

fn outcome(table: PrecheckedTable, is_taken: bool, found: Result<Option<Value>, String>) -> Value {
    let (found, problem) = match found {
        Ok(found) => (found, None),
        Err(problem) => (None, Some(problem)),
    };
    context! { name => table.name, note => table.note, is_taken, found, problem }
}

fn show(page: &PageContext, fields: &TableFields, form: Option<FormState>, checked: Option<Value>) -> PageResult {
    let sources = &page.app.sources();
    let publication = page.app.orchestrator.publication();
    let mut kinds: Vec<SourceType> = sources.iter().map(|source| source.kind()).collect();
    let others = publication.tables().map(|table| SourceType::from(table.source.as_str()));
    for kind in others.filter(|kind| *kind != SourceType::SAVED_QUERIES) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    let asked = SourceType::from(fields.source_type.as_str());
    let main = sources.main().clone();
    let chosen = if kinds.contains(&asked) { asked } else { main };
    let source = sources.get(&chosen);
    let modes = source.map_or(&[QueryMode::Local][..], |source| source.query_modes());
    let asked = QueryMode::from(fields.query_mode.as_str());
    let mode = if modes.contains(&asked) { asked } else { modes.first().cloned().unwrap_or_default() };
    let query = |source: &SourceType, mode: &QueryMode| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        format!(
            "/admin/register-table?{}",
            query.append_pair("source", source.as_str()).append_pair("mode", mode.as_str()).finish()
        )
    };
    let tabs =
        kinds.iter().map(|kind| (query(kind, &mode), kind.as_str().to_owned(), *kind == chosen)).collect::<Vec<_>>();
    let mode_tabs =
        modes.iter().map(|other| (query(&chosen, other), label(other).to_owned(), *other == mode)).collect::<Vec<_>>();
    let problem = source.and_then(|source| source.ready().err()).map(|error| error.to_string());
    let folder = page.app.instance().files_folder(&page.app.config.data_dir);
    let fields =
        TableFields { source_type: chosen.as_str().to_owned(), query_mode: mode.as_str().to_owned(), ..fields.clone() };
    page.render(
        "register_table.html",
        context! {
            form => form.unwrap_or_else(|| fields.shown()),
            tabs,
            mode_tabs,
            problem,
            checked,
            folder => folder.display().to_string(),
            is_file => chosen == SourceType::LOCAL,
            has_place => source.is_some() && chosen != SourceType::LOCAL,
            is_custom => source.is_none(),
            is_materialized => mode == QueryMode::Materialized,
            can_discover => discovery::able(sources).any(|kind| kind == chosen),
            strategies => SyncStrategy::KNOWN.iter().map(|word| (*word, word.replace('_', " "))).collect::<Vec<_>>(),
            source => chosen.as_str(),
            mode => mode.as_str(),
        },
    )
}

fn label(mode: &QueryMode) -> &str {
    match mode {
        QueryMode::Local => "Fetched",
        QueryMode::Remote => "Live at the source",
        QueryMode::Materialized => "Result of SQL",
        QueryMode::Unknown(text) => text,
    }
}
