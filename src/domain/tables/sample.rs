use std::sync::Arc;

use serde_json::value::RawValue;

use super::only::Only;
use crate::access::{Principal, ReadableTable};
use crate::base::ident::quote_ident;
use crate::extract::{Column, Publication};
use crate::protocol::v2::Sample;
use crate::query::output::Extent;
use crate::query::{Query, QueryEngine, QueryError, Wanted};

/// Of the rows, as text. Further ones are left out.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Returns the first rows of a table, in the documented form of values, with null for NaN and the infinities.
pub async fn sample(
    engine: &QueryEngine,
    caller: &Principal,
    publication: &Arc<Publication>,
    table: &ReadableTable,
    rows: usize,
) -> Result<Sample, QueryError> {
    let query = Query {
        person: caller.user().id.as_str().into(),
        generation: publication.generation,
        sql: select(table),
        tables: Arc::new(Only { table: table.clone(), _publication: Arc::clone(publication) }),
        wanted: Wanted::Json,
        extent: Extent { rows, bytes: MAX_BYTES, is_cut: true },
        timeout: None,
    };
    let answer = engine.run(query).await?.whole().await?;
    let found = answer.rows.iter().map(|row| object(&answer.columns, row));
    Ok(Sample {
        table_id: table.id().to_owned(),
        rows: found.collect::<serde_json::Result<_>>().map_err(|error| QueryError::Internal(error.to_string()))?,
        source: table.source_type().clone(),
        truncated: answer.truncated && answer.row_count < rows,
    })
}

fn select(table: &ReadableTable) -> String {
    let columns: Vec<String> = table.table().columns.iter().map(value).collect();
    let columns = if columns.is_empty() { "*".into() } else { columns.join(", ") };
    format!("SELECT {columns} FROM {}", quote_ident(&table.table().name))
}

/// JSON has no numbers for NaN and the infinities.
fn value(column: &Column) -> String {
    let name = quote_ident(&column.name);
    match column.column_type.as_str() {
        "DOUBLE" | "FLOAT" => format!("CASE WHEN isfinite({name}) THEN {name} END AS {name}"),
        _ => name,
    }
}

fn object(columns: &[String], values: &[Box<RawValue>]) -> serde_json::Result<Box<RawValue>> {
    let mut json = String::from("{");
    for (column, value) in columns.iter().zip(values) {
        json.push_str(if json.len() > 1 { "," } else { "" });
        json.push_str(&serde_json::to_string(column)?);
        json.push(':');
        json.push_str(value.get());
    }
    json.push('}');
    RawValue::from_string(json)
}
