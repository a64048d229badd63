//! `file_format` of a registry row, as JSON; for its own type see [`super::sync_options`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::row::convertible;
use crate::protocol::file_format::FileFormat;

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct StoredFormat {
    columns: BTreeMap<String, String>,
    delimiter: Option<String>,
    quote: Option<String>,
    encoding: Option<String>,
    skip_lines: Option<u32>,
    null_values: Vec<String>,
    decimal_separator: Option<char>,
    thousands_separator: Option<char>,
}

convertible!(
    StoredFormat,
    FileFormat { columns, delimiter, quote, encoding, skip_lines, null_values, decimal_separator, thousands_separator }
);

/// `None` for text that cannot be read.
pub(super) fn read(text: &str) -> Option<FileFormat> {
    serde_json::from_str::<StoredFormat>(text).ok().map(Into::into)
}

pub(super) fn write(format: FileFormat) -> String {
    serde_json::json!(StoredFormat::from(format)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_it_was_and_with_fields_of_another_version() {
        let sent = r#"{"columns":{"zip":"text"},"delimiter":";","null_values":["n/a"],"decimal_separator":","}"#;
        let format: FileFormat = serde_json::from_str(sent).unwrap();
        assert_eq!(read(&write(format.clone())), Some(format.clone()));
        assert_eq!(read(&sent.replacen('{', r#"{"from_the_future":1,"#, 1)), Some(format));
        assert_eq!(read("nonsense"), None);
    }
}
