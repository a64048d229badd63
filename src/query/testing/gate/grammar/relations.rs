//! What can stand after `FROM`.

use super::{Generator, LEVELS, Production as P, Rule, Source};

/// Relations with the columns `id` and `name`; `VALUES` get these names later.
const RELATIONS: [Rule; 26] = [
    (P::Subquery, "({query})"),
    (P::Nested, "(SELECT * FROM ({query}))"),
    (P::Values, "(VALUES ({int}, {text}), (2, 'b'), ((SELECT max(id) FROM {table}), NULL))"),
    (P::FromFirst, "(FROM {table} SELECT id, name)"),
    (P::FromOnly, "(FROM ({query}))"),
    (P::TableStatement, "(SELECT id, name FROM (TABLE {table}))"),
    (P::Function, "(SELECT range AS id, 'r' AS name FROM range({n}))"),
    (
        P::Function,
        "(SELECT generate_series AS id, {text} AS name FROM generate_series(1, (SELECT max(id) % 5 FROM {table})))",
    ),
    (P::Unnest, "(SELECT u AS id, u::VARCHAR AS name FROM unnest([{int}, 2, NULL]) AS {name}(u))"),
    (P::JsonEach, "(SELECT id::INT AS id, key AS name FROM json_each('{\"salaries\": 1}'))"),
    (P::Pivot, "(SELECT 1 AS id, name FROM (PIVOT {table} ON id IN (1, 2) USING count(*) GROUP BY name))"),
    (
        P::Pivot,
        "(SELECT id, 'p' AS name FROM (PIVOT (SELECT id, name FROM {table}) ON name IN ('a', 'b') USING count(*) GROUP BY id))",
    ),
    (
        P::PivotClause,
        "(SELECT 3 AS id, \"1\" AS name FROM (SELECT id, name FROM {table}) PIVOT (max(name) FOR id IN (1, 2)))",
    ),
    (
        P::Unpivot,
        "(SELECT v AS id, k AS name FROM (UNPIVOT (SELECT id, id AS t FROM {table}) ON id, t INTO NAME k VALUE v))",
    ),
    (
        P::UnpivotClause,
        "(SELECT v AS id, k AS name FROM (SELECT id, id AS orders FROM {table}) UNPIVOT (v FOR k IN (id, orders)))",
    ),
    (P::Describe, "(SELECT 1 AS id, column_name AS name FROM (DESCRIBE {table}))"),
    (P::Summarize, "(SELECT count AS id, column_name AS name FROM (SUMMARIZE {table}))"),
    (P::DescribeQuery, "(SELECT 1 AS id, column_name AS name FROM (DESCRIBE {query}))"),
    (P::TableSample, "(SELECT id, name FROM {table} TABLESAMPLE reservoir(3 ROWS) REPEATABLE (7))"),
    (P::QuerySample, "(SELECT id, name FROM {table} USING SAMPLE reservoir(50%) REPEATABLE (7))"),
    (P::Nested, "(SELECT id, name FROM ({query}))"),
    (P::InnerExpressions, "(WITH {name} AS (SELECT id, name FROM {table}) SELECT id, name FROM {name})"),
    (P::InnerExpressions, "(WITH {name} AS ({query}) (FROM {name} SELECT id, name) UNION ALL (TABLE {name}))"),
    (P::ParenthesizedJoin, "(SELECT id, name FROM (({query}) AS a NATURAL JOIN ({query}) AS b))"),
    (P::ParenthesizedJoin, "(SELECT x.id, y.name FROM ({query}) AS x JOIN ({query}) AS y USING (id))"),
    (P::Values, "(VALUES ({int}, {text}))"),
];

/// Relations that see those before them.
const LATERAL: [Rule; 3] = [
    (P::Lateral, "LATERAL ({query})"),
    (P::Lateral, "LATERAL (SELECT {int} AS id, {text} AS name)"),
    (P::LateralUnnest, "LATERAL (SELECT unnest([{int}, 1]) AS id, {text} AS name)"),
];

const JOINS: [(P, &str, &str); 14] = [
    (P::Comma, ",", ""),
    (P::Comma, ",", ""),
    (P::JoinOn, "JOIN", "ON {left}.id = {right}.id"),
    (P::JoinOn, "JOIN", "ON {left}.id = {right}.id AND {bool}"),
    (P::LeftJoinUsing, "LEFT JOIN", "USING (id)"),
    (P::LeftJoinUsing, "RIGHT OUTER JOIN", "USING (id, name)"),
    (P::NaturalJoin, "NATURAL JOIN", ""),
    (P::FullJoin, "FULL JOIN", "ON {left}.name = {right}.name"),
    (P::CrossJoin, "CROSS JOIN", ""),
    (P::SemiJoin, "SEMI JOIN", "USING (id)"),
    (P::SemiJoin, "SEMI JOIN", "ON {left}.id = {right}.id"),
    (P::AntiJoin, "ANTI JOIN", "USING (id)"),
    (P::AsofJoin, "ASOF JOIN", "ON {left}.name = {right}.name AND {left}.id >= {right}.id"),
    (P::PositionalJoin, "POSITIONAL JOIN", ""),
];

impl Generator {
    /// One relation or several; what they are called is then in scope.
    pub fn from(&mut self) -> String {
        let (mut text, first) = self.relation(false);
        self.innermost().push(first);
        let more = match self.level {
            0 | 1 => self.random_below(6).saturating_sub(2),
            2 | 3 => self.random_below(6).saturating_sub(4),
            _ => 0,
        };
        for _ in 0..more.min(2) {
            self.join(&mut text);
        }
        text
    }

    fn join(&mut self, text: &mut String) {
        let (production, words, condition) = self.choose(&JOINS);
        let is_lateral = matches!(production, P::Comma | P::CrossJoin) && self.one_in(3);
        let (right, source) = self.relation(is_lateral);
        let left = self.innermost().last().map(|left| left.alias.clone()).unwrap_or_default();
        self.used.insert(production);
        let condition = condition.replace("{left}", &left).replace("{right}", &source.alias);
        let is_gone = matches!(production, P::SemiJoin | P::AntiJoin);
        self.innermost().push(source);
        let condition = self.expand(&condition);
        if is_gone {
            self.innermost().pop();
        }
        text.push_str(&format!(" {words} {right} {condition}"));
    }

    /// A relation with its name.
    fn relation(&mut self, is_lateral: bool) -> (String, Source) {
        let is_plain = self.level >= LEVELS || self.random_below(10) < 5;
        if is_lateral {
            // Sees its neighbors.
            let text = self.expand_one(&LATERAL);
            return self.named(text, false);
        }
        if !is_plain {
            // Does not see its neighbors, only what is around the whole query.
            let neighbors = std::mem::take(self.innermost());
            let text = self.expand_one(&RELATIONS);
            *self.innermost() = neighbors;
            let has_columns = text.starts_with("(VALUES");
            return self.named(text, has_columns);
        }
        let (text, source) = self.table();
        let is_taken = |other: &Source| other.alias.eq_ignore_ascii_case(&source.alias);
        if self.random_below(10) < 4 && !self.innermost().iter().any(is_taken) {
            self.used.insert(P::Table);
            return (text, source);
        }
        let alias = self.new_alias();
        if self.one_in(8) {
            self.used.insert(P::TableColumnsNamed);
            return (format!("{text} AS {alias}(id, name)"), Source { alias, is_table: false });
        }
        self.used.insert(P::TableNamed);
        (format!("{text} AS {alias}"), Source { alias, ..source })
    }

    fn named(&mut self, text: String, has_columns: bool) -> (String, Source) {
        let alias = self.new_alias();
        let columns = if has_columns { "(id, name)" } else { "" };
        (format!("{text} AS {alias}{columns}"), Source { alias, is_table: false })
    }

    fn innermost(&mut self) -> &mut Vec<Source> {
        if self.sources.is_empty() {
            self.sources.push(Vec::new());
        }
        let last = self.sources.len() - 1;
        &mut self.sources[last]
    }
}
