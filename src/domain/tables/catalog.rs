use super::described::description;
use super::{flavor, size};
use crate::access::{ListedTable, Principal, ReadableTable, listed_tables};
use crate::base::time;
use crate::extract::{Content, Publication};
use crate::openmetadata::OpenMetadata;
use crate::protocol::v2::{Catalog, CatalogEntry};
use crate::protocol::vocabulary::{QueryMode, SqlFlavor};
use crate::store::Snapshot;

/// Returns the tables that the caller may read, including those that have not been published yet, in order of names.
/// Everything is in memory.
pub fn catalog(
    snapshot: &Snapshot,
    publication: &Publication,
    caller: &Principal,
    openmetadata: &OpenMetadata,
) -> Catalog {
    let tables = listed_tables(snapshot, publication, caller).into_iter();
    let mut tables: Vec<_> = tables.map(|table| entry(table, openmetadata)).collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Catalog { tables, server_time: time::iso_offset(time::now()) }
}

/// The same of one table, by its id or else by its name, whose case does not matter.
pub fn catalog_entry(
    snapshot: &Snapshot,
    publication: &Publication,
    caller: &Principal,
    openmetadata: &OpenMetadata,
    id_or_name: &str,
) -> Option<CatalogEntry> {
    let mut tables = listed_tables(snapshot, publication, caller);
    let by_name = || tables.iter().position(|table| table.name.eq_ignore_ascii_case(id_or_name));
    let at = tables.iter().position(|table| table.id == id_or_name).or_else(by_name)?;
    Some(entry(tables.swap_remove(at), openmetadata))
}

fn entry(table: ListedTable, openmetadata: &OpenMetadata) -> CatalogEntry {
    let ListedTable { id, name, registered, published } = table;
    let (row, published) = (registered.as_deref(), published.as_ref());
    let source_type = row.map(|row| row.source_type.clone().unwrap_or_default()).unwrap_or_default();
    let query_mode = match (published, row) {
        (Some(published), _) => published.query_mode().clone(),
        (None, row) => row.map_or(QueryMode::Local, |row| row.mode().clone()),
    };
    let sql_flavor = flavor(&source_type, &query_mode);
    let about = openmetadata.about(&id);
    let about = about.as_deref();
    let size = published.and_then(size);
    let columns = published.map(|table| table.table().columns.len());
    let parts = published.and_then(|table| match &table.table().content {
        Content::Parts(parts) => Some(parts.len()),
        Content::File(_) | Content::Remote(_) => None,
    });
    CatalogEntry {
        description: description(row, published.map(ReadableTable::table), about).unwrap_or_default(),
        where_examples: where_examples(&sql_flavor),
        fetch_via: fetch_via(&id, &name, &query_mode, &sql_flavor),
        rough_size_hint: None,
        rows: size.map(|(rows, _)| rows),
        size_bytes: size.map(|(_, bytes)| bytes),
        columns: columns.filter(|count| *count > 0),
        last_sync: published.and_then(|table| table.table().extracted_at).map(time::iso_offset),
        parts,
        owners: about.map(|about| about.owners.clone()).unwrap_or_default(),
        tier: about.and_then(|about| about.tier.clone()),
        catalog_url: about.map(|about| about.url.to_string()),
        id,
        name,
        source_type,
        query_mode,
        sql_flavor,
    }
}

fn where_examples(flavor: &SqlFlavor) -> Vec<String> {
    let examples: &[&str] = match flavor {
        SqlFlavor::Bigquery => &["event_date > DATE '2026-01-01'", "country_code = 'CZ' AND platform = 'web'"],
        _ => &[],
    };
    examples.iter().map(|example| (*example).to_owned()).collect()
}

fn fetch_via(id: &str, name: &str, mode: &QueryMode, flavor: &SqlFlavor) -> String {
    match (flavor, mode) {
        (SqlFlavor::Bigquery, _) => {
            format!("agnes snapshot create {id} --select <cols> --where '<BQ predicate>' --limit <N>")
        }
        (_, QueryMode::Remote) => {
            format!("stays at its source: agnes query --remote \"SELECT <cols> FROM {name} WHERE <predicate>\"")
        }
        _ => format!("local: agnes pull, then agnes query \"SELECT <cols> FROM {name}\""),
    }
}
