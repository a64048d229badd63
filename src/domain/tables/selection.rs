//! From the fields of a request to what is selected.

use crate::access::ReadableTable;
use crate::base::ident::{self, repr};
use crate::protocol::v2::ScanRequest;
use crate::query::predicate::Selection;

/// The selection, whose columns are not checked yet: first comes the predicate.
pub fn of_table(table: &ReadableTable, request: &ScanRequest) -> Selection {
    Selection {
        table: table.table().name.clone(),
        alias: request.table_id.clone(),
        columns: table.table().columns.iter().map(|column| column.name.clone()).collect(),
        select: Vec::new(),
        predicate: request.predicate.clone().filter(|predicate| !predicate.is_empty()),
        order_by: Vec::new(),
    }
}

/// Finds the columns that a request names; otherwise says which there are not.
pub fn columns(selection: &Selection, names: &[String]) -> Result<Vec<String>, String> {
    let unknown: Vec<String> =
        names.iter().filter(|name| selection.column(name).is_none()).map(|name| repr(name)).collect();
    if !unknown.is_empty() {
        return Err(format!("unknown columns: [{}]", unknown.join(", ")));
    }
    Ok(names.iter().filter_map(|name| selection.column(name)).map(str::to_owned).collect())
}

/// Finds what rows are ordered by: columns, each with an optional `ASC` or `DESC`.
pub fn order(selection: &Selection, entries: &[String]) -> Result<Vec<(String, bool)>, String> {
    entries.iter().map(|entry| direction(selection, entry)).collect()
}

fn direction(selection: &Selection, entry: &str) -> Result<(String, bool), String> {
    // A column may be called `x desc`.
    if let Some(column) = selection.column(entry) {
        return Ok((column.to_owned(), false));
    }
    let (name, is_descending) = match entry.trim_end().rsplit_once(char::is_whitespace) {
        Some((name, word)) if word.eq_ignore_ascii_case("asc") => (name.trim_end(), false),
        Some((name, word)) if word.eq_ignore_ascii_case("desc") => (name.trim_end(), true),
        _ => (entry, false),
    };
    match selection.column(name) {
        Some(column) => Ok((column.to_owned(), is_descending)),
        None if ident::is_strict(name) => Err(format!("unknown order_by column: {}", repr(name))),
        None => Err(format!("invalid order_by entry: {}", repr(entry))),
    }
}
