//! Integers, texts and conditions.

use rand::RngExt;

use super::{Generator, Production as P, Rule, Source};

const INTS: [Rule; 22] = [
    (P::Constant, "1"),
    (P::Constant, "-2"),
    (P::Arithmetic, "{int} + {int}"),
    (P::Arithmetic, "abs({int}) % 7"),
    (P::Case, "CASE WHEN {bool} THEN {int} ELSE 0 END"),
    (P::ScalarQuery, "(SELECT max(id) FROM {table})"),
    (P::ScalarQuery, "(SELECT {int} FROM ({query}) AS {name} LIMIT 1)"),
    (P::ScalarQuery, "({ints} ORDER BY 1 LIMIT 1)"),
    (P::ScalarFrom, "(FROM {table} SELECT min(id))"),
    (P::Count, "(SELECT count(*) FROM {table})::INT"),
    (P::Count, "(SELECT count({name}) FROM ({query}) AS {name})::INT"),
    (P::Lambda, "list_transform([1, 2], lambda {name}: {name} + {int})[1]"),
    (P::Lambda, "list_reduce([1, 2], lambda {name}, y: {name} + y)"),
    (P::Comprehension, "list_sum([{name} * 2 FOR {name} IN [1, {int}] IF {name} > 0])::INT"),
    (P::Struct, "{'id': {int}, 'salaries': 1}.id"),
    (P::Struct, "struct_extract({'salaries': {int}}, 'salaries')"),
    (P::Map, "MAP {'salaries': {int}}['salaries']"),
    (P::ArrayQuery, "len(ARRAY(SELECT id FROM {table}))::INT"),
    (P::Length, "length({text})::INT"),
    (P::Cast, "CAST({int} AS BIGINT)::INTEGER"),
    (P::Arrow, "('{\"salaries\": 3}'::JSON ->> 'salaries')::INT"),
    (P::Constant, "42"),
];

const TEXTS: [Rule; 15] = [
    (P::Quotes, "'a'"),
    (P::Quotes, "'SELECT * FROM salaries'"),
    (P::Quotes, "'it''s; FROM salaries -- '"),
    (P::DollarQuotes, "$$ FROM salaries; ' $$"),
    (P::DollarQuotes, "$q$ $$ /* $q$"),
    (P::EscapeQuotes, "e'\\'; FROM salaries -- \\n'"),
    (P::Unicode, "'ſalaries \u{202e} ordеrs'"),
    (P::Concatenation, "{text} || 'b'"),
    (P::Concatenation, "concat({text}, {int}, NULL)"),
    (P::StructText, "{'orders': {'id': {text}}}.orders.id"),
    (P::TextQuery, "(SELECT min(name) FROM {table})"),
    (P::TextQuery, "(SELECT string_agg(name, ';' ORDER BY name) FROM ({query}) AS {name})"),
    (P::Case, "CASE {int} WHEN 1 THEN {text} ELSE 'c' END"),
    (P::Cast, "{int}::VARCHAR"),
    (P::Quotes, "'c'"),
];

const BOOLS: [Rule; 20] = [
    (P::Compare, "{int} < {int} + 3"),
    (P::Compare, "{int} IS DISTINCT FROM 7"),
    (P::Compare, "{text} <> {text}"),
    (P::Between, "{int} BETWEEN -3 AND {int} + 10"),
    (P::Exists, "EXISTS ({query})"),
    (P::Exists, "NOT EXISTS (SELECT 1 FROM {table} AS e WHERE e.id > 1000 AND {bool})"),
    (P::ExistsFrom, "EXISTS (FROM {table})"),
    (P::InQuery, "{int} IN ({ints})"),
    (P::InQuery, "{int} NOT IN (SELECT id + 100 FROM {table} WHERE id IS NOT NULL)"),
    (P::InFrom, "{int} IN (FROM {table} SELECT id)"),
    (P::InFrom, "1 IN (FROM range({n}))"),
    (P::InList, "{int} NOT IN (7, {int})"),
    (P::AnyQuery, "{int} <= ANY ({ints})"),
    (P::AllQuery, "{int} > ALL (SELECT id - 100 FROM {table})"),
    (P::Like, "{text} NOT LIKE '%salaries_%'"),
    (P::IsNull, "{text} IS NOT NULL"),
    (P::Logic, "({bool} OR true)"),
    (P::Logic, "({bool} AND NOT {int} = 99)"),
    (P::RowCompare, "({int}, {text}) IS NOT NULL"),
    (P::RowCompare, "({int}, 'a') NOT IN (SELECT id, name FROM {table} WHERE id > 90)"),
];

impl Generator {
    pub fn int(&mut self) -> String {
        match self.column(Column::Int) {
            Some(column) => column,
            None => self.expand_one(&INTS),
        }
    }

    pub fn text(&mut self) -> String {
        match self.column(Column::Text) {
            Some(column) => column,
            None => self.expand_one(&TEXTS),
        }
    }

    pub fn bool(&mut self) -> String {
        self.expand_one(&BOOLS)
    }

    pub fn random_below(&mut self, end: usize) -> usize {
        self.random.random_range(0..end)
    }

    /// A column of a relation in scope; deep down whenever there is one.
    fn column(&mut self, column: Column) -> Option<String> {
        let outer = self.sources.iter().rev().skip(1).find(|sources| !sources.is_empty()).cloned();
        let inner = self.sources.last().cloned().filter(|sources| !sources.is_empty());
        let (sources, is_outer) = match (inner, outer) {
            (_, Some(outer)) if self.one_in(6) => (outer, true),
            (Some(inner), _) => (inner, false),
            _ => return None,
        };
        if self.one_in(3) {
            return None;
        }
        let at = self.random_below(sources.len());
        let source = &sources[at];
        if is_outer {
            self.used.insert(P::OuterColumn);
        }
        Some(self.column_of(source, column, sources.len() == 1 && !is_outer))
    }

    fn column_of(&mut self, source: &Source, column: Column, is_alone: bool) -> String {
        let (alias, name) = (&source.alias, column.name());
        let (production, text) = match self.random_below(12) {
            0..3 if is_alone => (P::Column, name.to_owned()),
            3 => (P::ColumnOfTable, format!("{alias}.\"{}\"", name.to_ascii_uppercase())),
            4 if source.is_table => (P::Field, format!("{alias}.s.{name}")),
            5 if source.is_table => (P::Field, format!("({alias}.s).{name}")),
            6 if source.is_table && is_alone => (P::Field, format!("s.{name}")),
            7 if source.is_table => (P::Element, column.element(alias)),
            8 => (P::FieldOfRow, format!("struct_extract({alias}, '{name}')")),
            9 if source.is_table && alias == "orders" && is_alone && self.one_in(3) => {
                (P::ColumnOfQualified, format!("main.{alias}.{name}"))
            }
            _ => (P::ColumnOfTable, format!("{alias}.{name}")),
        };
        self.used.insert(production);
        text
    }
}

#[derive(Clone, Copy)]
enum Column {
    Int,
    Text,
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::Int => "id",
            Self::Text => "name",
        }
    }

    fn element(self, alias: &str) -> String {
        match self {
            Self::Int => format!("{alias}.l[1]"),
            Self::Text => format!("{alias}.l[1]::VARCHAR"),
        }
    }
}
