//! Options that declare how the files of a table are read.

use std::collections::BTreeMap;

use crate::cli::CliError;
use crate::connectors::files;
use crate::protocol::file_format::{FileFormat, FormatChanges};

#[derive(clap::Args, Debug, Default, PartialEq)]
pub struct FormatOptions {
    /// Type of a column, e.g. amount='decimal(18,2)' zip=text when="timestamp('%d.%m.%Y')"; text, integer, double, boolean,
    /// date and timestamptz are the others
    #[arg(long, value_name = "COLUMN=TYPE", num_args = 1.., value_parser = column_type)]
    set: Vec<(String, String)>,
    /// Character between fields, e.g. `;` or `tab`
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<String>,
    /// Character around texts; `none` if quotes are ordinary characters
    #[arg(long, value_name = "CHARACTER")]
    quote: Option<String>,
    /// Name of the encoding, e.g. windows-1250
    #[arg(long)]
    encoding: Option<String>,
    /// Number of lines above the header
    #[arg(long, value_name = "LINES")]
    skip_lines: Option<u32>,
    /// Text that means "no value", besides the empty one; may be given several times
    #[arg(long, value_name = "TEXT")]
    null: Vec<String>,
    /// `.` or `,`, for columns with a declared number type
    #[arg(long, value_name = "CHARACTER")]
    decimal_separator: Option<String>,
    /// E.g. `.` or a space, for columns with a declared number type
    #[arg(long, value_name = "CHARACTER")]
    thousands_separator: Option<String>,
}

/// What is not given stays as it was declared; an empty value takes an option back.
#[derive(clap::Args, Debug, Default, PartialEq)]
pub struct ChangeOptions {
    #[command(flatten)]
    format: FormatOptions,
    /// Find the type of a column from its values again
    #[arg(long, value_name = "COLUMN", num_args = 1..)]
    unset: Vec<String>,
    /// Forget what was declared before
    #[arg(long)]
    reset: bool,
}

impl FormatOptions {
    /// The declaration for a new table; `None` if no option was given.
    pub fn declaration(self) -> Result<Option<FileFormat>, CliError> {
        let format = self.changes().apply(FileFormat::default()).map_err(CliError::usage)?;
        files::check_format(&format).map_err(CliError::usage)?;
        Ok(format.or_none())
    }

    fn changes(self) -> FormatChanges {
        let mut columns = BTreeMap::new();
        for (column, kind) in self.set {
            columns.retain(|name: &String, _| name.to_lowercase() != column.to_lowercase());
            columns.insert(column, kind);
        }
        FormatChanges {
            reset: false,
            columns,
            delimiter: self.delimiter,
            quote: self.quote,
            encoding: self.encoding,
            skip_lines: self.skip_lines,
            null_values: Some(self.null).filter(|texts| !texts.is_empty()),
            decimal_separator: self.decimal_separator,
            thousands_separator: self.thousands_separator,
        }
    }
}

impl ChangeOptions {
    /// The changes that were asked for, if any. What can be seen without the table is checked.
    pub fn changes(self) -> Result<Option<FormatChanges>, CliError> {
        if self == Self::default() {
            return Ok(None);
        }
        let mut changes = FormatChanges { reset: self.reset, ..self.format.changes() };
        let mut alone = changes.clone().apply(FileFormat::default()).map_err(CliError::usage)?;
        if alone.decimal_separator.is_none() && !changes.reset {
            // Whether it fits depends on the decimal separator that is declared already.
            alone.thousands_separator = None;
        }
        files::check_format(&alone).map_err(CliError::usage)?;
        for column in self.unset {
            changes.columns.entry(column).or_default();
        }
        Ok(Some(changes))
    }
}

/// The options that declare this, as they can be typed; empty if nothing is declared.
pub fn as_options(format: &FileFormat) -> String {
    let types = format.columns.iter().map(|(name, declared)| format!("{}={}", quoted(name), quoted(declared)));
    let types: Vec<_> = types.collect();
    let mut options = Vec::new();
    if !types.is_empty() {
        options.push(format!("--set {}", types.join(" ")));
    }
    let characters = [&format.decimal_separator, &format.thousands_separator].map(|it| it.map(String::from));
    let [decimal, thousands] = characters;
    let lines = format.skip_lines.map(|lines| lines.to_string());
    for (name, value) in [
        ("delimiter", &format.delimiter),
        ("quote", &format.quote),
        ("encoding", &format.encoding),
        ("skip-lines", &lines),
        ("decimal-separator", &decimal),
        ("thousands-separator", &thousands),
    ] {
        options.extend(value.iter().map(|value| format!("--{name} {}", quoted(value))));
    }
    options.extend(format.null_values.iter().map(|text| format!("--null {}", quoted(text))));
    options.join(" ")
}

/// For a shell.
fn quoted(text: &str) -> String {
    if !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || "-_.,/".contains(letter)) {
        return text.to_owned();
    }
    if text.contains('\'') && !text.contains(['"', '$', '`', '\\', '!']) {
        return format!("\"{text}\"");
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn column_type(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((column, declared)) if !column.is_empty() && !declared.is_empty() => {
            Ok((column.to_owned(), declared.to_owned()))
        }
        _ => Err("write COLUMN=TYPE, e.g. zip=text, after all other arguments".into()),
    }
}
