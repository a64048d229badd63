//! Cells of all kinds, made at random.

/// Random numbers that are the same at each run (SplitMix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// From `first` to `last`.
    pub fn between(&mut self, first: usize, last: usize) -> usize {
        first + self.below(last - first + 1)
    }

    pub fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }

    /// A whole number of so many digits, without zeros before it.
    fn whole(&mut self, digits: usize) -> String {
        match self.digits(digits).trim_start_matches('0') {
            "" => "0".into(),
            number => number.into(),
        }
    }

    fn sign(&mut self) -> &'static str {
        if self.one_in(4) { "-" } else { "" }
    }
}

/// What the cells of a column are, if none of them is spoiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Integer,
    /// Digits before the point at most, digits behind it.
    Decimal(usize, usize),
    /// Numbers of several scales, as people write them.
    Measurement,
    /// As Python prints it.
    Float,
    /// With all digits that a `DOUBLE` has.
    FullFloat,
    Date,
    Timestamp,
    Instant,
    Boolean(&'static str, &'static str),
    Words,
    Nasty,
}

impl Kind {
    pub fn any(random: &mut Random) -> Self {
        match random.below(13) {
            0 => Self::Integer,
            1 => {
                let scale = random.between(1, 12);
                Self::Decimal(random.between(1, 38 - scale), scale)
            }
            2 => Self::Decimal(random.between(1, 5), 2),
            3 => Self::Measurement,
            4 => Self::Float,
            5 => Self::Date,
            6 => Self::Timestamp,
            7 => Self::Instant,
            8 => {
                let (yes, no) = random.pick(&[("true", "false"), ("True", "False"), ("TRUE", "FALSE")]);
                Self::Boolean(yes, no)
            }
            9 => Self::Words,
            10 => Self::FullFloat,
            _ => Self::Nasty,
        }
    }

    /// The starts of the types that such a column may get; `None` if any.
    pub fn types(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Integer => Some(&["BIGINT"]),
            Self::Decimal(..) => Some(&["DECIMAL("]),
            Self::Measurement | Self::Float | Self::FullFloat => Some(&["DOUBLE", "DECIMAL(", "BIGINT"]),
            Self::Date => Some(&["DATE"]),
            Self::Timestamp => Some(&["TIMESTAMP"]),
            Self::Instant => Some(&["TIMESTAMP WITH TIME ZONE"]),
            Self::Boolean(..) => Some(&["BOOLEAN"]),
            Self::Words | Self::Nasty => None,
        }
    }

    /// The type that the owner of such a column would declare.
    pub fn declared(self) -> String {
        match self {
            Self::Integer => "integer".into(),
            Self::Decimal(_, scale) => format!("decimal(38,{scale})"),
            Self::Measurement | Self::Float => "double".into(),
            Self::FullFloat => "decimal(38,16)".into(),
            Self::Date => "date".into(),
            Self::Timestamp => "timestamp".into(),
            Self::Instant => "timestamptz".into(),
            Self::Boolean(..) => "boolean".into(),
            Self::Words | Self::Nasty => "text".into(),
        }
    }

    pub fn cell(self, random: &mut Random) -> String {
        match self {
            Self::Integer => {
                let digits = random.between(1, 18);
                match random.whole(digits).as_str() {
                    "0" => "0".into(),
                    number => format!("{}{number}", random.sign()),
                }
            }
            Self::Decimal(whole, scale) => {
                let digits = random.between(1, whole);
                let number = format!("{}.{}", random.whole(digits), random.digits(scale));
                let is_zero = number.bytes().all(|byte| matches!(byte, b'0' | b'.'));
                if is_zero { number } else { format!("{}{number}", random.sign()) }
            }
            Self::Measurement => {
                let (digits, scale) = (random.between(1, 6), random.between(1, 6));
                let (whole, fraction) = (random.whole(digits), random.digits(scale));
                match fraction.trim_end_matches('0') {
                    "" => whole,
                    fraction => format!("{}{whole}.{fraction}", random.sign()),
                }
            }
            Self::Float => python(float(random)),
            Self::FullFloat => {
                let value = random.between(1_000_000, 9_999_999) as f64 / 700.0;
                let digits = 17 - value.trunc().to_string().len();
                format!("{value:.digits$}").trim_end_matches('0').trim_end_matches('.').into()
            }
            Self::Date => date(random),
            Self::Timestamp => timestamp(random),
            Self::Instant => format!("{}Z", timestamp(random)),
            Self::Boolean(yes, no) => random.pick(&[yes, no]).into(),
            Self::Words => words(random),
            Self::Nasty => nasty(random),
        }
    }
}

fn float(random: &mut Random) -> f64 {
    let whole = (random.between(0, 2_000_000) as f64 - 500_000.0) / 100.0;
    match random.below(6) {
        0 => whole / 7.0,
        1 => whole * 1e-9,
        2 => whole * 1e15,
        3 => whole.trunc(),
        _ => whole,
    }
}

fn python(value: f64) -> String {
    let printed = format!("{value:e}");
    let (mantissa, power) = printed.split_once('e').unwrap();
    match power.parse::<i32>().unwrap() {
        -4..16 => format!("{value:?}"),
        power => format!("{mantissa}e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs()),
    }
}

fn date(random: &mut Random) -> String {
    let year = if random.one_in(20) { random.between(2, 9998) } else { random.between(1950, 2040) };
    format!("{year:04}-{:02}-{:02}", random.between(1, 12), random.between(1, 28))
}

fn timestamp(random: &mut Random) -> String {
    let (day, between) = (date(random), random.pick(&[' ', 'T']));
    let mut text = format!("{day}{between}{:02}:{:02}", random.below(24), random.below(60));
    if !random.one_in(4) {
        text += &format!(":{:02}", random.below(60));
        if random.one_in(3) {
            let digits = random.between(1, 6);
            text = format!("{text}.{}", random.digits(digits));
        }
    }
    text
}

fn words(random: &mut Random) -> String {
    let mut text = String::from("w");
    for _ in 0..random.between(1, 5) {
        text += random.pick(&[
            "word", "ž", "中文", "🙂", " ", ",", ";", "|", "\t", "\"", "\"\"", "'", "\\", "\n", "\r\n", "\r", "#", "é",
            "\u{a0}", "=1+1", "\u{feff}", "--", "NULL", "$", "%", "e\u{301}", "\u{2028}",
        ]);
    }
    text
}

/// Neighbours of what has a type.
#[rustfmt::skip]
const NASTY: &[&str] = &[
    "0", "00", "007", "-0", "+0", "+3", "-7", "- 7", "--7", "1_000", "1 000", "1,5", "1,000", "1.000,5", " 1", "1 ", "\t1",
    "1\n", "1\r", "٣", "１２", "−5", "½", "²", "1\u{a0}", "\u{200b}1", "\u{feff}1", "0x1F", "0b1", "1e5", "12E5", "44E3", "900E1",
    "7E12", "12E309", "1e400", "1e-400", "1E+20", "1e+05", "1e-05", "1.5e-07", "1.50e-07", "-1e-05", "1e", "e5", "1e5.5",
    "1.0e5", "1d5", "1f", "1L", "5e-324", "1.7976931348623157e+308", "1.7976931348623159e+308", ".5", "-.5", "1.", "1.9",
    "1.10", "1.20", "2.0", "3.00", "12.5", "12.500", "850", "850.0", "007.25", "-007.25", "0.1", "0.10", "-0.0", "-0.00", "0.0",
    "0.00", "0.000001", "0.00000000000000000001", "1.2.3", "12.5.", "99999999999999.99", "999999999999999.9",
    "0.123456789012345678", "0.30000000000000004", "123456789012345", "1234567890123456", "9007199254740993",
    "135217135789158401", "123456789012345678", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "-9223372036854775809", "18446744073709551616", "170141183460469231731687303715884105728",
    "99999999999999999999999999999999999999", "100000000000000000000000000000000000000",
    "0.99999999999999999999999999999999999999", "12345678901234567890.12", "nan", "NaN", "NAN", "inf", "-inf", "Infinity",
    "-Infinity", "+inf", "epoch", "now", "today", "infinity", "true", "false", "True", "FALSE", "tRUE", "t", "f", "yes", "no",
    "on", "off", "Y", "N", "1", "2", "true ", "NULL", "null", "N/A", "n/a", "NA", "#N/A", "None", "-", "--", "?", ".", "%",
    "5%", "$5", "5 €", "(5)", "2024-01-31", "2024-02-29", "2023-02-29", "2024-02-30", "1900-02-29", "2000-02-29", "2024-04-31",
    "2024-13-01", "2024-00-10", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "-0044-03-15", "0044-03-15 (BC)",
    "24-01-31", "2024-1-31", "2024-01-31 ", " 2024-01-31", "2024/01/31", "2024.01.31", "20240131", "31.01.2024", "01/02/2024",
    "1/31/2024", "2024-01", "2024", "2024-W05", "2024-031", "Jan 31, 2024", "10:00", "10:00:00", "25:00:00", "2024-01-31 10:00",
    "2024-01-31T10:00", "2024-01-31  10:00", "2024-01-31_10:00", "2024-01-31t10:00", "2024-01-31 24:00", "2024-01-31 10:60",
    "2024-01-31 10:00:60", "2024-01-31 23:59:59.999999", "2024-01-31 10:00:00.123456789", "2024-01-31 10:00:00.",
    "2024-01-31 10:00:00,5", "2024-01-31 10", "2024-01-31 1:00", "2024-01-31 10:00 AM", "2024-01-31T10:00:00Z",
    "2024-01-31T10:00:00z", "2024-01-31T10:00Z", "2024-01-31T10:00:00 Z", "2024-01-31T10Z", "2024-01-31Z",
    "2024-01-31 10:00:00+2", "2024-01-31 10:00:00+02", "2024-01-31 10:00:00+0200", "2024-01-31 10:00:00+02:00",
    "2024-01-31T10:00+02:00", "2024-01-31 10:00:00-12:59", "2024-01-31 10:00:00+15:59", "2024-01-31 10:00:00+16:00",
    "2024-01-31 10:00:00+02:60", "2024-01-31 10:00:00-00:00", "2024-01-31 10:00:00 UTC", "2024-01-31 10:00:00 Europe/Prague",
    "2024-01-31T10:00:00+02:00[Europe/Prague]", "2024-01-31 10:00:00 CET", "2024-02-30T10:00:00Z", "0001-01-01T00:00:00+02",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-02", "9999-12-31 23:59:59", "1582-10-10",
    "1970-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "1722420000", "294247-01-10 04:00:54", "290309-12-22 (BC) 00:00:00",
    "5881580-07-10", " ", "  ", "\u{a0}", "\u{3000}", "\n", "\r", "\"", "\"\"", "'", "''", "\\", "\\N", "\\n", ",", ";", "\t",
    "|", "a,b", "a;b;c", "5\" disk", "\"quoted\"", "#comment", "// x", "=1+1", "@x", "{\"a\":1}", "[1,2]", "<b>", "cafe\u{301}",
    "ÄÖÜ", "中", "🙂", "\u{202e}x", "\u{0b}", "\u{1f}", "\u{7f}", "\u{1}", "\u{fffd}", "\u{10ffff}", "0.1e1",
];

/// A cell that is close to a type, or is of one.
pub fn nasty(random: &mut Random) -> String {
    if random.one_in(2) {
        return random.pick(NASTY).into();
    }
    let kind = match Kind::any(random) {
        Kind::Nasty => Kind::Integer,
        kind => kind,
    };
    let mut characters: Vec<char> = kind.cell(random).chars().collect();
    let at = random.below(characters.len().max(1));
    let other = random.pick(&[
        '0', '1', '9', '-', '+', '.', ',', ' ', 'e', 'E', 'Z', 'T', ':', '_', '/', '\'', '"', '\n', '\u{a0}', '٤',
        '９', 'x', '\u{feff}',
    ]);
    match random.below(5) {
        0 => characters.insert(at, other),
        1 => characters.insert(0, other),
        2 => characters.push(other),
        3 if !characters.is_empty() => characters[at] = other,
        _ => {
            if !characters.is_empty() {
                characters.remove(at);
            }
        }
    }
    characters.into_iter().collect()
}
