//! What people have written about a table: here, or else at its source, or else in OpenMetadata.

use std::collections::HashMap;

use crate::extract::PublishedTable;
use crate::openmetadata::About;
use crate::store::Snapshot;
use crate::store::registry::Table;

/// The description of a table.
pub fn description(
    registered: Option<&Table>,
    published: Option<&PublishedTable>,
    about: Option<&About>,
) -> Option<String> {
    let registered = registered.and_then(|row| row.description.as_ref());
    let published = published.and_then(|table| table.description.as_ref());
    let known = [registered, published, about.map(|about| &about.description)];
    known.into_iter().flatten().find(|text| !text.is_empty()).cloned()
}

/// The descriptions of its columns, by lower-cased name.
pub fn columns(snapshot: &Snapshot, id: &str, name: &str, about: Option<&About>) -> HashMap<String, String> {
    let mut texts = about.map(|about| about.columns.clone()).unwrap_or_default();
    texts.extend(snapshot.descriptions.texts(id, name));
    texts
}
