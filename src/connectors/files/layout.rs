//! How a text is laid out: delimiter, lines above the header, names of the columns.

use std::borrow::Cow;
use std::io::Read;

use super::fault::Fault;
use super::folder::Format;
use super::header::{LinesAbove, names};
use super::options::Options;
use crate::connectors::records::Records;

/// Bytes and records that must agree on a delimiter.
const SAMPLE_BYTES: u64 = 1024 * 1024;
const SAMPLE_RECORDS: usize = 100;
/// Bytes in which the header must end.
const MAX_HEAD: usize = 64 * 1024 * 1024;

#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    pub delimiter: u8,
    /// Lines above the header.
    pub skip_lines: usize,
    /// The columns of the table, which come first in each record.
    pub names: Vec<String>,
    /// Fields of each record: the columns, and fields without name or value behind them.
    pub width: usize,
    /// What was decided, for the person who brought the file.
    pub notes: Vec<String>,
}

impl Layout {
    /// From the head of `text`. The first record below the skipped lines must name the columns.
    pub fn find(mut text: impl Read, format: Format, options: &Options) -> Result<Self, Fault> {
        let mut head = Vec::new();
        // Until it holds the whole header, if that is a long one.
        let (above, is_cut) = loop {
            let read = text.by_ref().take(SAMPLE_BYTES).read_to_end(&mut head).map_err(Fault::read)?;
            let above = LinesAbove::find(&head, options.skip_lines);
            let is_cut = read as u64 == SAMPLE_BYTES;
            if !is_cut || memchr::memchr2(b'\n', b'\r', &head[above.bytes..]).is_some() || head.len() > MAX_HEAD {
                break (above, is_cut);
            }
        };
        let mut notes = Vec::new();
        if above.blank > 0 {
            notes.push(format!("{} empty line(s) above the header were left out", above.blank));
        }
        let separators = [Some(options.separators.decimal), options.separators.thousands];
        let sample = Sample {
            text: &head[above.bytes..],
            is_cut,
            quote: options.quote.byte(),
            separators: separators.map(|separator| separator.and_then(|separator| u8::try_from(separator).ok())),
            lines_above: above.lines,
        };
        let tabs = (format == Format::Tsv).then_some(b'\t');
        let delimiter = match options.delimiter.or(above.separator).or(tabs) {
            Some(delimiter) => delimiter,
            None => sample.delimiter()?,
        };
        let header = sample.header(delimiter)?;
        let width = header.len();
        let names = names(header, &mut notes)?;
        Ok(Self { delimiter, skip_lines: above.lines, names, width, notes })
    }

    /// The fault of a record that has a value in the field `index`, for which the header has no name.
    pub fn unnamed(&self, index: usize) -> Fault {
        match self.names.len() {
            1 => Fault::Title { line: self.skip_lines as u64 + 1, expected: self.width },
            _ => Fault::NoName { column: index + 1 },
        }
    }
}

/// The head of a text, from the header on.
struct Sample<'a> {
    text: &'a [u8],
    is_cut: bool,
    quote: Option<u8>,
    /// Characters that are declared to be within numbers.
    separators: [Option<u8>; 2],
    lines_above: usize,
}

impl Sample<'_> {
    /// The header's fields.
    fn header(&self, delimiter: u8) -> Result<Vec<String>, Fault> {
        let mut records = Records::new(self.text, delimiter, self.quote).starting_at(self.lines_above);
        match records.next(false)? {
            Some(record) => Ok(record.texts().map(Cow::into_owned).collect()),
            None => Err(Fault::Empty),
        }
    }

    /// Whether it may be punctuation: a space follows each in the header, or it is declared to be within numbers.
    fn may_be_in_values(&self, delimiter: u8) -> bool {
        self.separators.contains(&Some(delimiter)) || self.is_spaced(delimiter)
    }

    /// Whether a space follows each delimiter of the header.
    fn is_spaced(&self, delimiter: u8) -> bool {
        let mut records = Records::new(self.text, delimiter, self.quote);
        let header = records.next(false).ok().flatten();
        header.is_some_and(|header| header.texts().skip(1).all(|text| text.starts_with(' ')))
    }

    /// Line and fields of the first records, as far as they can be read with this delimiter.
    fn widths(&self, delimiter: u8) -> (Vec<(u64, usize)>, bool) {
        let mut records = Records::new(self.text, delimiter, self.quote).starting_at(self.lines_above);
        let mut widths = Vec::new();
        let mut is_readable = true;
        while widths.len() < SAMPLE_RECORDS {
            match records.next(false) {
                Ok(Some(record)) => widths.push((record.line, record.len())),
                Ok(None) => break,
                Err(_) => {
                    is_readable = self.is_cut;
                    break;
                }
            }
        }
        if self.is_cut && (2..SAMPLE_RECORDS).contains(&widths.len()) {
            // It may be half a record.
            widths.pop();
        }
        (widths, is_readable)
    }

    /// The delimiter on which the first records agree. In names and prose a space follows, and commas stand in numbers too, so
    /// any other that agrees as well wins; without agreement the one that cuts the header into most columns does.
    fn delimiter(&self) -> Result<u8, Fault> {
        let mut agreed: Option<((bool, usize, bool), u8)> = None;
        let mut widest = (b',', 1);
        let mut title: Option<(u64, usize)> = None;
        let mut rival = None;
        for candidate in *b",;\t|" {
            let (widths, is_readable) = self.widths(candidate);
            let Some(&(line, width)) = widths.first() else { continue };
            if is_readable && width > 1 && widths.iter().all(|(_, other)| *other == width) {
                let rank = (!self.may_be_in_values(candidate), width, candidate != b',');
                rival = agreed.filter(|(best, _)| rank.0 && best.0 && rank.1 == best.1).or(rival);
                if agreed.is_none_or(|(best, _)| rank > best) {
                    agreed = Some((rank, candidate));
                }
            }
            if let Some(expected) = width_below_title(&widths)
                && title.is_none_or(|(_, most)| expected > most)
            {
                title = Some((line, expected));
            }
            let is_wider = width > widest.1 || (width > 1 && self.separators.contains(&Some(widest.0)));
            if is_wider && (widest.1 == 1 || !self.separators.contains(&Some(candidate))) {
                widest = (candidate, width);
            }
        }
        match (agreed, title) {
            (Some(((_, width, _), delimiter)), _) => match rival.filter(|((_, other, _), _)| *other == width) {
                Some((_, rival)) => Err(Fault::Delimiters(char::from(delimiter), char::from(rival))),
                None => Ok(delimiter),
            },
            (None, Some((line, expected))) if expected > widest.1 => Err(Fault::Title { line, expected }),
            (None, _) => Ok(widest.0),
        }
    }
}

/// The width of the records if one or a few single texts stand above records that agree among themselves.
fn width_below_title(widths: &[(u64, usize)]) -> Option<usize> {
    let titles = widths.iter().take_while(|(_, fields)| *fields == 1).count();
    let below = &widths[titles..];
    let (_, width) = *below.first()?;
    let looks_like_a_table = below.len() > 1 && below.iter().all(|(_, fields)| *fields == width);
    // Two texts with a comma may also be prose.
    (looks_like_a_table && (titles == 1 || ((2..=5).contains(&titles) && width > 2))).then_some(width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::typing::Separators;

    fn layout(text: &str) -> Result<Layout, String> {
        Layout::find(text.as_bytes(), Format::Csv, &Options::default()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn delimiters() {
        for (text, expected) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2\n2,5;3\n", b';'),
            ("name (last, first);age;city\nx;1;y\n", b';'),
            ("Monat;Umsatz, EUR;Kosten, EUR\n01/2024;1200,50;800,25\n", b';'),
            ("a\tb\n1,2\t3\n", b'\t'),
            ("a|b|c\n1|2|3\n", b'|'),
            ("a|b\n1|x,y\n2|z,y\n", b'|'),
            ("id|total; net\n", b'|'),
            ("id,total; net\n1,\"2;3\"\n", b','),
            ("id;last, first, title\n1;a, b, c\n", b';'),
            ("a, b, c\n1, 2, 3\n", b','),
            ("a|b|c\n1|x,y|2\n2|z,y|\"3\n", b'|'),
            ("a,b,c\n1,2,3\n4,5,6\n7,\"8\"x,9\n", b','),
            ("\"a;b\",c\n1,2\n", b','),
            ("a,b,c\n1,2\n3,4,5\n", b','),
            ("id,name,at;by\n1,x,3;4\n", b','),
            ("one\n1\n", b','),
        ] {
            assert_eq!(layout(text).unwrap().delimiter as char, expected as char, "{text}");
        }
    }

    #[test]
    fn lines_above_the_header() {
        for (text, skipped, delimiter) in [
            ("sep=;\r\na;b\r\n1;2\r\n", 1, b';'),
            ("\n\na,b\n1,2\n", 2, b','),
            ("a,b\n", 0, b','),
            ("\r\na\r\n", 1, b','),
        ] {
            let found = layout(text).unwrap();
            assert_eq!((found.skip_lines, found.delimiter), (skipped, delimiter), "{text:?}");
        }
        for text in ["id;name,city\n1;Ann,Oslo\n", "a|b;c\n1|2;3\n"] {
            assert!(layout(text).unwrap_err().contains("--delimiter"), "{text}");
        }
        let long = format!("{},{}\n1,2\n", "a".repeat(1_500_000), "b".repeat(1_500_000));
        assert_eq!(layout(&long).unwrap().names[1].len(), 1_500_000);
        let options = |decimal| Options { separators: Separators { decimal, thousands: None }, ..Options::default() };
        for (text, delimiter) in [
            ("net,EUR;gross,EUR\n1,5;2,5\n3,5;4,5\n", b';'),
            ("id,net;gross\n1;2,5\n3;4\n", b';'),
            ("id,net\n1,\"2,5\"\n", b','),
        ] {
            let found = Layout::find(text.as_bytes(), Format::Csv, &options(',')).unwrap();
            assert_eq!(char::from(found.delimiter), char::from(delimiter), "{text:?}");
        }
        assert!(layout("Report of 2024\nid;name\n1;x\n2;y\n").unwrap_err().starts_with("line 1 has one text"));
    }

    #[test]
    fn header() {
        assert_eq!(layout(",a, b \n0,1,2\n").unwrap().names, ["column_1", "a", "b"]);
        let found = layout("a,b,,\n1,2,,\n").unwrap();
        assert_eq!((found.names.len(), found.width), (2, 4));
        assert_eq!(layout("a\n").unwrap().notes, [""; 0]);
        assert_eq!(layout("a, b \n").unwrap().notes, ["spaces around names of columns were left out: 'b'"]);
        assert!(layout(",Column_1\n").unwrap_err().contains("column_1, is that of another column"));
        assert!(layout("a,,b\n").is_err());
        assert!(layout("a,A\n").is_err());
    }
}
