//! Queries: with columns `id` and `name`, with one column of integers, and whole statements.

use super::{Generator, LEVELS, Production as P, Rule};

/// What a query returns.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// The columns `id` and `name`.
    Pair,
    /// One column of integers.
    Ints,
    Any,
}

const PAIRS: [Rule; 3] = [
    (P::Expressions, "{int} AS id, {text} AS name"),
    (P::Aggregate, "max({int}) AS id, min({text}) AS name"),
    (P::FilteredAggregate, "sum({int}) FILTER (WHERE {bool})::INT AS id, any_value({text}) AS name"),
];

const INTS: [Rule; 3] = [(P::Expressions, "{int}"), (P::Aggregate, "max({int})"), (P::Expressions, "{int} AS orders")];

/// Results of statements; `{alias}` is a relation.
const RESULTS: [Rule; 20] = [
    (P::Expressions, "{int} AS salaries, {text}"),
    (P::Expressions, "{int}, {text}, {bool}"),
    (P::Star, "*"),
    (P::StarOfTable, "{alias}.*"),
    (P::Exclude, "{alias}.* EXCLUDE (name)"),
    (P::Exclude, "* EXCLUDE (id), {int} AS id"),
    (P::Replace, "{alias}.* REPLACE ({text} AS name)"),
    (P::Columns, "COLUMNS('^(id|name)$')"),
    (P::Columns, "max(COLUMNS({alias}.*))"),
    (P::ColumnsLambda, "COLUMNS(lambda c: c LIKE 'n%')"),
    (P::ColumnsList, "COLUMNS(['id', 'name'])"),
    (P::RowItself, "{alias}"),
    (P::RowItself, "{alias}, {alias}.id"),
    (P::Window, "{alias}.id, row_number() OVER (PARTITION BY {text} ORDER BY {int}) AS t"),
    (P::Window, "sum({int}) OVER (ORDER BY {alias}.id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW), {text}"),
    (P::Window, "first_value({text}) OVER (PARTITION BY {alias}.id ORDER BY {alias}.name)"),
    (P::Aggregate, "count(*), max({int}), string_agg({text}, ',' ORDER BY {int})"),
    (P::Aggregate, "count(DISTINCT {alias}.id), list({alias}.name ORDER BY {alias}.name)"),
    (P::FilteredAggregate, "count(*) FILTER (WHERE {bool})"),
    (P::Expressions, "[{int}], {'salaries': {text}}"),
];

const GROUPS: [Rule; 6] = [
    (P::GroupBy, " GROUP BY {int}"),
    (P::GroupBy, " GROUP BY {alias}.id, {text}"),
    (P::GroupByAll, " GROUP BY ALL"),
    (P::Rollup, " GROUP BY ROLLUP ({alias}.id, {alias}.name)"),
    (P::GroupingSets, " GROUP BY GROUPING SETS (({alias}.id), ({alias}.name), ())"),
    (P::Having, " GROUP BY {alias}.id HAVING count(*) > (SELECT 0 FROM {table} LIMIT 1)"),
];

const ENDS: [Rule; 10] = [
    (P::Qualify, " QUALIFY row_number() OVER (PARTITION BY {alias}.id ORDER BY {alias}.name) < 3"),
    (P::Qualify, " QUALIFY rank() OVER (ORDER BY {int}) > 0"),
    (P::NamedWindow, " WINDOW salaries AS (PARTITION BY {int}) QUALIFY count(*) OVER salaries > 0"),
    (P::OrderBy, " ORDER BY {alias}.id DESC NULLS LAST, {text}"),
    (P::OrderBy, " ORDER BY ALL"),
    (P::OrderByQuery, " ORDER BY (SELECT max(id) FROM {table} AS o WHERE o.id = {alias}.id)"),
    (P::Limit, " LIMIT {n} OFFSET 1"),
    (P::Limit, " LIMIT 50%"),
    (P::LimitQuery, " LIMIT (SELECT count(*) FROM {table})"),
    (P::Sample, " USING SAMPLE reservoir(5 ROWS) REPEATABLE (1)"),
];

const SETS: [Rule; 6] = [
    (P::Union, " UNION ALL "),
    (P::Union, " UNION "),
    (P::UnionByName, " UNION ALL BY NAME "),
    (P::Except, " EXCEPT "),
    (P::Except, " EXCEPT ALL "),
    (P::Intersect, " INTERSECT "),
];

/// Whole statements but `SELECT`.
const OTHERS: [Rule; 22] = [
    (P::FromStatement, "FROM {table}"),
    (P::FromStatement, "FROM {table} AS f SELECT f.id, {text} ORDER BY ALL"),
    (P::DescribeStatement, "DESCRIBE {table}"),
    (P::DescribeStatement, "DESCRIBE {query}"),
    (P::SummarizeStatement, "SUMMARIZE {table}"),
    (P::SummarizeStatement, "SUMMARIZE {query}"),
    (P::PivotStatement, "PIVOT {table} ON name IN ('a', 'b') USING count(*)"),
    (P::UnpivotStatement, "UNPIVOT {table} ON name"),
    (P::OtherStatement, "TABLE {table}"),
    (P::OtherStatement, "SHOW ALL TABLES"),
    (P::OtherStatement, "EXPLAIN {query}"),
    (P::OtherStatement, "PIVOT {table} ON name USING count(*)"),
    (P::OtherStatement, "CREATE VIEW orders AS {query}"),
    (P::OtherStatement, "COPY ({query}) TO {file}"),
    (P::OtherStatement, "SET VARIABLE x = ({ints})"),
    (P::TwoStatements, "{query}; SELECT * FROM salaries"),
    (P::TwoStatements, "SELECT 1; {query}"),
    (P::Parameter, "SELECT $1, {int} FROM {table}"),
    (P::Parameter, "SELECT ? + {int}"),
    (P::Variable, "SELECT getvariable('x'), {int}"),
    (P::SettingFunction, "SELECT current_setting('memory_limit'), {text}"),
    (P::Nul, "SELECT {int} FROM {table}\0 WHERE {bool}"),
];

const AROUND: [Rule; 9] = [
    (P::Plain, "{statement}"),
    (P::Plain, "{statement}"),
    (P::Plain, "{statement}"),
    (P::Plain, "{statement}"),
    (P::Semicolon, "{statement} ;; "),
    (P::LineComment, "{statement} -- FROM salaries"),
    (P::BlockComment, "{statement} /* ; /* FROM salaries */ */"),
    (P::CommentBefore, "-- ' \" $$ /*\n{statement}"),
    (P::Parenthesized, "({statement})"),
];

impl Generator {
    pub fn top(&mut self) -> String {
        if self.one_in(40) {
            return self.expand_one(&OTHERS);
        }
        let statement = self.with(Shape::Any);
        self.use_one(&AROUND).replace("{statement}", &statement)
    }

    pub fn query(&mut self) -> String {
        self.with(Shape::Pair)
    }

    pub fn ints(&mut self) -> String {
        self.with(Shape::Ints)
    }

    /// A query that may begin with common table expressions.
    fn with(&mut self, shape: Shape) -> String {
        let outer = self.expressions.len();
        self.level += 1;
        let mut text = String::new();
        let count = if self.level < LEVELS { self.random_below(6).saturating_sub(3).min(2) } else { 0 };
        if count > 0 {
            let parts: Vec<String> = (0..count).map(|_| self.common_table_expression()).collect();
            let recursive = parts.iter().any(|part| part.contains("(id, name)")) || self.one_in(8);
            text = format!("WITH {}{} ", if recursive { "RECURSIVE " } else { "" }, parts.join(", "));
        }
        text.push_str(&self.body(shape));
        self.level -= 1;
        self.expressions.truncate(outer);
        text
    }

    fn common_table_expression(&mut self) -> String {
        let name = self.new_name();
        let first = self.query();
        let (production, text) = match self.random_below(8) {
            0 => (P::Materialized, format!("{name} AS MATERIALIZED ({first})")),
            1 => (P::Materialized, format!("{name} AS NOT MATERIALIZED ({first})")),
            2 => (P::WithColumns, format!("{name}(id, name) AS ({first})")),
            3 => {
                let next = format!("SELECT {name}.id + 1, {name}.name FROM {name} WHERE {name}.id BETWEEN 0 AND 3");
                (P::Recursive, format!("{name}(id, name) AS (({first}) UNION ALL {next})"))
            }
            4 => {
                let (other, _) = self.table();
                let next = format!("SELECT o.id, 'r' FROM {other} AS o SEMI JOIN {name} ON o.id = {name}.id");
                (P::RecursiveUnion, format!("{name}(id, name) AS (({first}) UNION {next})"))
            }
            5 => {
                let next = format!("SELECT r.id, 'k' FROM recurring.{name} AS r, {name} WHERE r.id < {name}.id");
                self.used.insert(P::RecurringExpression);
                (P::RecursiveKey, format!("{name}(id, name) USING KEY (id) AS (({first}) UNION {next})"))
            }
            _ => (P::With, format!("{name} AS ({first})")),
        };
        self.used.insert(production);
        self.expressions.push(name);
        text
    }

    fn body(&mut self, shape: Shape) -> String {
        if self.level >= LEVELS || !self.one_in(6) {
            return self.select(shape);
        }
        let shape = if shape == Shape::Any { Shape::Pair } else { shape };
        let first = self.select(shape);
        let operator = self.use_one(&SETS);
        let second = self.select(shape);
        format!("({first}){operator}({second})")
    }

    fn select(&mut self, shape: Shape) -> String {
        self.sources.push(Vec::new());
        let from = self.from();
        let alias = self.innermost_alias();
        let filled = |this: &mut Self, template: &str| {
            let template = template.replace("{alias}", &alias);
            this.expand(&template)
        };
        let rules: &[Rule] = match shape {
            Shape::Pair => &PAIRS,
            Shape::Ints => &INTS,
            Shape::Any => &RESULTS,
        };
        let template = self.use_one(rules);
        let results = filled(self, template);
        let condition = match self.one_in(3) {
            true => {
                self.used.insert(P::Where);
                format!(" WHERE {}", self.bool())
            }
            false => String::new(),
        };
        let is_aggregate =
            ["max(", "sum({int}) FILTER", "count(*)", "count(DISTINCT"].iter().any(|start| template.starts_with(start));
        let mut rest = String::new();
        if is_aggregate && !template.contains("COLUMNS") && self.one_in(2) {
            let group = self.use_one(&GROUPS);
            rest.push_str(&filled(self, group));
        } else if !is_aggregate && self.one_in(4) {
            let end = self.use_one(&ENDS);
            rest.push_str(&filled(self, end));
        }
        let distinct = match self.random_below(30) {
            0 if rest.is_empty() => {
                self.used.insert(P::Distinct);
                "DISTINCT ".to_owned()
            }
            1 if rest.is_empty() && !is_aggregate => {
                self.used.insert(P::DistinctOn);
                format!("DISTINCT ON ({}) ", self.int())
            }
            _ => String::new(),
        };
        self.sources.pop();
        if shape != Shape::Any && self.one_in(6) {
            self.used.insert(P::SelectFromFirst);
            return format!("FROM {from} SELECT {distinct}{results}{condition}{rest}");
        }
        self.used.insert(P::Select);
        format!("SELECT {distinct}{results} FROM {from}{condition}{rest}")
    }

    fn innermost_alias(&mut self) -> String {
        let sources = self.sources.last().cloned().unwrap_or_default();
        let at = self.random_below(sources.len());
        sources[at].alias.clone()
    }
}
