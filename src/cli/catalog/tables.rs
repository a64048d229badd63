//! The tables.

use jiff::Timestamp;

use crate::base::text::thousands;
use crate::base::time;
use crate::cli::api::Response;
use crate::cli::units::{age, human_size};
use crate::cli::{Api, CliError, Context, Output, Table, exit};
use crate::protocol::v2::{Catalog, CatalogEntry};

/// What scripts of v0.35 parse; further columns come after them.
const COLUMNS: [(&str, isize); 5] = [("ID", 30), ("SOURCE", 10), ("MODE", 8), ("FLAVOR", 10), ("NAME", 0)];

/// The tables that the caller may read.
pub fn all(refresh: bool, api: &Api) -> Result<Response<Catalog>, CliError> {
    let refresh = if refresh { "1" } else { "0" };
    api.try_get::<Catalog>(&["api", "v2", "catalog"], &[("refresh", refresh)])
        .map_err(|error| CliError::during("catalog fetch", error, |_| exit::SERVER_FAILED))
}

pub fn list(refresh: bool, long: bool, context: &Context) -> anyhow::Result<Output> {
    let catalog = all(refresh, &context.api()?)?;
    let (tables, now) = (&catalog.body.tables, time::parse(&catalog.body.server_time).unwrap_or_else(time::now));
    let listing = if long { long_listing(tables, now) } else { listing(tables) };
    let note = match tables.len() {
        0 => "You may not read any table yet. Ask an admin of the server for a grant.".to_owned(),
        _ if long => "Columns of a table: agnes schema ID. Metrics: agnes catalog --metrics".to_owned(),
        _ => "With --long: rows, sizes, freshness and descriptions. Columns of a table: agnes schema ID".to_owned(),
    };
    Output::default().table(listing).note(note).json(&catalog.json)
}

fn listing(tables: &[CatalogEntry]) -> Table {
    let mut listing = Table::listing(COLUMNS);
    for table in tables {
        listing.row(first_cells(table));
    }
    listing
}

fn long_listing(tables: &[CatalogEntry], now: Timestamp) -> Table {
    let [id, source, mode, flavor, (name, _)] = COLUMNS;
    let more = [("ROWS", -12), ("SIZE", -9), ("COLUMNS", -7), ("SYNCED", -6), ("DESCRIPTION", 0)];
    let [rows, size, columns, synced, description] = more;
    let mut listing = Table::listing([id, source, mode, flavor, (name, 20), rows, size, columns, synced, description]);
    for table in tables {
        let [id, source, mode, flavor, name] = first_cells(table);
        let synced = table.last_sync.as_deref().and_then(time::parse).map(|at| age(at, now));
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        listing.row([
            id,
            source,
            mode,
            flavor,
            name,
            &or_dash(table.rows.map(thousands)),
            &or_dash(table.size_bytes.map(human_size)),
            &or_dash(table.columns.map(|columns| columns.to_string())),
            &or_dash(synced),
            &table.description,
        ]);
    }
    listing
}

fn first_cells(table: &CatalogEntry) -> [&str; 5] {
    [&table.id, table.source_type.as_str(), table.query_mode.as_str(), table.sql_flavor.as_str(), &table.name]
}
