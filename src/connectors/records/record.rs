//! A record and its fields.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

/// Where a field is in its record.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    start: u32,
    end: u32,
    /// Whether it holds doubled quotes.
    is_escaped: bool,
}

impl Field {
    /// `range` is that in the buffer, in which the record begins at `record`; a record is shorter than 32 bits can count.
    pub fn new(record: usize, range: Range<usize>, is_escaped: bool) -> Self {
        Self { start: (range.start - record) as u32, end: (range.end - record) as u32, is_escaped }
    }

    fn of(self, record: &[u8]) -> &[u8] {
        &record[self.start as usize..self.end as usize]
    }
}

/// One record, whose fields are in the buffer of its reader.
pub struct Record<'a> {
    /// Where it begins; the first line of the text is 1.
    pub line: u64,
    /// With its quotes, without its line end; valid UTF-8.
    pub text: &'a [u8],
    pub(super) fields: &'a [Field],
    pub(super) quote: Option<u8>,
}

impl<'a> Record<'a> {
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Returns whether a quoted field holds both a line end and a tab; in a text that is delimited by tabs, its quotes are
    /// probably ordinary characters.
    pub fn has_tab_and_line_end(&self) -> bool {
        let mut texts = self.fields.iter().map(|field| field.of(self.text));
        texts.any(|text| memchr(b'\n', text).is_some() && memchr(b'\t', text).is_some())
    }

    /// The text of each field, without its quotes.
    pub fn texts(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        self.fields().map(|field| match field {
            Cow::Borrowed(text) => String::from_utf8_lossy(text),
            Cow::Owned(text) => String::from_utf8_lossy(&text).into_owned().into(),
        })
    }

    /// The same in bytes, which are valid UTF-8.
    #[inline]
    pub fn fields(&self) -> impl Iterator<Item = Cow<'a, [u8]>> + use<'a> {
        let (record, quote) = (self.text, self.quote);
        self.fields.iter().map(move |field| match field.is_escaped {
            true => unescaped(field.of(record), quote).into(),
            false => field.of(record).into(),
        })
    }
}

/// A text without the first one of each two quotes.
fn unescaped(text: &[u8], quote: Option<u8>) -> Vec<u8> {
    let mut is_first = false;
    let mut text = text.to_vec();
    text.retain(|byte| {
        is_first = Some(*byte) == quote && !is_first;
        !is_first
    });
    text
}
