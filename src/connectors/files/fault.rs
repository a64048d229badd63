//! What can be wrong with a file, in words that help its owner to fix it.

use std::io;

use crate::connectors::records::RecordError;
use crate::engine;
use crate::extract::ExtractError;

#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("it is empty; a header row with the column names is needed")]
    Empty,
    #[error("its name ends in .gz, but it is not compressed; name it without .gz")]
    NotCompressed,
    #[error("both '{0}' and '{1}' divide its rows evenly; say which one it is (--delimiter)")]
    Delimiters(char, char),
    #[error("it is {what}, not a table of text; {advice}")]
    NotText { what: &'static str, advice: &'static str },
    #[error(
        "line {line} has one text where the rows below have {expected} columns; if the header is further down, say how many \
         lines are above it (--skip-lines), or delete them"
    )]
    Title { line: u64, expected: usize },
    #[error(
        "column {column} of the header has no name; if the header is further down, say how many lines are above it \
         (--skip-lines)"
    )]
    NoName { column: usize },
    #[error(
        "the first column of the header has no name, and the name that it would get, {name}, is that of another column; \
         name it"
    )]
    Unnamed { name: &'static str },
    #[error("two columns are named '{name}' (case, and spaces around a name, do not count)")]
    SameName { name: String },
    #[error("line {line}: a row with {found} columns, but the header has {expected}")]
    Ragged { line: u64, expected: usize, found: usize },
    #[error(
        "line {line}: a quote that is not closed, or text beside a quoted value (a quote inside a value is doubled; if quotes \
         are ordinary characters here, say so with --quote none)"
    )]
    Quote { line: u64 },
    #[error(
        "line {line}: a quoted value runs over lines and tabs; if quotes are ordinary characters here, say so (--quote none), \
         else replace the tabs in it"
    )]
    QuoteOverLines { line: u64 },
    #[error(
        "line {line}: it is not UTF-8, perhaps {guess}; declare its encoding (`agnes admin table types TABLE --encoding \
         {guess}`), or convert it (`iconv -f {guess} -t UTF-8`); others differ in a few letters only, so look at the result"
    )]
    NotUtf8 { line: u64, guess: &'static str },
    #[error("line {line}: bytes that are not {encoding}; name the encoding that it has (--encoding)")]
    Encoding { line: u64, encoding: &'static str },
    #[error(
        "it is not UTF-8, perhaps {encoding} without a byte order mark; if so, declare it (`agnes admin table types TABLE \
         --encoding {encoding}`)"
    )]
    PerhapsUtf16 { encoding: &'static str },
    #[error("it is text in {encoding}, which is not read; convert it, e.g. `iconv -f {encoding} -t UTF-8`")]
    Utf32 { encoding: &'static str },
    #[error("line {line}: a NUL byte; this is not a text file")]
    Nul { line: u64 },
    #[error("line {line}: a single carriage return (CR) outside of quotes, while other lines end with LF; remove it")]
    StrayCr { line: u64 },
    #[error("line {line}: a row of more than {megabytes} MB; is a quote not closed?")]
    LongLine { line: u64, megabytes: usize },
    #[error("line {line}, column '{column}': \"{value}\" is not {declared}, which was declared")]
    Misfit { line: u64, column: String, value: String, declared: String },
    #[error("{0}")]
    Options(String),
    #[error(
        "its {columns} columns take more memory than an extraction may use; split the table, or allow more \
         (AGNES_EXTRACT_MEMORY)"
    )]
    TooWide { columns: usize },
    #[error("the gzip data is damaged: {0}")]
    Gzip(String),
    #[error("it changed while it was read; run again when it is complete")]
    Changed,
    #[error("cannot be read: {0}")]
    Read(io::Error),
    #[error("the disk is full; nothing was changed")]
    DiskFull,
    #[error("the table cannot be written: {0}")]
    Write(io::Error),
    #[error("not a readable parquet file: {0}")]
    Parquet(String),
    #[error("{0}")]
    Engine(String),
}

impl Fault {
    pub fn write(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::StorageFull { Self::DiskFull } else { Self::Write(error) }
    }

    /// A read error of a compressed file is mostly about its content.
    pub fn read(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Gzip("it ends early".into()),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Self::Gzip(error.to_string()),
            _ => Self::Read(error),
        }
    }

    pub fn parquet(error: &ExtractError) -> Self {
        let text = error.to_string();
        if let ExtractError::Foreign(_) = error {
            return Self::Engine(text);
        }
        Self::Parquet(first_line(&text).to_owned())
    }

    /// A fault of writing the table from what was read.
    pub fn table(error: &ExtractError) -> Self {
        match error {
            ExtractError::Engine(error) => Self::conversion(error),
            error => Self::Engine(error.to_string()),
        }
    }

    /// A fault of the conversion itself: what can be wrong with the text was found before.
    pub fn conversion(error: &engine::Error) -> Self {
        if engine::is_disk_full(error) {
            Self::DiskFull
        } else {
            Self::Engine(first_line(&engine::message(error)).to_owned())
        }
    }
}

impl From<RecordError> for Fault {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Quote { line } => Self::Quote { line },
            RecordError::NotUtf8 { line, guess } => Self::NotUtf8 { line, guess },
            RecordError::Nul { line } => Self::Nul { line },
            RecordError::StrayCr { line } => Self::StrayCr { line },
            RecordError::LongLine { line, megabytes } => Self::LongLine { line, megabytes },
            RecordError::Read(error) => Self::read(error),
        }
    }
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}
