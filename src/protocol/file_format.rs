use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the text files of a table are read (`file_format` of a registry row). What is absent is found from the files.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FileFormat {
    /// Column → type: `text`, `integer`, `decimal(18,2)`, `double`, `boolean`, `date`, `timestamp`, `timestamptz`; the last
    /// three also with a format, e.g. `timestamp('%d.%m.%Y %H:%M')`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    /// One character, e.g. `;`; `tab` for a tab.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    /// The character around texts; `none` if quotes are ordinary characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// Name of the encoding, e.g. `windows-1250`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Lines above the header.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_lines: Option<u32>,
    /// Texts that stand for no value, besides the empty one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub null_values: Vec<String>,
    /// `.` or `,`, for columns with a declared number type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal_separator: Option<char>,
    /// E.g. `.` or a space, for columns with a declared number type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thousands_separator: Option<char>,
}

impl FileFormat {
    /// `None` if nothing is declared.
    pub fn or_none(self) -> Option<Self> {
        Some(self).filter(|format| *format != Self::default())
    }

    /// The declared name and type of a column, whose case does not matter.
    pub fn declared(&self, column: &str) -> Option<(&str, &str)> {
        let found = self.columns.iter().find(|(name, _)| name.to_lowercase() == column.to_lowercase());
        found.map(|(name, declared)| (name.as_str(), declared.as_str()))
    }
}
