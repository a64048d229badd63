//! Tables, and the ways to write their names.

use super::{Generator, Production, Source};

/// Tables that the caller may read, with their sources.
pub const GRANTED: [(&str, &str); 6] = [
    ("orders", "keboola"),
    ("Mixed_Case", "keboola"),
    ("items", "crm"),
    ("lines", "orders"),
    ("range", "keboola"),
    ("id", "crm"),
];

/// Other published tables, many of them with names that statements also use for something else.
pub const PUBLISHED: [(&str, &str); 16] = [
    ("salaries", "keboola"),
    ("people", "hr"),
    ("name", "crm"),
    ("t", "keboola"),
    ("x", "crm"),
    ("s", "hr"),
    ("orders_2", "keboola"),
    ("unnest", "hr"),
    ("main", "keboola"),
    ("memory", "hr"),
    ("keboola", "crm"),
    ("crm", "s"),
    ("recurring", "hr"),
    ("v", "recurring"),
    ("excluded", "orders"),
    ("range_2", "s"),
];

/// Ways to write the name of a table beside the plain one.
pub const SPELLINGS: usize = 10;

/// Names of common table expressions, of relations, and of parameters of lambdas.
const INNER: [&str; 20] = [
    "orders",
    "items",
    "lines",
    "range",
    "id",
    "salaries",
    "people",
    "name",
    "t",
    "x",
    "s",
    "unnest",
    "main",
    "keboola",
    "crm",
    "recurring",
    "v",
    "a",
    "\"Full Name\"",
    "q",
];

pub const FILES: [&str; 6] = [
    "'salaries.parquet'",
    "\"salaries.parquet\"",
    "'./salaries.parquet'",
    "'sal*.parquet'",
    "'file:salaries.parquet'",
    "'https://127.0.0.1:1/salaries.parquet'",
];

/// What no statement gets, in place of a table.
const NEVER: [(Production, &str); 39] = [
    (Production::File, "{file}"),
    (Production::File, "$${file}$$"),
    (Production::SystemTable, "information_schema.tables"),
    (Production::SystemTable, "information_schema.columns"),
    (Production::SystemTable, "pg_catalog.pg_tables"),
    (Production::SystemTable, "pg_class"),
    (Production::SystemTable, "duckdb_tables"),
    (Production::SystemTable, "sqlite_master"),
    (Production::SystemTable, "system.main.duckdb_views"),
    (Production::SystemTable, "keboola._meta"),
    (Production::SystemTable, "(SHOW TABLES)"),
    (Production::SystemTable, "(SHOW ALL TABLES)"),
    (Production::ReadingFunction, "read_parquet({file})"),
    (Production::ReadingFunction, "parquet_scan([{file}])"),
    (Production::ReadingFunction, "parquet_schema({file})"),
    (Production::ReadingFunction, "glob('*')"),
    (Production::ReadingFunction, "read_csv({text})"),
    (Production::ReadingFunction, "seq_scan('salaries')"),
    (Production::QueryFunction, "query('FROM sal' || 'aries')"),
    (Production::QueryFunction, "main.query({text})"),
    (Production::QueryFunction, "json_execute_serialized_sql(json_serialize_sql('FROM salaries'))"),
    (Production::QueryTable, "query_table('salaries')"),
    (Production::QueryTable, "query_table(['orders', 'salaries'])"),
    (Production::QueryTable, "\"query_table\"({text})"),
    (Production::CatalogFunction, "duckdb_tables()"),
    (Production::CatalogFunction, "duckdb_views()"),
    (Production::CatalogFunction, "duckdb_columns()"),
    (Production::CatalogFunction, "pragma_table_info('salaries')"),
    (Production::CatalogFunction, "pragma_show('salaries')"),
    (Production::LookAlike, "ordеrs"),
    (Production::LookAlike, "ſalaries"),
    (Production::LookAlike, "\"orders \""),
    (Production::LookAlike, "\"orders\u{200b}\""),
    (Production::LookAlike, "ord\u{131}rs"),
    (Production::LookAlike, "\"main.orders\""),
    (Production::WrongDatabase, "hr.orders"),
    (Production::WrongDatabase, "memory.main.orders"),
    (Production::WrongDatabase, "main.main.orders"),
    (Production::WrongDatabase, "keboola.keboola.orders"),
];

impl Generator {
    /// A name for something within the statement.
    pub fn new_name(&mut self) -> String {
        self.choose(&INNER).to_owned()
    }

    /// Like [`Self::new_name`], but none of the innermost relations has it yet.
    pub fn new_alias(&mut self) -> String {
        loop {
            let name = match self.one_in(12) {
                true => format!("n{}", self.level),
                false => self.new_name(),
            };
            let taken = |source: &Source| source.alias.trim_matches('"').eq_ignore_ascii_case(name.trim_matches('"'));
            if !self.sources.last().is_some_and(|sources| sources.iter().any(taken)) {
                return name;
            }
        }
    }

    /// The name of a relation, and of its columns' owner if that is not an alias.
    pub(super) fn table(&mut self) -> (String, Source) {
        if !self.expressions.is_empty() && !self.one_in(3) {
            return self.expression();
        }
        if self.one_in(60) {
            let (production, template) = self.choose(&NEVER);
            self.used.insert(production);
            return (self.expand(template), Source { alias: "orders".into(), is_table: false });
        }
        let (table, source) = if self.one_in(25) {
            self.used.insert(Production::Ungranted);
            self.choose(&PUBLISHED)
        } else {
            self.choose(&self.tables.clone())
        };
        (self.spelled(table, source), Source { alias: table.into(), is_table: true })
    }

    fn expression(&mut self) -> (String, Source) {
        let at = self.expressions.len() - 1;
        let at = if self.one_in(3) { at - at.min(1) } else { at };
        let name = self.expressions[at].clone();
        let (production, written) = match self.one_in(4) {
            true => (Production::ExpressionOtherCase, name.to_ascii_uppercase()),
            false => (Production::Expression, name.clone()),
        };
        self.used.insert(production);
        (written, Source { alias: name, is_table: false })
    }

    fn spelled(&mut self, table: &str, source: &str) -> String {
        let spelling = match self.one_in(3) {
            true => self.choose(&self.spellings.clone()),
            false => SPELLINGS,
        };
        let (production, written) = match spelling {
            0 => (Production::Quoted, format!("\"{table}\"")),
            1 => (Production::OtherCase, table.to_ascii_uppercase()),
            2 => (Production::OtherCase, format!("\"{}\"", table.to_ascii_uppercase())),
            3 => (Production::Main, format!("main.{table}")),
            4 => (Production::Server, format!("server.{table}")),
            5 => (Production::ServerMain, format!("Server.Main.{table}")),
            6 => (Production::Source, format!("{source}.{table}")),
            7 => (Production::SourceMain, format!("{source}.main.{table}")),
            8 => (Production::SourceQuoted, format!("\"{}\".\"main\".\"{table}\"", source.to_ascii_uppercase())),
            9 => (Production::SpacedName, format!("main/* . */.\n\t{table} -- {source}.\n")),
            _ => (Production::Bare, table.to_owned()),
        };
        self.used.insert(production);
        written
    }
}
