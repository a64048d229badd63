//! What a source offers, and descriptions sent there.

mod names;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::json;

use self::names::free_name;
use crate::access::Admin;
use crate::connectors::{Source, SourceError, Sources};
use crate::domain::{Error, write_as};
use crate::protocol::discovery::{Discovered, DiscoveredAndRegistered, DiscoveredTable, Pushed, Renamed};
use crate::protocol::vocabulary::{QueryMode, SourceType};
use crate::store::Store;
use crate::store::audit::{self, Action};
use crate::store::registry::{self, Registry, Table};

/// Why a source was not asked, or what went wrong there.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    #[error("Discovery failed: {0}")]
    List(SourceError),
    #[error("Discovery and registration failed: {0}")]
    Register(SourceError),
    #[error("{0}")]
    Push(SourceError),
    #[error(transparent)]
    Other(#[from] Error),
}

/// Lists the tables that a source offers: the main one unless another is named.
pub async fn discover_tables(
    sources: &Sources,
    _: &Admin,
    named: Option<SourceType>,
) -> Result<Discovered, DiscoveryError> {
    let kind = chosen(sources, named)?;
    let Some(listed) = sources.get(&kind).and_then(Source::discover) else {
        let error = Some(format!("Discovery not implemented for source_type='{kind}'"));
        return Ok(Discovered { source: kind, error, hint: hint(sources), ..Discovered::default() });
    };
    let tables = listed.await.map_err(DiscoveryError::List)?;
    Ok(Discovered { count: tables.len(), tables, source: kind, ..Discovered::default() })
}

/// The source that is named, which must be able to list its tables, else the main one.
fn chosen(sources: &Sources, named: Option<SourceType>) -> Result<SourceType, Error> {
    let Some(kind) = named else { return Ok(sources.main().clone()) };
    if sources.get(&kind).is_some_and(|source| source.discover().is_some()) {
        return Ok(kind);
    }
    let able = sources.iter().filter(|source| source.discover().is_some()).map(|source| source.kind().into());
    let able = able.collect::<Vec<String>>().join(", ");
    Err(Error::invalid(format!("Source '{kind}' cannot list tables; those that can: {able}")))
}

/// A source beside the main one that has credentials and can list its tables.
fn hint(sources: &Sources) -> Option<String> {
    let other = sources.iter().find(|source| source.discover().is_some() && source.ready().is_ok())?;
    let (title, kind) = (other.title(), other.kind());
    Some(format!(
        "{title} is set up, but is not the main source of this server. Use --source {kind} (API: source={kind}), or start \
         the server with DATA_SOURCE={kind}."
    ))
}

/// What a source says about one of its tables; `None`: it cannot list them, or has no such table.
pub async fn find_table(
    sources: &Sources,
    _: &Admin,
    kind: &SourceType,
    bucket: &str,
    table: &str,
) -> Result<Option<DiscoveredTable>, DiscoveryError> {
    let Some(listed) = sources.get(kind).and_then(Source::discover) else { return Ok(None) };
    let tables = listed.await.map_err(DiscoveryError::List)?;
    Ok(tables.into_iter().find(|offered| offered.bucket_id == bucket && name_at_source(offered) == table))
}

/// The sources that can list their tables.
pub fn able(sources: &Sources) -> impl Iterator<Item = SourceType> {
    sources.iter().filter(|source| source.discover().is_some()).map(Source::kind)
}

/// The registered tables, as discovered ones are compared with them.
pub struct Known<'a> {
    registry: &'a Registry,
    by_place: HashMap<(&'a str, &'a str), &'a Table>,
}

impl<'a> Known<'a> {
    pub fn new(registry: &'a Registry) -> Self {
        let place = |row: &'a Arc<Table>| Some(((row.bucket.as_deref()?, row.source_table.as_deref()?), row.as_ref()));
        Self { by_place: registry.all().into_iter().filter_map(place).collect(), registry }
    }

    /// The row of a discovered table, if it is registered.
    pub fn row(&self, table: &DiscoveredTable) -> Option<&'a Table> {
        let by_place = || self.by_place.get(&(table.bucket_id.as_str(), name_at_source(table))).copied();
        self.registry.get(&registry_id(table)).map(AsRef::as_ref).or_else(by_place)
    }
}

/// Registers every table of a source that is not registered yet, or of those the ones with the ids in `ids`: of the
/// main source unless another is named. Nobody but admins may read them until they are granted.
pub async fn register_discovered_tables(
    store: &Store,
    sources: &Sources,
    admin: &Admin,
    named: Option<SourceType>,
    ids: Option<HashSet<String>>,
) -> Result<DiscoveredAndRegistered, DiscoveryError> {
    let kind = chosen(sources, named)?;
    let mut outcome = DiscoveredAndRegistered { source: kind.clone(), ..DiscoveredAndRegistered::default() };
    let Some((source, listed)) = sources.get(&kind).and_then(|source| Some((source, source.discover()?))) else {
        return Ok(DiscoveredAndRegistered { hint: hint(sources), ..outcome });
    };
    let offered = listed.await.map_err(DiscoveryError::Register)?;
    let offered = offered.into_iter().filter(|table| ids.as_ref().is_none_or(|ids| ids.contains(&table.id)));
    let rows: Vec<_> = offered.map(|table| row(source, table, &admin.user().email)).collect();
    let actor = admin.actor();
    let registered = write_as(store, admin.clone(), move |change| {
        let known = registry::all(change)?;
        let mut taken: HashSet<String> = known.iter().map(|row| row.name.to_lowercase()).collect();
        for (mut row, label, id_at_source) in rows {
            let is_same = |known: &Table| {
                known.id == row.id || known.bucket == row.bucket && known.source_table == row.source_table
            };
            if known.iter().any(is_same) {
                outcome.skipped += 1;
                continue;
            }
            let name = free_name(&row.name, &label, &mut taken);
            if name != row.name {
                outcome.renamed.push(Renamed { id: id_at_source, name: name.clone() });
            }
            row.name = name;
            registry::insert(change, &row)?;
            outcome.tables.push(row.id);
        }
        outcome.registered = outcome.tables.len();
        let details = json!({ "registered": outcome.tables, "skipped": outcome.skipped });
        audit::record(change, &actor, Action::TableDiscover, "registry", details)?;
        Ok(outcome)
    });
    Ok(registered.await?)
}

/// The registry row of a discovered table, still with its name at the source, the label of its bucket, and its id there.
fn row(source: &dyn Source, table: DiscoveredTable, by: &str) -> (Table, String, String) {
    let name = name_at_source(&table);
    let label = source.bucket_label(&table.bucket_id).to_owned();
    let row = Table {
        id: registry_id(&table),
        name: name.to_owned(),
        source_type: Some(source.kind()),
        source_table: Some(name.to_owned()),
        bucket: Some(table.bucket_id),
        query_mode: Some(QueryMode::Local),
        profile_after_sync: true,
        primary_key: table.primary_key,
        description: Some(format!("Auto-discovered from {}: {}", source.title(), table.id)),
        registered_by: Some(by.to_owned()),
        ..Table::default()
    };
    (row, label, table.id)
}

/// Its name within its bucket.
fn name_at_source(table: &DiscoveredTable) -> &str {
    table.id.strip_prefix(&table.bucket_id).and_then(|rest| rest.strip_prefix('.')).unwrap_or(&table.id)
}

fn registry_id(table: &DiscoveredTable) -> String {
    table.id.to_lowercase().replace(['.', ' '], "_")
}

/// Sends the types and descriptions of a table's columns, as they are stored here, to its source. The table is named by
/// its name or registry id.
pub async fn push_descriptions(
    store: &Store,
    sources: &Sources,
    admin: &Admin,
    table: &str,
) -> Result<Pushed, DiscoveryError> {
    let snapshot = store.snapshot();
    let row = snapshot.registry.get(table).or_else(|| snapshot.registry.by_name(table)).cloned();
    let row = row.ok_or_else(|| Error::not_found(format!("Table not found: {table}")))?;
    let columns = snapshot.descriptions.of_table(&row.id, &row.name);
    let pushed = columns.len();
    let Some(pushing) = sources.get(row.source()).and_then(|source| source.push_descriptions(&row, columns)) else {
        let source = row.source_type.clone().unwrap_or_default();
        let reason = format!("Push is only supported for keboola tables (table source_type='{source}')");
        return Err(Error::invalid(reason).into());
    };
    pushing.await.map_err(DiscoveryError::Push)?;
    if pushed == 0 {
        let message = Some("No column metadata to push".into());
        return Ok(Pushed { status: "ok".into(), pushed, message });
    }
    let (actor, id) = (admin.actor(), row.id.clone());
    let details = json!({ "columns": pushed });
    let recorded = store.write(move |change| audit::record(change, &actor, Action::MetadataPush, &id, details));
    recorded.await.map_err(Error::from)?;
    Ok(Pushed { status: "ok".into(), pushed, message: None })
}
