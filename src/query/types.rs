//! Column types in the syntax of `DESCRIBE`, e.g. `STRUCT("a b" INTEGER, c DECIMAL(9,2)[])`.

use crate::base::ident::quote_ident;

#[derive(Clone, Debug, PartialEq)]
pub enum ColumnType {
    /// Everything without parts, by name without modifiers (`DECIMAL`, `TIMESTAMP WITH TIME ZONE`).
    Scalar(String),
    List(Box<ColumnType>),
    Array(Box<ColumnType>, usize),
    Struct(Vec<(String, ColumnType)>),
    /// Of keys, which become text, and values.
    Map(Box<ColumnType>, Box<ColumnType>),
    Union(Vec<(String, ColumnType)>),
}

impl ColumnType {
    /// A type that cannot be parsed (a struct without names) is treated as text.
    pub fn parse(text: &str) -> Self {
        let mut parser = Parser { text: text.as_bytes(), at: 0 };
        match parser.column_type() {
            Some(parsed) if parser.at == text.len() => parsed,
            _ => Self::Scalar("VARCHAR".into()),
        }
    }

    /// `value`, an expression in SQL of this type, as the text that [`super::Encoder`] reads.
    pub fn as_text(&self, value: &str) -> String {
        match self {
            Self::Scalar(_) => format!("CAST({value} AS VARCHAR)"),
            nested => format!("CAST(to_json(CAST({value} AS {})) AS VARCHAR)", nested.of_texts()),
        }
    }

    /// The same shape with every scalar as text, in SQL.
    fn of_texts(&self) -> String {
        let fields = |fields: &[(String, Self)]| {
            let fields = fields.iter().map(|(name, field)| format!("{} {}", quote_ident(name), field.of_texts()));
            fields.collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Scalar(_) => "VARCHAR".into(),
            Self::List(item) => format!("{}[]", item.of_texts()),
            Self::Array(item, length) => format!("{}[{length}]", item.of_texts()),
            Self::Struct(parts) => format!("STRUCT({})", fields(parts)),
            Self::Map(_, value) => format!("MAP(VARCHAR, {})", value.of_texts()),
            Self::Union(parts) => format!("UNION({})", fields(parts)),
        }
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn column_type(&mut self) -> Option<ColumnType> {
        let mut parsed = match self.name().as_str() {
            "STRUCT" => ColumnType::Struct(self.fields()?),
            "UNION" => ColumnType::Union(self.fields()?),
            "MAP" => {
                self.expect("(")?;
                let key = self.column_type()?;
                self.expect(", ")?;
                let value = self.column_type()?;
                self.expect(")")?;
                ColumnType::Map(key.into(), value.into())
            }
            "" => return None,
            name => {
                let name = name.to_owned();
                self.modifiers();
                ColumnType::Scalar(name)
            }
        };
        while self.expect("[").is_some() {
            let digits = self.take(|byte| byte.is_ascii_digit());
            self.expect("]")?;
            parsed = match digits.as_str() {
                "" => ColumnType::List(parsed.into()),
                length => ColumnType::Array(parsed.into(), length.parse().ok()?),
            };
        }
        Some(parsed)
    }

    fn fields(&mut self) -> Option<Vec<(String, ColumnType)>> {
        let mut fields = Vec::new();
        self.expect("(")?;
        loop {
            let name = match self.text.get(self.at) {
                Some(b'"') => self.quoted()?,
                _ => self.take(|byte| byte == b'_' || byte.is_ascii_alphanumeric()),
            };
            self.expect(" ")?;
            fields.push((name, self.column_type()?));
            if self.expect(", ").is_none() {
                self.expect(")")?;
                return Some(fields);
            }
        }
    }

    /// `TIMESTAMP WITH TIME ZONE`; a quoted `"NULL"` counts as a name too.
    fn name(&mut self) -> String {
        if self.text.get(self.at) == Some(&b'"') {
            return self.quoted().unwrap_or_default();
        }
        self.take(|byte| byte == b'_' || byte == b' ' || byte.is_ascii_alphanumeric())
    }

    /// `(9,2)`, or the values of an enum, which may hold anything in quotes.
    fn modifiers(&mut self) {
        let (start, mut quoted) = (self.at, false);
        if self.text.get(self.at) != Some(&b'(') {
            return;
        }
        while let Some(byte) = self.text.get(self.at) {
            self.at += 1;
            match byte {
                b'\'' => quoted = !quoted,
                b')' if !quoted => return,
                _ => {}
            }
        }
        self.at = start;
    }

    fn quoted(&mut self) -> Option<String> {
        let mut name = Vec::new();
        self.at += 1;
        loop {
            let byte = *self.text.get(self.at)?;
            self.at += 1;
            if byte == b'"' {
                if self.text.get(self.at) != Some(&b'"') {
                    return String::from_utf8(name).ok();
                }
                self.at += 1;
            }
            name.push(byte);
        }
    }

    fn take(&mut self, matches: impl Fn(u8) -> bool) -> String {
        let start = self.at;
        while self.text.get(self.at).is_some_and(|byte| matches(*byte)) {
            self.at += 1;
        }
        String::from_utf8_lossy(&self.text[start..self.at]).into_owned()
    }

    fn expect(&mut self, token: &str) -> Option<()> {
        self.text[self.at..].starts_with(token.as_bytes()).then(|| self.at += token.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for (text, shape) in [
            ("INTEGER", "VARCHAR"),
            ("\"NULL\"", "VARCHAR"),
            ("DECIMAL(9,2)[][3]", "VARCHAR[][3]"),
            ("TIMESTAMP WITH TIME ZONE[]", "VARCHAR[]"),
            ("ENUM('a)', 'it''s')[]", "VARCHAR[]"),
            (
                "STRUCT(\"a \"\"b\" INTEGER, c MAP(VARCHAR, DATE)[])",
                "STRUCT(\"a \"\"b\" VARCHAR, \"c\" MAP(VARCHAR, VARCHAR)[])",
            ),
            ("UNION(a INTEGER, b VARCHAR[])", "UNION(\"a\" VARCHAR, \"b\" VARCHAR[])"),
            ("STRUCT(INTEGER, INTEGER)", "VARCHAR"),
        ] {
            assert_eq!(ColumnType::parse(text).of_texts(), shape, "{text}");
        }
        assert_eq!(ColumnType::parse("DECIMAL(9,2)"), ColumnType::Scalar("DECIMAL".into()));
    }
}
