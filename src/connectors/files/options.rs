//! How the owner of a table says that its files are read.

use std::collections::BTreeMap;

use encoding_rs::Encoding;

use super::fault::Fault;
use crate::extract::typing::{Declared, Separators};
use crate::protocol::file_format::FileFormat;

/// A checked [`FileFormat`].
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// By lower-cased column.
    pub columns: BTreeMap<String, Declared>,
    pub delimiter: Option<u8>,
    pub quote: Quote,
    pub encoding: Option<&'static Encoding>,
    pub skip_lines: Option<usize>,
    pub null_values: Vec<String>,
    pub separators: Separators,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quote {
    #[default]
    Double,
    Other(u8),
    None,
}

impl Quote {
    pub fn byte(self) -> Option<u8> {
        match self {
            Self::Double => Some(b'"'),
            Self::Other(byte) => Some(byte),
            Self::None => None,
        }
    }
}

impl Options {
    /// Checks what was declared.
    pub fn parse(format: Option<&FileFormat>) -> Result<Self, Fault> {
        let Some(format) = format else { return Ok(Self::default()) };
        let mut options = Self {
            skip_lines: format.skip_lines.map(|lines| lines as usize),
            null_values: format.null_values.clone(),
            ..Self::default()
        };
        for (name, declared) in &format.columns {
            let declared = declared.parse().map_err(|reason| Fault::Options(format!("column '{name}': {reason}")))?;
            if options.columns.insert(name.to_lowercase(), declared).is_some() {
                return Err(Fault::Options(format!(
                    "column '{name}' is declared twice (upper and lower case are the same)"
                )));
            }
        }
        options.delimiter = match format.delimiter.as_deref() {
            None => None,
            Some("tab" | "\\t") => Some(b'\t'),
            Some(text) => Some(one_byte(text, "delimiter")?),
        };
        options.quote = match format.quote.as_deref() {
            None | Some("\"") => Quote::Double,
            Some("none" | "") => Quote::None,
            Some(text) => Quote::Other(one_byte(text, "quote")?),
        };
        if options.delimiter.is_some() && options.delimiter == options.quote.byte() {
            return Err(Fault::Options("the delimiter and the quote are the same character".into()));
        }
        if let Some(name) = &format.encoding {
            let found = Encoding::for_label(name.as_bytes());
            options.encoding = Some(found.ok_or_else(|| {
                Fault::Options(format!(
                    "'{name}' is not the name of an encoding; use e.g. utf-8, windows-1250, iso-8859-2 or utf-16le"
                ))
            })?);
        }
        options.separators =
            Separators { decimal: format.decimal_separator.unwrap_or('.'), thousands: format.thousands_separator };
        if !matches!(options.separators.decimal, '.' | ',') {
            return Err(Fault::Options("the decimal separator is '.' or ','".into()));
        }
        if options
            .separators
            .thousands
            .is_some_and(|thousands| thousands == options.separators.decimal || thousands.is_ascii_digit())
        {
            return Err(Fault::Options("the thousands separator is neither a digit nor the decimal separator; if it is '.', the other one is ',' (--decimal-separator ,)".into()));
        }
        Ok(options)
    }

    pub fn is_null(&self, text: &[u8]) -> bool {
        text.is_empty() || self.null_values.iter().any(|null| null.as_bytes() == text)
    }

    pub fn declared(&self, column: &str) -> Option<&Declared> {
        if self.columns.is_empty() { None } else { self.columns.get(&column.to_lowercase()) }
    }
}

/// Returns what is wrong with a declaration, whatever the files are.
pub fn check_format(format: &FileFormat) -> Result<(), String> {
    Options::parse(Some(format)).map(drop).map_err(|fault| fault.to_string())
}

fn one_byte(text: &str, what: &str) -> Result<u8, Fault> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'\n' | b'\r') => Ok(*byte),
        _ => Err(Fault::Options(format!("the {what} is one character such as ';', not '{text}'"))),
    }
}
