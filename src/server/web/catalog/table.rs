//! One table: what it is, its columns, its profile and a few rows.

use std::collections::HashMap;

use axum::Extension;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde_json::value::RawValue;

use super::entry;
use crate::access::{Principal, ReadableTable};
use crate::base::ident::quote_ident;
use crate::base::time;
use crate::domain::catalog::get_profile;
use crate::domain::tables::{catalog_entry, find, related, sample, schema};
use crate::server::ApiError;
use crate::server::http::middleware::data_read::DataRead;
use crate::server::http::session::redirect;
use crate::server::web::flash::Flash;
use crate::server::web::formats::below;
use crate::server::web::listing::Listing;
use crate::server::web::{PageContext, PageResult, SignedIn, cells};

/// Rows of the sample.
const SAMPLE: usize = 20;

/// `GET /catalog/{table}`; `?view=` chooses the part.
pub async fn show_table(
    SignedIn(person): SignedIn,
    page: PageContext,
    Path(id): Path<String>,
    list: Listing,
) -> PageResult {
    let app = &page.app;
    let (snapshot, publication) = (app.store.snapshot(), app.orchestrator.publication());
    let Some(listed) = catalog_entry(&snapshot, &publication, &person, &app.openmetadata, &id) else {
        // The same for what is not there and for what is not granted.
        return page.render("no_table.html", context! { table => id });
    };
    let view = list.filter("view").unwrap_or("overview");
    let known = context! {
        view,
        owners => &listed.owners,
        catalog_url => &listed.catalog_url,
        query_mode => listed.query_mode.as_str(),
        parts => listed.parts,
        primary_key => snapshot.registry.get(&listed.id).map(|row| row.primary_key.clone()).unwrap_or_default(),
        ..entry(&listed, time::now())
    };
    let Ok(table) = find(&snapshot, &publication, &person, &listed.id) else {
        return page.render("table.html", context! { is_published => false, ..known });
    };
    let name = &table.table().name;
    let (action, part) = match view {
        "columns" => ("schema", columns(&snapshot, &page, &table)),
        "profile" => ("profile", profile(&page, &person, &table).await?),
        "sample" => ("sample", rows(&page, &person, &table).await?),
        _ => {
            let related = related(&snapshot, &publication, &person, &table);
            let related = related.into_iter().map(|other| {
                context! { id => other.id, name => other.name, column => other.column, is_parent => other.is_parent }
            });
            ("schema", context! { related => related.collect::<Vec<_>>() })
        }
    };
    let sql = format!("SELECT * FROM {} LIMIT 100", quote_ident(name));
    let values = context! { is_published => true, has_files => table.table().files().next().is_some(), sql, ..context! { ..part, ..known } };
    let read = Extension(DataRead::table(action, name, None));
    Ok((read, page.render("table.html", values)?).into_response())
}

/// `POST /catalog/{table}/profile`: makes the profile anew.
pub async fn submit_profile(
    SignedIn(person): SignedIn,
    page: PageContext,
    Path(id): Path<String>,
) -> PageResult<Response> {
    let app = &page.app;
    let table = find(&app.store.snapshot(), &app.orchestrator.publication(), &person, &id)?;
    let _turn = app.people.profiles.take(&person.user().id)?;
    let text = match app.runner.profile(table.table()).await {
        Ok(columns) => format!("{columns} columns are profiled."),
        Err(error) => format!("The table cannot be profiled: {error}."),
    };
    let back = format!("{}?view=profile", below("/catalog", table.id()));
    Ok(page.with_flash(redirect(&back), &Flash::Notice(text)))
}

fn columns(snapshot: &crate::store::Snapshot, page: &PageContext, table: &ReadableTable) -> Value {
    let columns = schema(snapshot, table, &page.app.openmetadata).columns;
    let columns = columns.into_iter().map(|column| {
        context! { name => column.name, column_type => column.column_type, description => column.description }
    });
    context! { fields => columns.collect::<Vec<_>>() }
}

async fn profile(page: &PageContext, person: &Principal, table: &ReadableTable) -> PageResult<Value> {
    match get_profile(&page.app.store, &page.app.config.data_dir, person, table).await {
        Ok(profile) => Ok(context! { profile => profile.map(|profile| Value::from(Serde(profile))), failure => "" }),
        Err(crate::domain::Error::NotFound(reason)) => Ok(context! { profile => (), failure => reason }),
        Err(error) => Err(error.into()),
    }
}

async fn rows(page: &PageContext, person: &Principal, table: &ReadableTable) -> PageResult<Value> {
    let publication = page.app.orchestrator.publication();
    let sample = match sample(&page.app.queries, person, &publication, table, SAMPLE).await {
        Ok(sample) => sample,
        Err(error) => {
            let error = ApiError::from(error);
            return Ok(context! { problem => error.text().unwrap_or_default().to_owned(), names => (), sample => () });
        }
    };
    let names: Vec<String> = table.table().columns.iter().map(|column| column.name.clone()).collect();
    let parse = |row: &RawValue| -> Result<Vec<Value>, serde_json::Error> {
        let mut row: HashMap<String, Box<RawValue>> = serde_json::from_str(row.get())?;
        Ok(names.iter().map(|name| row.remove(name).map_or(Value::from(()), |value| cells::shown(&value))).collect())
    };
    let sample: Result<Vec<_>, _> = sample.rows.iter().map(|row| parse(row)).collect();
    Ok(context! { names, sample => sample.map_err(ApiError::internal)?, problem => "" })
}
