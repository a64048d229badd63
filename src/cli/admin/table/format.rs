//! Options that declare how the files of a table are read.

use crate::cli::CliError;
use crate::connectors::files;
use crate::protocol::file_format::FileFormat;

/// What is not given stays as it was declared; an empty value takes an option back.
#[derive(clap::Args, Debug, Default, PartialEq)]
pub struct FormatOptions {
    /// Type of a column, e.g. amount='decimal(18,2)' zip=text when="timestamp('%d.%m.%Y')"; text, integer, double, boolean,
    /// date and timestamptz are the others
    #[arg(long, value_name = "COLUMN=TYPE", num_args = 1.., value_parser = column_type)]
    set: Vec<(String, String)>,
    /// Find the type of a column from its values again
    #[arg(long, value_name = "COLUMN", num_args = 1..)]
    unset: Vec<String>,
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
    /// Forget what was declared before
    #[arg(long)]
    reset: bool,
}

impl FormatOptions {
    pub fn is_given(&self) -> bool {
        *self != Self::default()
    }

    /// What is declared after these options.
    pub fn apply(self, stored: Option<FileFormat>) -> Result<FileFormat, CliError> {
        let mut format = stored.filter(|_| !self.reset).unwrap_or_default();
        for column in &self.unset {
            if !remove(&mut format, column) {
                return Err(CliError::usage(format!("no type is declared for the column {column}")));
            }
        }
        for (column, declared) in self.set {
            remove(&mut format, &column);
            format.columns.insert(column, declared);
        }
        set(&mut format.delimiter, self.delimiter);
        set(&mut format.quote, self.quote);
        set(&mut format.encoding, self.encoding);
        format.skip_lines = self.skip_lines.or(format.skip_lines);
        if !self.null.is_empty() {
            format.null_values = self.null.into_iter().filter(|text| !text.is_empty()).collect();
        }
        set_character(&mut format.decimal_separator, self.decimal_separator)?;
        set_character(&mut format.thousands_separator, self.thousands_separator)?;
        files::check_format(&format).map_err(CliError::usage)?;
        Ok(format)
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

fn remove(format: &mut FileFormat, column: &str) -> bool {
    let name = format.declared(column).map(|(name, _)| name.to_owned());
    name.is_some_and(|name| format.columns.remove(&name).is_some())
}

fn set(field: &mut Option<String>, given: Option<String>) {
    if let Some(text) = given {
        *field = Some(text).filter(|text| !text.is_empty());
    }
}

fn set_character(field: &mut Option<char>, given: Option<String>) -> Result<(), CliError> {
    let Some(text) = given else { return Ok(()) };
    let mut characters = text.chars();
    *field = characters.next();
    match characters.next() {
        None => Ok(()),
        Some(_) => Err(CliError::usage(format!("a separator is one character, not '{text}'"))),
    }
}

fn column_type(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((column, declared)) if !column.is_empty() => Ok((column.to_owned(), declared.to_owned())),
        _ => Err("write COLUMN=TYPE, e.g. zip=text, after all other arguments".into()),
    }
}
