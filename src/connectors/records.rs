//! Reading delimited text strictly: every record with its line, every doubt an error.

use std::borrow::Cow;
use std::io::{self, Read};
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr3};

/// Of the buffer at first, in bytes. It grows with the longest record.
const BUFFER: usize = 256 * 1024;
/// The longest record, in bytes.
const MAX_RECORD: usize = 64 * 1024 * 1024;

/// Why a text cannot be read as records.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("line {line}: a quote that is not closed, or text beside a quoted value")]
    Quote { line: u64 },
    #[error("line {line}: it is not UTF-8")]
    NotUtf8 { line: u64, guess: &'static str },
    #[error("line {line}: a NUL byte")]
    Nul { line: u64 },
    #[error("line {line}: a single carriage return (CR) outside of quotes, while other lines end with LF")]
    StrayCr { line: u64 },
    #[error("line {line}: a row of more than {megabytes} MB")]
    LongLine { line: u64, megabytes: usize },
    #[error(transparent)]
    Read(io::Error),
}

impl RecordError {
    /// Bytes that are not UTF-8, with the encoding that they suggest.
    fn not_utf8(line: u64, bytes: &[u8]) -> Self {
        let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
        detector.feed(bytes, true);
        Self::NotUtf8 { line, guess: detector.guess(None, chardetng::Utf8Detection::Deny).name() }
    }
}

/// The records of a text. A record ends at LF, CRLF or CR; an empty line is not a record.
pub struct Records<R> {
    text: R,
    delimiter: u8,
    quote: Option<u8>,
    buffer: Vec<u8>,
    /// The unread part of the buffer.
    start: usize,
    end: usize,
    is_at_end: bool,
    line: u64,
    pub line_ends: LineEnds,
    /// Bytes of the longest record so far.
    pub longest: usize,
    /// Bytes of the empty lines before the record, and of the longest run of them.
    blank: usize,
    pub longest_blank: usize,
    fields: Vec<Field>,
}

/// The line ends that were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineEnds {
    pub lf: bool,
    pub crlf: bool,
    pub cr: bool,
}

#[derive(Clone, Debug)]
struct Field {
    text: Range<usize>,
    /// The quote, if it holds doubled ones.
    escaped_quote: Option<char>,
}

/// One record, whose fields are in the buffer of its reader.
pub struct Record<'a> {
    /// Where it begins; the first line of the text is 1.
    pub line: u64,
    /// With its quotes, without its line end.
    pub text: &'a str,
    fields: &'a [Field],
}

impl<'a> Record<'a> {
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Returns whether a quoted field holds both a line end and a tab; in a text that is delimited by tabs, its quotes are
    /// probably ordinary characters.
    pub fn has_tab_and_line_end(&self) -> bool {
        self.fields
            .iter()
            .map(|field| &self.text[field.text.clone()])
            .any(|text| text.contains('\n') && text.contains('\t'))
    }

    /// The text of each field, without its quotes.
    pub fn texts(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        let text = self.text;
        self.fields.iter().map(move |field| {
            let text = &text[field.text.clone()];
            match field.escaped_quote {
                Some(quote) => text.replace(&format!("{quote}{quote}"), &quote.to_string()).into(),
                None => text.into(),
            }
        })
    }
}

impl<R: Read> Records<R> {
    pub fn new(text: R, delimiter: u8, quote: Option<u8>) -> Self {
        Self {
            text,
            delimiter,
            quote,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            is_at_end: false,
            line: 1,
            line_ends: LineEnds::default(),
            longest: 0,
            blank: 0,
            longest_blank: 0,
            fields: Vec::new(),
        }
    }

    /// Counts lines from the one after `lines`.
    pub fn starting_at(mut self, lines: usize) -> Self {
        self.line = lines as u64 + 1;
        self
    }

    /// The next record; empty lines are left out unless `with_blank`.
    pub fn next(&mut self, with_blank: bool) -> Result<Option<Record<'_>>, RecordError> {
        loop {
            let line = self.line;
            let Some((length, text)) = self.find_record()? else { return Ok(None) };
            let begin = self.start;
            self.start += length;
            self.longest = self.longest.max(length);
            if text == 0 && !with_blank {
                self.blank += length;
                self.longest_blank = self.longest_blank.max(self.blank);
                continue;
            }
            self.blank = 0;
            let bytes = &self.buffer[begin..begin + text];
            let line_of = |at: usize| line + memchr_iter(b'\n', &bytes[..at]).count() as u64;
            if let Some(nul) = memchr(0, bytes) {
                return Err(RecordError::Nul { line: line_of(nul) });
            }
            return match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Some(Record { line, text, fields: &self.fields })),
                // What follows it in the buffer helps to guess the encoding.
                Err(error) => Err(RecordError::not_utf8(line_of(error.valid_up_to()), &self.buffer[begin..self.end])),
            };
        }
    }

    /// The length of the next record with and without its line end; `None` at the end of the text.
    fn find_record(&mut self) -> Result<Option<(usize, usize)>, RecordError> {
        loop {
            if self.start == self.end && self.is_at_end {
                return Ok(None);
            }
            if self.start < self.end {
                let line_ends = self.line_ends;
                if let Some(found) = self.parse()? {
                    return Ok(Some(found));
                }
                self.line_ends = line_ends;
            }
            self.fill()?;
        }
    }

    /// Reads more text behind the unread part of the buffer.
    fn fill(&mut self) -> Result<(), RecordError> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            if self.buffer.len() >= MAX_RECORD {
                return Err(RecordError::LongLine { line: self.line, megabytes: MAX_RECORD >> 20 });
            }
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let read = loop {
            match self.text.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map_err(RecordError::Read)?,
            }
        };
        self.end += read;
        self.is_at_end = read == 0;
        Ok(())
    }

    /// Finds the fields of the record at the start of the buffer; `None` if more text is needed to know its end.
    fn parse(&mut self) -> Result<Option<(usize, usize)>, RecordError> {
        let text = &self.buffer[self.start..self.end];
        let mut lines = 0;
        let mut at = 0;
        self.fields.clear();
        loop {
            let is_quoted = self.quote.is_some() && text.get(at).copied() == self.quote;
            let field = if is_quoted {
                match quoted(text, at) {
                    Some((field, end)) => {
                        lines += memchr_iter(b'\n', &text[field.text.clone()]).count() as u64;
                        at = end;
                        field
                    }
                    None if self.is_at_end => return Err(RecordError::Quote { line: self.line + lines }),
                    None => return Ok(None),
                }
            } else {
                let end = memchr3(self.delimiter, b'\n', b'\r', &text[at..]).map_or(text.len(), |found| at + found);
                let field = Field { text: at..end, escaped_quote: None };
                at = end;
                let is_padded =
                    self.quote.is_some_and(|quote| text[field.text.clone()].trim_ascii_start().first() == Some(&quote));
                if is_padded {
                    return Err(RecordError::Quote { line: self.line + lines });
                }
                field
            };
            self.fields.push(field);
            let length = match text.get(at) {
                Some(byte) if *byte == self.delimiter => {
                    at += 1;
                    continue;
                }
                Some(b'\n') => {
                    self.line_ends.lf = true;
                    at + 1
                }
                // What follows decides.
                Some(b'\r') if at + 1 == text.len() && !self.is_at_end => return Ok(None),
                Some(b'\r') if text.get(at + 1) == Some(&b'\n') => {
                    self.line_ends.crlf = true;
                    at + 2
                }
                Some(b'\r') => {
                    self.line_ends.cr = true;
                    at + 1
                }
                None if self.is_at_end => at,
                None => return Ok(None),
                Some(_) => return Err(RecordError::Quote { line: self.line + lines }),
            };
            if self.line_ends.cr && (self.line_ends.lf || self.line_ends.crlf) {
                return Err(RecordError::StrayCr { line: self.line + lines });
            }
            self.line += lines + 1;
            return Ok(Some((length, at)));
        }
    }
}

/// The field that begins with the quote at `start`, and where its closing quote ends; `None` if that is not in the text, or may
/// be the first half of a doubled one.
fn quoted(text: &[u8], start: usize) -> Option<(Field, usize)> {
    let mut escaped_quote = None;
    let mut at = start + 1;
    loop {
        at += memchr(text[start], &text[at..])?;
        if text.get(at + 1) != Some(&text[start]) {
            return Some((Field { text: start + 1..at, escaped_quote }, at + 1));
        }
        escaped_quote = Some(char::from(text[start]));
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that returns few bytes at a time.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = self.0.len().min(self.1).min(buffer.len());
            buffer[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn read(text: &str, step: usize) -> Result<Vec<(u64, Vec<String>)>, String> {
        let mut records = Records::new(Trickle(text.as_bytes(), step), b',', Some(b'"'));
        records.buffer = vec![0; 4];
        let mut found = Vec::new();
        while let Some(record) = records.next(false).map_err(|fault| fault.to_string())? {
            found.push((record.line, record.texts().map(Cow::into_owned).collect()));
        }
        Ok(found)
    }

    #[test]
    fn records_and_lines() {
        let text = "a,b\n1,\"x, \"\"y\"\"\nz\"\n\n2,\n3,é\"ü\r\n,\"\"";
        for step in 1..9 {
            let found = read(text, step).unwrap();
            let lines: Vec<_> = found.iter().map(|(line, _)| *line).collect();
            assert_eq!(lines, [1, 2, 5, 6, 7], "{step}");
            assert_eq!(found[1].1, ["1", "x, \"y\"\nz"]);
            assert_eq!(found[3].1, ["3", "é\"ü"]);
            assert_eq!(found[4].1, ["", ""]);
        }
        assert_eq!(read("a,b\r1,2\r", 1).unwrap().len(), 2);
        assert!(read("", 1).unwrap().is_empty());
    }

    #[test]
    fn doubts_are_errors() {
        for (text, line) in [
            ("a,b\n1,\"x\n", 2),
            ("a,b\n1,\"x\"y\n", 2),
            ("a,b\n1, \"x\"\n", 2),
            ("a,b\n1,x\ry\n", 2),
            ("a,b\n1,x\0\n", 2),
            ("a,b\n\"1\n2\",\"x\"y\n", 3),
        ] {
            for step in [1, 100] {
                let error = read(text, step).unwrap_err();
                assert!(error.starts_with(&format!("line {line}: ")), "{text:?}: {error}");
            }
        }
    }
}
