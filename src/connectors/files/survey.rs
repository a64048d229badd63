//! Reading a whole text once: is it sound, and what is in its columns?

use std::io::{BufReader, Read};
use std::path::Path;

use super::fault::Fault;
use super::folder::DataFile;
use super::layout::Layout;
use super::options::Options;
use super::text::Text;
use crate::base::atomic_file::Pending;
use crate::connectors::records::{LineEnds, Records};
use crate::extract::typing::{ColumnType, Facts};

/// DuckDB's reader gives up in longer runs of empty lines, in bytes.
const MAX_BLANK: usize = 64 * 1024;

/// A text whose layout is known.
pub struct Opened {
    pub text: Text,
    pub layout: Layout,
    /// Of the file, in bytes.
    pub size: u64,
}

/// What is in a text.
pub struct Found {
    /// By column of the layout.
    pub facts: Vec<Facts>,
    rows: u64,
    longest: usize,
    longest_blank: usize,
    line_ends: LineEnds,
}

/// A text whose every record has been read.
pub struct Survey {
    text: Text,
    /// A copy for DuckDB, if it cannot read the text as it is.
    rewritten: Option<Text>,
    pub layout: Layout,
    /// By column of the layout.
    pub facts: Vec<Facts>,
    pub rows: u64,
    /// Bytes of the longest record.
    pub longest: usize,
    /// What was converted meanwhile.
    pub ahead: Option<Ahead>,
}

impl Survey {
    /// The text that DuckDB can read.
    pub fn readable(&self) -> &Text {
        self.rewritten.as_ref().unwrap_or(&self.text)
    }

    /// Returns whether DuckDB needs a copy of the text.
    pub fn is_rewritten(&self) -> bool {
        self.rewritten.is_some()
    }
}

/// A file that was converted with these types.
pub struct Ahead {
    pub types: Vec<ColumnType>,
    pub parquet: Pending,
}

impl Ahead {
    /// The parquet file, if these are the types.
    pub fn with_types(&self, types: &[ColumnType]) -> Option<&Path> {
        (self.types == types).then(|| self.parquet.path())
    }
}

impl Opened {
    /// A copy that is needed is written next to `target`.
    pub fn new(file: &DataFile, options: &Options, target: &Path) -> Result<Self, Fault> {
        let size = std::fs::metadata(&file.path).map_err(Fault::Read)?.len();
        let text = Text::open(file, options.encoding, target)?;
        let mut layout = Layout::find(text.reader()?, file.format, options)?;
        layout.notes.extend(text.note.clone());
        Ok(Self { text, layout, size })
    }

    /// Reads at most so many rows.
    pub fn read(&self, options: &Options, most: u64) -> Result<Found, Fault> {
        let layout = &self.layout;
        let mut records = open(&self.text, layout, options)?;
        let mut facts = vec![Facts::default(); layout.names.len()];
        // Columns that DuckDB reads as text, or by a declared format, need no facts but the number of their values.
        let is_counted: Vec<bool> = layout
            .names
            .iter()
            .map(|name| {
                options.declared(name).is_some_and(|declared| {
                    declared.kind == ColumnType::Text || declared.is_formatted(options.separators)
                })
            })
            .collect();
        let mut rows = 0;
        let is_single = layout.width == 1;
        records.next(false)?;
        while rows < most
            // In a table of one column, an empty line is a row without a value.
            && let Some(record) = records.next(is_single)?
        {
            if record.len() != layout.width {
                return Err(Fault::Ragged { line: record.line, expected: layout.width, found: record.len() });
            }
            rows += 1;
            if layout.delimiter == b'\t' && record.has_tab_and_line_end() {
                return Err(Fault::QuoteOverLines { line: record.line });
            }
            for ((field, column), is_counted) in record.fields().zip(&mut facts).zip(&is_counted) {
                match *is_counted {
                    _ if options.is_null(&field) => {}
                    true => column.values += 1,
                    false => column.observe(&field, record.line),
                }
            }
            if record.len() > facts.len()
                && let Some((index, _)) =
                    record.fields().enumerate().skip(facts.len()).find(|(_, text)| !text.is_empty())
            {
                return Err(layout.unnamed(index));
            }
        }
        Ok(Found {
            facts,
            rows,
            longest: records.longest,
            longest_blank: records.longest_blank,
            line_ends: records.line_ends,
        })
    }

    pub fn with(self, found: Found, options: &Options, target: &Path) -> Result<Survey, Fault> {
        let Self { text, mut layout, .. } = self;
        let Found { facts, rows, longest, longest_blank, line_ends } = found;
        if layout.width > layout.names.len() {
            let empty = layout.width - layout.names.len();
            layout.notes.push(format!("{empty} column(s) without name and values at the end were left out"));
        }
        let rewritten = match (line_ends.lf && line_ends.crlf) || longest_blank > MAX_BLANK {
            true => Some(with_one_line_end(&text, &layout, options, target)?),
            false => None,
        };
        Ok(Survey { text, rewritten, layout, facts, rows, longest, ahead: None })
    }
}

/// The line of the first value of a column for which `matches` holds.
pub fn find_value(
    survey: &Survey,
    options: &Options,
    column: usize,
    matches: impl Fn(&str) -> bool,
) -> Result<Option<u64>, Fault> {
    let mut records = open(&survey.text, &survey.layout, options)?;
    records.next(false)?;
    while let Some(record) = records.next(survey.layout.width == 1)? {
        if record.texts().nth(column).is_some_and(|text| matches(&text)) {
            return Ok(Some(record.line));
        }
    }
    Ok(None)
}

/// The records from the header on.
fn open(text: &Text, layout: &Layout, options: &Options) -> Result<Records<impl Read + use<>>, Fault> {
    let mut reader = BufReader::with_capacity(64 * 1024, text.reader()?);
    for _ in 0..layout.skip_lines {
        skip_line(&mut reader)?;
    }
    Ok(Records::new(reader, layout.delimiter, options.quote.byte()).starting_at(layout.skip_lines))
}

/// Skips to the next line; where there is no LF, CR ends a line.
fn skip_line(text: &mut impl std::io::BufRead) -> Result<(), Fault> {
    loop {
        let buffer = text.fill_buf().map_err(Fault::read)?;
        let end = memchr::memchr(b'\n', buffer).or_else(|| memchr::memchr(b'\r', buffer));
        let (used, is_done) = match end {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        text.consume(used);
        if is_done {
            return Ok(());
        }
    }
}

/// A copy whose records all end with LF: DuckDB does not read a mixture.
fn with_one_line_end(text: &Text, layout: &Layout, options: &Options, target: &Path) -> Result<Text, Fault> {
    let mut records = open(text, layout, options)?;
    Text::rewrite(target, |copy| {
        copy.write_all(&b"\n".repeat(layout.skip_lines)).map_err(Fault::write)?;
        while let Some(record) = records.next(layout.width == 1)? {
            copy.write_all(record.text).and_then(|()| copy.write_all(b"\n")).map_err(Fault::write)?;
        }
        Ok(())
    })
}
