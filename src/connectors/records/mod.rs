//! Reading delimited text strictly: every record with its line, every doubt an error.

mod marks;
mod record;

use std::io::{self, Read};

use memchr::{memchr, memchr_iter};

use marks::Marks;
use record::Field;
pub use record::Record;

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
    /// Those of the unread part.
    marks: Marks,
    /// Up to here, the buffer is valid UTF-8 without NUL.
    sound: usize,
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
            marks: Marks::new(delimiter, quote),
            sound: 0,
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
            if self.sound < begin + text {
                check(line, bytes, &self.buffer[begin..self.end])?;
            }
            return Ok(Some(Record { line, text: bytes, fields: &self.fields, quote: self.quote }));
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
        self.marks.restart();
        self.sound = self.sound.saturating_sub(self.start);
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
        self.sound += sound(&self.buffer[self.sound..self.end]);
        Ok(())
    }

    /// Finds the fields of the record at the start of the unread part; `None` if more text is needed to know its end.
    fn parse(&mut self) -> Result<Option<(usize, usize)>, RecordError> {
        let text = &self.buffer[..self.end];
        let mut lines = 0;
        let mut at = self.start;
        self.fields.clear();
        loop {
            let mut mark = self.marks.next(text);
            let start = at;
            if mark == Some(start) && Some(text[start]) == self.quote {
                let Some(quoted) = quoted(text, start, &mut self.marks) else {
                    return match self.is_at_end {
                        true => Err(RecordError::Quote { line: self.line + lines }),
                        false => Ok(None),
                    };
                };
                lines += quoted.lines;
                at = quoted.end;
                self.fields.push(Field::new(self.start, start + 1..at - 1, quoted.is_escaped));
                // What does not separate fields is an error below.
                self.marks.next(text);
            } else {
                let is_ordinary = |at: usize| text[at] != self.delimiter && Some(text[at]) == self.quote;
                let mut has_quote = false;
                while mark.is_some_and(is_ordinary) {
                    has_quote = true;
                    mark = self.marks.next(text);
                }
                at = mark.unwrap_or(text.len());
                if has_quote && text[start..at].trim_ascii_start().first().copied() == self.quote {
                    return Err(RecordError::Quote { line: self.line + lines });
                }
                self.fields.push(Field::new(self.start, start..at, false));
            }
            let end = match text.get(at) {
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
                    self.marks.next(text);
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
            return Ok(Some((end - self.start, at - self.start)));
        }
    }
}

/// Refuses a record, which begins in that line, for what it holds. What follows it in `text` helps to guess the encoding.
fn check(line: u64, record: &[u8], text: &[u8]) -> Result<(), RecordError> {
    let line_of = |at: usize| line + memchr_iter(b'\n', &record[..at]).count() as u64;
    if let Some(nul) = memchr(0, record) {
        return Err(RecordError::Nul { line: line_of(nul) });
    }
    std::str::from_utf8(record).map(drop).map_err(|error| RecordError::not_utf8(line_of(error.valid_up_to()), text))
}

/// The length of the text until a NUL byte, or a character that is not UTF-8 or not whole yet.
fn sound(text: &[u8]) -> usize {
    let text = &text[..memchr(0, text).unwrap_or(text.len())];
    std::str::from_utf8(text).map_or_else(|error| error.valid_up_to(), str::len)
}

struct Quoted {
    /// Behind the closing quote.
    end: usize,
    lines: u64,
    is_escaped: bool,
}

/// The field whose opening quote is the mark at `start`; `None` if its closing quote is not in the text.
fn quoted(text: &[u8], start: usize, marks: &mut Marks) -> Option<Quoted> {
    let quote = text[start];
    let (mut lines, mut is_escaped) = (0, false);
    loop {
        let mark = marks.next(text)?;
        if text[mark] == quote {
            // At the end of the text it may be the first half of a doubled one, which is read again with what follows.
            if text.get(mark + 1) != Some(&quote) {
                return Some(Quoted { end: mark + 1, lines, is_escaped });
            }
            marks.next(text);
            is_escaped = true;
        } else if text[mark] == b'\n' {
            lines += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

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
    fn records_of_every_length() {
        for length in 1..150 {
            let (long, quoted) = ("é".repeat(length), "\"\",".repeat(length));
            let text = format!("{long},{length}\r\n\"{quoted}\",\"\n\"\r\n{length},\r\n");
            for step in [1, 63, 64, 65, 1000] {
                let found = read(&text, step).unwrap();
                let number = length.to_string();
                let expected: [(u64, [&str; 2]); 3] =
                    [(1, [&long, &number]), (2, [&"\",".repeat(length), "\n"]), (4, [&number, ""])];
                assert_eq!(found.len(), 3, "{length} {step}");
                for (found, (line, fields)) in found.iter().zip(expected) {
                    assert_eq!((found.0, &found.1[..]), (line, &fields.map(str::to_owned)[..]), "{length} {step}");
                }
            }
        }
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
            ("a,b\n1,x\n\"2\n3\0\",y\n", 4),
        ] {
            for step in [1, 100] {
                let error = read(text, step).unwrap_err();
                assert!(error.starts_with(&format!("line {line}: ")), "{text:?}: {error}");
            }
        }
    }
}
