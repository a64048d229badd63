//! Where a text lacks `IN`. Whether it is right there is up to the engine's parser, which reads the text with marks.

use super::super::statements::token;
use crate::base::ident::quote_literal;

/// Most columns of all `PIVOT`s of a statement.
const MAX_COLUMNS: usize = 16;

/// A statement whose `PIVOT … ON` has columns without `IN`.
pub struct Gaps<'a> {
    sql: &'a str,
    /// Where `IN` would be, in bytes.
    places: Vec<usize>,
    mark: String,
}

impl<'a> Gaps<'a> {
    /// `None` if there are none, or too many.
    pub fn find(sql: &'a str) -> Option<Self> {
        let places = places(sql);
        let mark = (0..).map(|n| format!("agnes pivot {n}.")).find(|mark| !sql.contains(mark))?;
        (1..=MAX_COLUMNS).contains(&places.len()).then_some(Self { sql, places, mark })
    }

    /// A value for each place that the statement does not have.
    pub fn marks(&self) -> Vec<String> {
        (0..self.places.len()).map(|n| format!("{}{n}.", self.mark)).collect()
    }

    /// The statement with its marks as values.
    pub fn marked(&self) -> String {
        self.filled(&self.marks().into_iter().map(|mark| vec![mark]).collect::<Vec<_>>())
    }

    /// The statement with these values at each place.
    pub fn filled(&self, values: &[Vec<String>]) -> String {
        let (mut text, mut from) = (String::new(), 0);
        for (place, values) in self.places.iter().zip(values) {
            let values: Vec<String> = values.iter().map(|value| quote_literal(value)).collect();
            text.push_str(&self.sql[from..*place]);
            text.push_str(&format!(" IN ({})", values.join(", ")));
            from = *place;
        }
        text + &self.sql[from..]
    }
}

/// What of a statement has been read within a pair of parentheses.
#[derive(Default)]
enum Clause {
    /// No `FROM` yet, behind which `PIVOT` is another form, which always has its values.
    #[default]
    Begin,
    /// After `PIVOT`, with so many joins that have no condition yet.
    Source {
        joins: usize,
    },
    /// After `ON`: where the column ends, and whether it has its values.
    Columns {
        end: usize,
        has_values: bool,
    },
    Other,
}

impl Clause {
    /// Reads a word, in lower case, or another token that ends at `end`.
    fn read(&mut self, token: &str, end: usize, places: &mut Vec<usize>) {
        match (&mut *self, token) {
            (Self::Begin, "from") => *self = Self::Other,
            (Self::Begin, "pivot" | "pivot_wider") => *self = Self::Source { joins: 0 },
            (Self::Source { joins }, "join") => *joins += 1,
            (Self::Source { joins }, "on" | "using") if *joins > 0 => *joins -= 1,
            (Self::Source { .. }, "on") => *self = Self::Columns { end: 0, has_values: false },
            (Self::Columns { .. }, ",") => {
                self.close(places);
                *self = Self::Columns { end: 0, has_values: false };
            }
            (Self::Columns { .. }, "using" | "group" | "order" | "limit" | "offset" | ";") => {
                self.close(places);
                *self = Self::Other;
            }
            (Self::Columns { end: last, has_values }, _) => {
                *last = end;
                *has_values |= token == "in";
            }
            _ => {}
        }
    }

    fn close(&self, places: &mut Vec<usize>) {
        if let Self::Columns { end: end @ 1.., has_values: false } = self {
            places.push(*end);
        }
    }
}

fn places(sql: &str) -> Vec<usize> {
    let (mut places, mut outer, mut clause, mut at) = (Vec::new(), Vec::new(), Clause::default(), 0);
    while at < sql.len() {
        let token = token(&sql[at..]);
        at += token.len();
        match token {
            "(" | "[" | "{" => outer.push(std::mem::take(&mut clause)),
            ")" | "]" | "}" => {
                clause.close(&mut places);
                clause = outer.pop().unwrap_or_default();
                clause.read(token, at, &mut places);
            }
            _ if token.trim().is_empty() || token.starts_with("--") || token.starts_with("/*") => {}
            _ => clause.read(&token.to_ascii_lowercase(), at, &mut places),
        }
    }
    clause.close(&mut places);
    places.sort_unstable();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_lack_their_values() {
        for (sql, marked) in [
            ("PIVOT t ON a USING sum(x)", "PIVOT t ON a| USING sum(x)"),
            ("pivot t on a, b in ('x'), (c || d) -- ON e", "pivot t on a|, b in ('x'), (c || d)| -- ON e"),
            ("PIVOT t JOIN u ON t.i = u.i ON a GROUP BY b", "PIVOT t JOIN u ON t.i = u.i ON a| GROUP BY b"),
            ("PIVOT t JOIN u USING (i) ON a;", "PIVOT t JOIN u USING (i) ON a|;"),
            (
                "FROM (PIVOT t ON f(a, b) /* c */), (PIVOT u ON b)",
                "FROM (PIVOT t ON f(a, b)| /* c */), (PIVOT u ON b|)",
            ),
            ("WITH p AS (PIVOT t ON \"in\") PIVOT p ON x", "WITH p AS (PIVOT t ON \"in\"|) PIVOT p ON x|"),
            ("SELECT * FROM t PIVOT (sum(x) FOR a IN ('x')) JOIN u ON 1", ""),
            ("SELECT 'PIVOT t ON a' AS pivot FROM t JOIN u ON true", ""),
            ("PIVOT t ON", ""),
            ("SELECT 1", ""),
        ] {
            let found = Gaps::find(sql).map(|gaps| gaps.filled(&vec![vec!["|".into()]; gaps.places.len()]));
            assert_eq!(found.unwrap_or_default().replace(" IN ('|')", "|"), marked, "{sql}");
        }
    }

    #[test]
    fn values_are_quoted() {
        let gaps = Gaps::find("PIVOT t ON a -- agnes pivot 0.").unwrap();
        assert_eq!(gaps.marked(), "PIVOT t ON a IN ('agnes pivot 1.0.') -- agnes pivot 0.");
        let values = vec![vec!["it's".to_owned(), "'); DROP TABLE t; --".to_owned()]];
        assert_eq!(gaps.filled(&values), "PIVOT t ON a IN ('it''s', '''); DROP TABLE t; --') -- agnes pivot 0.");
    }
}
