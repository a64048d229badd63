//! What is known about all values of a column.

use serde::{Deserialize, Serialize};

use super::class::{Class, Shape};
use super::types::ColumnType;

/// Characters of a value that are shown.
const SHOWN: usize = 40;

/// The facts about a column that decide its type. They can be kept, and joined with those of other files.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Facts {
    /// Bits of [`Class`].
    pub(super) classes: u32,
    /// The most digits before the point of a number.
    pub(super) whole: u8,
    /// The digits behind the point of the first number that is not whole.
    pub(super) scale: u8,
    /// Whether another number has more or fewer.
    pub(super) mixed_scale: bool,
    /// The most digits behind the point.
    pub(super) most_scale: u8,
    /// The values that are not empty.
    pub values: u64,
    /// The first value of each class, and the first of another scale, in order.
    turns: Vec<Turn>,
}

/// A value that added something to what was known.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
struct Turn {
    #[serde(flatten)]
    shape: Shape,
    seen: Seen,
}

/// A value, and where it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Seen {
    /// The file, if a table has several.
    pub part: Option<String>,
    pub line: u64,
    /// Shortened.
    pub text: String,
}

impl Facts {
    /// Takes note of a value; an empty text is none.
    #[inline]
    pub fn observe(&mut self, text: impl AsRef<[u8]>, line: u64) {
        let text = text.as_ref();
        self.observe_as(text, text, line);
    }

    /// Takes note of the value `text` as if it were written in the form `form`.
    #[inline]
    pub fn observe_as(&mut self, form: impl AsRef<[u8]>, text: impl AsRef<[u8]>, line: u64) {
        let text = text.as_ref();
        if text.is_empty() {
            return;
        }
        self.values += 1;
        // Nothing can change the verdict any more.
        if self.classes & Class::Text.bit() == 0 {
            self.add(Shape::of(form.as_ref()), || Seen { part: None, line, text: shorten(text) });
        }
    }

    #[inline]
    fn add(&mut self, shape: Shape, seen: impl FnOnce() -> Seen) {
        self.whole = self.whole.max(shape.whole);
        self.most_scale = self.most_scale.max(shape.scale);
        let is_new = self.classes & shape.class.bit() == 0;
        let is_other_scale = shape.scale > 0 && shape.scale != self.scale && !self.mixed_scale;
        if is_new || is_other_scale {
            self.turn(shape, seen());
        }
    }

    #[cold]
    fn turn(&mut self, shape: Shape, seen: Seen) {
        self.classes |= shape.class.bit();
        if shape.scale > 0 && self.scale == 0 {
            self.scale = shape.scale;
        }
        self.mixed_scale |= shape.scale > 0 && shape.scale != self.scale;
        self.turns.push(Turn { shape, seen });
    }

    /// Adds what is known about the same column of another file, called `part`.
    pub fn join(&mut self, other: &Self, part: &str) {
        for turn in &other.turns {
            self.add(turn.shape, || Seen {
                part: Some(turn.seen.part.as_deref().unwrap_or(part).to_owned()),
                ..turn.seen.clone()
            });
        }
        self.whole = self.whole.max(other.whole);
        self.most_scale = self.most_scale.max(other.most_scale);
        self.mixed_scale |= other.mixed_scale;
        self.values += other.values;
    }

    /// The value that made the column text, and the type that it had before.
    pub fn decided_by(&self) -> Option<(&Seen, Option<ColumnType>)> {
        self.first(|verdict| verdict == ColumnType::Text)
    }

    /// The first value that was found not to fit a type which these facts do not fit.
    pub fn misfit(&self, kind: ColumnType) -> Option<&Seen> {
        let mut so_far = Self::default();
        let turn = self.turns.iter().find(|turn| {
            so_far.add(turn.shape, || turn.seen.clone());
            !so_far.fits(kind)
        });
        turn.map(|turn| &turn.seen)
    }

    /// The value with which the verdict became one for which `matches` holds, and the verdict before.
    pub fn first(&self, matches: impl Fn(ColumnType) -> bool) -> Option<(&Seen, Option<ColumnType>)> {
        let mut so_far = Self::default();
        let mut before = None;
        for turn in &self.turns {
            so_far.add(turn.shape, || turn.seen.clone());
            match so_far.verdict() {
                Some(verdict) if matches(verdict) => return Some((&turn.seen, before)),
                verdict => before = verdict,
            }
        }
        None
    }
}

fn shorten(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(texts: &[&str]) -> Facts {
        let mut facts = Facts::default();
        texts.iter().zip(2..).for_each(|(text, line)| facts.observe(text, line));
        facts
    }

    #[test]
    fn verdicts() {
        let decimal = |precision, scale| ColumnType::Decimal { precision, scale };
        for (texts, verdict) in [
            (&["1", "", "-7", "9223372036854775807"][..], ColumnType::Integer),
            (&["1", "9223372036854775808"], decimal(38, 0)),
            (&["19.90", "5.00", "-0.05"], decimal(18, 2)),
            (&["0.5", "1.5"], decimal(18, 1)),
            (&["99999999999999.99", "0.10"], decimal(18, 2)),
            (&["12345678901234567890.12", "0.10"], decimal(38, 2)),
            (&["0.5", "12.25", "850"], ColumnType::Double),
            (&["0.5", "12.25", "3.0", "-0.0", "1e-05"], ColumnType::Double),
            (&["0.30000000000000004", "12.5", "3.0", "1.6208900000000002e-06"], ColumnType::Double),
            (&["40300.619960000004", "12.5", "7"], decimal(18, 12)),
            (&["40300.619960000004", "12.50"], ColumnType::Text),
            (&["0.5", "3.0", "3"], ColumnType::Text),
            (&["1.9", "1.10", "1.20", "2.0"], ColumnType::Text),
            (&["850", "12.500"], ColumnType::Text),
            (&["135217135789158401", "12.5"], ColumnType::Text),
            (&["0.123456789012345678", "99999999999999.99"], ColumnType::Text),
            (&["12E5", "44E3"], ColumnType::Text),
            (&["true", "false"], ColumnType::Boolean),
            (&["true", "False"], ColumnType::Text),
            (&["1", "true"], ColumnType::Text),
            (&["2024-01-31", "2024-02-01"], ColumnType::Date),
            (&["2024-01-31", "2024-02-01 10:00"], ColumnType::Text),
            (&["2024-02-01 10:00", "2024-02-01T10:00:00.5"], ColumnType::Timestamp),
            (&["2024-02-01 10:00", "2024-02-01T10:00:00Z"], ColumnType::Text),
            (&["2021-08-06T13:18Z", "2021-08-06T13:18:01+02:00"], ColumnType::Instant),
        ] {
            assert_eq!(facts(texts).verdict(), Some(verdict), "{texts:?}");
        }
        assert_eq!(facts(&["", ""]).verdict(), None);
    }

    #[test]
    fn the_deciding_value() {
        let facts = facts(&["1", "2", "n/a", "x"]);
        let (seen, before) = facts.decided_by().unwrap();
        assert_eq!((seen.line, seen.text.as_str(), before), (4, "n/a", Some(ColumnType::Integer)));
    }

    #[test]
    fn joining_is_like_reading_all() {
        let texts = ["1", "2.5", "3.25", "1e-05", "4", "", "5.0", "7.50", "2024-01-31", "x"];
        for split in 0..texts.len() {
            for end in split..=texts.len() {
                let (mut joined, second) = (facts(&texts[..split]), facts(&texts[split..end]));
                joined.join(&second, "b");
                let whole = facts(&texts[..end]);
                assert_eq!((joined.verdict(), joined.values), (whole.verdict(), whole.values), "{split} {end}");
            }
        }
    }
}
