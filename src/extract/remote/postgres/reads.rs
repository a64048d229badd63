//! What the engine asked a source for, from the log of its extension.

use crate::engine::{self, Connection};

/// In each statement of our own that reads exactly.
pub const MARK: &str = "/* agnes: exact */";
/// Reads of one table that are checked one by one.
const MAX_READS: usize = 4;

/// Rows of one table that were asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    pub schema: String,
    pub table: String,
    pub columns: Vec<String>,
    /// In the source's SQL; empty for all rows.
    pub condition: String,
}

impl Read {
    /// From `COPY (SELECT "a", "b"::VARCHAR FROM "s"."t" WHERE …) TO STDOUT …`; pages and limits are left out. `None` for
    /// other statements.
    fn parse(statement: &str) -> Option<Self> {
        let mut rest = statement.strip_prefix("COPY (SELECT ")?;
        rest = rest.rsplit_once(") TO STDOUT")?.0;
        let mut columns = Vec::new();
        loop {
            if rest.starts_with('"') {
                columns.push(quoted(&mut rest)?);
            }
            let end = rest.find([',', ' ']).unwrap_or(rest.len());
            rest = &rest[end..];
            match rest.strip_prefix(", ") {
                Some(next) => rest = next,
                None => break,
            }
        }
        rest = rest.strip_prefix(" FROM ")?;
        let schema = quoted(&mut rest)?;
        rest = rest.strip_prefix('.')?;
        let table = quoted(&mut rest)?;
        let condition = without_limit(rest.trim());
        let condition = condition.strip_prefix("WHERE ").unwrap_or(condition);
        Some(Self { schema, table, columns, condition: without_pages(condition).to_owned() })
    }

    pub fn is_of_the_system(&self) -> bool {
        ["pg_catalog", "information_schema", "pg_toast"].contains(&self.schema.as_str())
    }
}

/// What the connection read so far. SQL of our own and of `postgres_query` is left out: it says how to read.
pub fn of(connection: &Connection) -> engine::Result<Vec<Read>> {
    let mut statement = connection.prepare(&format!(
        "SELECT DISTINCT parse_duckdb_log_message('PostgresQueryLog', message).query FROM duckdb_logs
         WHERE type = 'PostgresQueryLog' AND connection_id = current_connection_id() AND NOT contains(message, '{MARK}')"
    ))?;
    let statements = statement.query_map([], |row| row.get::<_, Option<String>>(0))?;
    let mut reads = Vec::new();
    for statement in statements {
        reads.extend(statement?.as_deref().and_then(Read::parse));
    }
    Ok(few(reads))
}

/// Each read once; of a table with many of them, all rows.
fn few(mut reads: Vec<Read>) -> Vec<Read> {
    reads.sort();
    reads.dedup();
    let mut few: Vec<Read> = Vec::new();
    for of_table in reads.chunk_by(|one, two| (&one.schema, &one.table) == (&two.schema, &two.table)) {
        match of_table {
            [first, .., _] if of_table.len() > MAX_READS => {
                let mut columns: Vec<_> = of_table.iter().flat_map(|read| read.columns.clone()).collect();
                columns.sort();
                columns.dedup();
                few.push(Read { columns, condition: String::new(), ..first.clone() });
            }
            reads => few.extend_from_slice(reads),
        }
    }
    few
}

/// Number of statements in the log of the instance.
pub fn logged(connection: &Connection) -> engine::Result<usize> {
    connection.query_row("SELECT count(*)::BIGINT FROM duckdb_logs", [], |row| row.get::<_, usize>(0))
}

/// Takes a name in double quotes from the start.
fn quoted(rest: &mut &str) -> Option<String> {
    let inner = rest.strip_prefix('"')?;
    let (mut name, mut chars) = (String::new(), inner.char_indices().peekable());
    while let Some((at, char)) = chars.next() {
        if char == '"' && chars.next_if(|(_, next)| *next == '"').is_none() {
            *rest = &inner[at + 1..];
            return Some(name);
        }
        name.push(char);
    }
    None
}

fn without_limit(condition: &str) -> &str {
    let start = condition.trim_end_matches(|char: char| char.is_ascii_digit());
    if start.len() == condition.len() {
        return condition;
    }
    start.trim_end().strip_suffix("LIMIT").map_or(condition, str::trim_end)
}

/// The extension reads a large table in pages.
fn without_pages(condition: &str) -> &str {
    let Some(rest) = condition.strip_prefix("ctid BETWEEN ") else { return condition };
    let Some((_, rest)) = rest.split_once("::tid AND ") else { return condition };
    let Some((_, rest)) = rest.split_once("::tid") else { return condition };
    rest.strip_prefix(" AND ").unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_the_extension_are_understood() {
        let all = |statement: &str| {
            let read = Read::parse(statement).unwrap();
            (read.schema, read.table, read.columns.join("|"), read.condition)
        };
        let of = |a: &str, b: &str, c: &str, d: &str| (a.into(), b.into(), c.into(), d.into());
        let end = ") TO STDOUT (FORMAT \"binary\");";
        for (statement, expected) in [
            (r#"COPY (SELECT "id" FROM "public"."t" "#, of("public", "t", "id", "")),
            (
                r#"COPY (SELECT "i d", "a""b"::VARCHAR, "c"::VARCHAR[] FROM "s"."t.u"  LIMIT 2"#,
                of("s", "t.u", "i d|a\"b|c", ""),
            ),
            (
                r#"COPY (SELECT "id" FROM "s"."t" WHERE ctid BETWEEN '(0,0)'::tid AND '(9,0)'::tid AND "id" > '5'"#,
                of("s", "t", "id", r#""id" > '5'"#),
            ),
            (
                r#"COPY (SELECT NULL FROM "s"."t" WHERE ctid BETWEEN '(0,0)'::tid AND '(9,0)'::tid"#,
                of("s", "t", "", ""),
            ),
            (r#"COPY (SELECT ctid FROM "s"."t" WHERE "a" = 'LIMIT 5'"#, of("s", "t", "", r#""a" = 'LIMIT 5'"#)),
        ] {
            assert_eq!(all(&format!("{statement}{end}")), expected);
        }
        assert!(Read::parse(&format!("COPY (SELECT \"a\" FROM (select 1) AS __unnamed_subquery {end}")).is_none());
        assert!(Read::parse("BEGIN TRANSACTION").is_none());
    }
}
