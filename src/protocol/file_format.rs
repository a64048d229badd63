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

    /// Declares another type for a column, or none. Returns whether one was declared before.
    fn declare(&mut self, column: String, kind: String) -> bool {
        let before = self.declared(&column).map(|(name, _)| name.to_owned());
        let was_declared = before.is_some_and(|name| self.columns.remove(&name).is_some());
        if !kind.is_empty() {
            self.columns.insert(column, kind);
        }
        was_declared
    }

    /// The declared name and type of a column, whose case does not matter.
    pub fn declared(&self, column: &str) -> Option<(&str, &str)> {
        let found = self.columns.iter().find(|(name, _)| name.to_lowercase() == column.to_lowercase());
        found.map(|(name, declared)| (name.as_str(), declared.as_str()))
    }
}

/// Changes to what is declared. What is absent stays; an empty value takes a declaration back.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FormatChanges {
    /// Whether to forget first what was declared before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reset: bool,
    /// Column → type; the types of other columns stay.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_lines: Option<u32>,
    /// Replaces the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_values: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal_separator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thousands_separator: Option<String>,
}

impl FormatChanges {
    /// What is declared after the changes, or what is wrong with them.
    pub fn apply(self, stored: FileFormat) -> Result<FileFormat, String> {
        let mut format = if self.reset { FileFormat::default() } else { stored };
        for (column, kind) in self.columns {
            let takes_back = kind.is_empty();
            if !format.declare(column.clone(), kind) && takes_back {
                return Err(format!("no type is declared for the column {column}"));
            }
        }
        set(&mut format.delimiter, self.delimiter);
        set(&mut format.quote, self.quote);
        set(&mut format.encoding, self.encoding);
        format.skip_lines = self.skip_lines.or(format.skip_lines);
        if let Some(texts) = self.null_values {
            format.null_values = texts.into_iter().filter(|text| !text.is_empty()).collect();
        }
        set_character(&mut format.decimal_separator, self.decimal_separator)?;
        set_character(&mut format.thousands_separator, self.thousands_separator)?;
        Ok(format)
    }
}

/// A whole declaration replaces what was declared before.
impl From<FileFormat> for FormatChanges {
    fn from(format: FileFormat) -> Self {
        Self {
            reset: true,
            columns: format.columns,
            delimiter: format.delimiter,
            quote: format.quote,
            encoding: format.encoding,
            skip_lines: format.skip_lines,
            null_values: Some(format.null_values),
            decimal_separator: format.decimal_separator.map(String::from),
            thousands_separator: format.thousands_separator.map(String::from),
        }
    }
}

fn set(field: &mut Option<String>, given: Option<String>) {
    if let Some(text) = given {
        *field = Some(text).filter(|text| !text.is_empty());
    }
}

fn set_character(field: &mut Option<char>, given: Option<String>) -> Result<(), String> {
    let Some(text) = given else { return Ok(()) };
    let mut characters = text.chars();
    *field = characters.next();
    match characters.next() {
        None => Ok(()),
        Some(_) => Err(format!("a separator is one character, not '{text}'")),
    }
}
