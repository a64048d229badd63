//! Text files: what their head suggests about delimiter, columns and types, and what DuckDB's reader accepts silently: NUL
//! bytes, and gzip data that ends early or fails its checksum.

use std::fs::File;
use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::fault::Fault;
use super::folder::{DataFile, Format};
use super::kind::Kind;

/// Rows and bytes (decompressed) of the sample.
const MAX_ROWS: usize = 20_000;
const MAX_BYTES: u64 = 8 * 1024 * 1024;
/// Rows that must agree on a delimiter.
const DIALECT_ROWS: usize = 100;

#[derive(Debug)]
pub struct Sample {
    pub delimiter: u8,
    pub columns: Vec<(String, Kind)>,
}

/// Reads the head of the file. The first row must name the columns.
pub fn sample(file: &DataFile) -> Result<Sample, Fault> {
    let mut head = Vec::new();
    let text = open(file).map_err(Fault::Read)?;
    text.take(MAX_BYTES).read_to_end(&mut head).map_err(|error| unreadable(file, error))?;
    let is_cut = head.len() as u64 == MAX_BYTES;
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Err(Fault::NotUtf8 { line: Some(1), encoding: "UTF-16" });
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(Fault::Empty);
    }
    if text.contains(&0) {
        let line = 1 + text.iter().take_while(|byte| **byte != 0).filter(|byte| **byte == b'\n').count();
        return Err(Fault::Nul { line });
    }
    let delimiter = if file.format == Format::Tsv { b'\t' } else { delimiter(text) };

    let mut rows = reader(text, delimiter).into_byte_records();
    let header = rows.next().and_then(Result::ok).ok_or(Fault::Empty)?;
    let mut columns = names(&header)?;
    let mut previous: Option<csv::ByteRecord> = None;
    // The last row of a sample that was cut may be half a row.
    for row in rows.map_while(Result::ok).take(MAX_ROWS).map(Some).chain((!is_cut).then_some(None)) {
        if let Some(row) = std::mem::replace(&mut previous, row) {
            for ((_, kind), field) in columns.iter_mut().zip(row.iter()) {
                if *kind != Kind::Text {
                    *kind = kind.join(std::str::from_utf8(field).map_or(Kind::Text, Kind::of));
                }
            }
        }
    }
    Ok(Sample { delimiter, columns })
}

fn reader(text: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text)
}

/// The delimiter on whose columns the first rows agree; else the one that cuts the header into most columns.
fn delimiter(text: &[u8]) -> u8 {
    let score = |delimiter: u8| {
        let mut widths = reader(text, delimiter).into_byte_records().map_while(Result::ok).take(DIALECT_ROWS);
        let width = widths.next().map_or(1, |header| header.len());
        (width > 1 && widths.all(|row| row.len() == width), width)
    };
    // The first of equals wins.
    let mut best = (b',', score(b','));
    for candidate in *b";\t|" {
        let found = score(candidate);
        if found > best.1 {
            best = (candidate, found);
        }
    }
    best.0
}

fn names(header: &csv::ByteRecord) -> Result<Vec<(String, Kind)>, Fault> {
    let mut columns: Vec<(String, Kind)> = Vec::new();
    for (index, field) in header.iter().enumerate() {
        let name = std::str::from_utf8(field).map_err(|_| Fault::NotUtf8 { line: Some(1), encoding: "LATIN1" })?.trim();
        if name.is_empty() {
            return Err(Fault::NoName { column: index + 1 });
        }
        if columns.iter().any(|(other, _)| other.to_lowercase() == name.to_lowercase()) {
            return Err(Fault::SameName { name: name.to_owned() });
        }
        columns.push((name.to_owned(), Kind::Unknown));
    }
    Ok(columns)
}

/// The text of the file, decompressed.
fn open(file: &DataFile) -> io::Result<Box<dyn Read + Send>> {
    let raw = File::open(&file.path)?;
    Ok(if file.gzip {
        Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(128 * 1024, raw)))
    } else {
        Box::new(raw)
    })
}

/// Reads the whole file once.
pub fn scan(file: &DataFile) -> Result<(), Fault> {
    let mut text = open(file).map_err(Fault::Read)?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match text.read(&mut buffer).map_err(|error| unreadable(file, error))? {
            0 => return Ok(()),
            read if buffer[..read].contains(&0) => return Err(nul(file)),
            _ => {}
        }
    }
}

/// Finds the line of the first NUL byte. Lines are only counted here, so that good files cost less.
fn nul(file: &DataFile) -> Fault {
    let lines = |reader: &mut dyn Read| -> io::Result<usize> {
        let mut count = 0;
        for byte in io::BufReader::new(reader).bytes() {
            match byte? {
                0 => break,
                b'\n' => count += 1,
                _ => {}
            }
        }
        Ok(count)
    };
    match open(file).and_then(|mut text| lines(&mut text)) {
        Ok(count) => Fault::Nul { line: count + 1 },
        Err(_) => Fault::Changed,
    }
}

/// A read error of a gzip stream is mostly about its content.
fn unreadable(file: &DataFile, error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput if file.gzip => {
            Fault::Gzip(if error.kind() == io::ErrorKind::UnexpectedEof {
                "it ends early".into()
            } else {
                error.to_string()
            })
        }
        _ => Fault::Read(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters() {
        for (text, expected) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2\n2,5;3\n", b';'),
            ("name (last, first);age;city\nx;1;y\n", b';'),
            ("a\tb\n1,2\t3\n", b'\t'),
            ("a|b|c\n1|2|3\n", b'|'),
            ("\"a;b\",c\n1,2\n", b','),
            ("a,b,c\n1,2\n3,4,5\n", b','),
            ("one\n1\n", b','),
        ] {
            assert_eq!(delimiter(text.as_bytes()) as char, expected as char, "{text}");
        }
    }
}
