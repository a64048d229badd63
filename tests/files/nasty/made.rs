//! Files of random cells, and files with one known fault.

use super::cells::{Kind, Random, nasty};
use crate::gzip;

/// How a file is written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub delimiter: char,
    line_ends: &'static [&'static str],
    pub gzip: bool,
    has_mark: bool,
}

/// One file of a table.
#[derive(Debug)]
pub struct Made {
    pub style: Style,
    pub bytes: Vec<u8>,
}

/// A table, its columns, and its one file or its parts.
#[derive(Debug)]
pub struct Table {
    pub name: String,
    pub is_folder: bool,
    pub columns: Vec<Column>,
    pub files: Vec<Made>,
}

#[derive(Debug)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    pub is_spoiled: bool,
    /// One of so many cells is empty.
    gaps: usize,
}

impl Style {
    fn any(random: &mut Random) -> Self {
        let delimiter = random.pick(&[',', ',', ';', '\t', '|']);
        let line_ends: &[&str] = match random.below(6) {
            0 => &["\r"],
            1 => &["\r\n", "\n"],
            2 | 3 => &["\r\n"],
            _ => &["\n"],
        };
        Self { delimiter, line_ends, gzip: random.one_in(4), has_mark: random.one_in(8) }
    }

    /// Ending of the file's name.
    pub fn ending(&self) -> String {
        let text = if self.delimiter == '\t' { "tsv" } else { "csv" };
        format!("{text}{}", if self.gzip { ".gz" } else { "" })
    }

    fn field(&self, text: &str, random: &mut Random) -> String {
        let begins_with_quote = text.trim_start().starts_with('"');
        let needs_quotes = begins_with_quote || text.contains([self.delimiter, '\n', '\r', '"']);
        let may_stay = text.contains('"') && !begins_with_quote && !text.contains([self.delimiter, '\n', '\r']);
        let chances = if text.is_empty() { 3 } else { 8 };
        if (needs_quotes && !(may_stay && random.one_in(2))) || random.one_in(chances) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.into()
        }
    }

    fn line_end(&self, random: &mut Random) -> &'static str {
        random.pick(self.line_ends)
    }

    fn finish(&self, text: &str) -> Made {
        let bytes = if self.has_mark { format!("\u{feff}{text}") } else { text.into() };
        Made { style: *self, bytes: if self.gzip { gzip(bytes) } else { bytes.into() } }
    }
}

impl Table {
    pub fn any(name: String, random: &mut Random) -> Self {
        let mut table = Self { name, is_folder: random.one_in(6), columns: columns(random), files: Vec::new() };
        let files = if table.is_folder { random.between(1, 3) } else { 1 };
        for _ in 0..files {
            let rows = if random.one_in(10) { random.between(0, 300) } else { random.between(0, 20) };
            let spoiled: Vec<_> = (0..rows).filter(|_| random.one_in(12)).collect();
            table.add_file(rows, &spoiled, random);
        }
        table
    }

    /// A table that is longer than any sample, with cells of other kinds in the rows where samples begin and end.
    pub fn long(name: String, random: &mut Random) -> Self {
        let rows = 20_500;
        let mut table = Self { name, is_folder: false, columns: columns(random), files: Vec::new() };
        let spoiled =
            random.pick(&[[0, 0], [19_998, 19_998], [20_000, 20_000], [rows - 1, rows - 1], [20_000, rows - 1]]);
        table.add_file(rows, &spoiled, random);
        table
    }

    /// As its owner expects it: no cell is of another kind.
    pub fn sound(name: String, rows: usize, random: &mut Random) -> Self {
        let mut table = Self { name, is_folder: false, columns: columns(random), files: Vec::new() };
        table.add_file(rows, &[], random);
        table
    }

    fn add_file(&mut self, rows: usize, spoiled: &[usize], random: &mut Random) {
        let style = Style::any(random);
        let delimiter = style.delimiter.to_string();
        let header: Vec<_> = self.columns.iter().map(|column| style.field(&column.name, random)).collect();
        let mut text = header.join(&delimiter) + style.line_end(random);
        for row in 0..rows {
            for (index, column) in self.columns.iter_mut().enumerate() {
                let cell = if random.one_in(column.gaps) {
                    String::new()
                } else if index > 0 && spoiled.contains(&row) && random.one_in(2) {
                    column.is_spoiled = true;
                    nasty(random)
                } else {
                    column.kind.cell(random)
                };
                // In a file with tabs, quotes around this would be in doubt.
                let cell = if style.delimiter == '\t' { cell.replace('\t', " ") } else { cell };
                text += if index > 0 { &delimiter } else { "" };
                text += &style.field(&cell, random);
            }
            text += if row + 1 < rows || random.one_in(2) { style.line_end(random) } else { "" };
        }
        self.files.push(style.finish(&text));
    }
}

fn columns(random: &mut Random) -> Vec<Column> {
    let mut columns = vec![Column { name: "id".into(), kind: Kind::Integer, is_spoiled: false, gaps: usize::MAX }];
    for number in 0..random.between(1, 6) {
        let name = random.pick(&["c", "a \"b\"", "Größe", "x,y", "total; net", "sum(x)"]);
        columns.push(Column {
            name: format!("{name}{number}"),
            kind: Kind::any(random),
            is_spoiled: false,
            gaps: random.pick(&[2, 5, 20, usize::MAX]),
        });
    }
    columns
}

/// A file that must be refused, and the line that the message must name.
pub fn broken(random: &mut Random) -> (Made, u64) {
    let line_end = random.pick(&["\n", "\r\n"]);
    let style = Style { delimiter: random.pick(&[',', ';', '|']), line_ends: &["\n"], gzip: false, has_mark: false };
    let (rows, columns) = (random.between(2, 40), random.between(2, 5));
    let wrong = random.below(rows);
    let fault = random.below(7);
    let names: Vec<_> = (0..columns).map(|number| format!("c{number}")).collect();
    let mut bytes = names.join(&style.delimiter.to_string()).into_bytes();
    bytes.extend_from_slice(line_end.as_bytes());
    let mut line = 0;
    for row in 0..rows {
        let mut fields: Vec<Vec<u8>> = (0..columns)
            .map(|_| {
                let cell = Kind::any(random).cell(random);
                style.field(&cell.replace('\r', ""), random).into_bytes()
            })
            .collect();
        let is_wrong = row == if fault == 2 { rows - 1 } else { wrong };
        let column = if fault == 2 { columns - 1 } else { random.below(columns) };
        let wrong_field: Option<&[u8]> = match fault {
            0 => Some(b"\"x\"y"),
            1 => Some(b" \"x\""),
            2 => Some(b"\"never closed"),
            3 => Some(b"a\0b"),
            4 => Some(b"caf\xe9"),
            5 => Some(b"a\rb"),
            _ => None,
        };
        if is_wrong {
            match wrong_field {
                Some(field) => fields[column] = field.into(),
                None if random.one_in(2) => fields.push(b"one too many".into()),
                None => {
                    fields.truncate(columns - 1);
                    // An empty line is no row.
                    fields[0] = b"one too few".into();
                }
            }
        }
        for (index, field) in fields.iter().enumerate() {
            if is_wrong && index == if wrong_field.is_some() { column } else { 0 } {
                line = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            }
            if index > 0 {
                bytes.push(style.delimiter as u8);
            }
            bytes.extend_from_slice(field);
        }
        bytes.extend_from_slice(if fault == 2 && row == rows - 1 { b"" } else { line_end.as_bytes() });
    }
    (Made { style, bytes }, line)
}
