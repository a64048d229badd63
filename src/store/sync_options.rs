//! `sync_options` of a registry row, as JSON. The stored form is not the API's: what the API refuses, such as a field that
//! it does not know, must not make a stored row unreadable.

use serde::{Deserialize, Serialize};

use super::row::convertible;
use crate::protocol::sync_options::{Granularity, Operator, SyncOptions, WhereFilter};

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct StoredOptions {
    incremental_window_days: Option<u32>,
    columns: Vec<String>,
    where_filters: Vec<StoredFilter>,
    partition_by: Option<String>,
    partition_granularity: Option<Granularity>,
    initial_load_chunk_days: Option<u32>,
    max_history_days: Option<u32>,
    full_refresh_every_days: Option<u32>,
}

#[derive(Deserialize, Serialize)]
struct StoredFilter {
    column: String,
    #[serde(default)]
    operator: Operator,
    values: Vec<String>,
}

convertible!(StoredFilter, WhereFilter { column, operator, values });
convertible!(StoredOptions, SyncOptions {
    incremental_window_days, columns, partition_by, partition_granularity, initial_load_chunk_days, max_history_days,
    full_refresh_every_days; where_filters
});

/// `None` for text that cannot be read.
pub(super) fn read(text: &str) -> Option<SyncOptions> {
    serde_json::from_str::<StoredOptions>(text).ok().map(Into::into)
}

pub(super) fn write(options: SyncOptions) -> String {
    serde_json::json!(StoredOptions::from(options)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_it_was_and_with_fields_of_another_version() {
        let sent =
            r#"{"columns":["a"],"where_filters":[{"column":"a","operator":"ne","values":["1"]}],"max_history_days":9}"#;
        let options: SyncOptions = serde_json::from_str(sent).unwrap();
        assert_eq!(read(&write(options.clone())), Some(options.clone()));
        assert_eq!(read(&sent.replace('{', r#"{"from_the_future":1,"#)), Some(options));
        assert_eq!(read("nonsense"), None);
    }
}
