//! Random statements of all functions that callers may use, with values at the limits of their types.

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::catalog::{Catalog, Function, Kind};
use super::values::VALUES;

/// Numbers of rows.
const ROWS: [&str; 7] = ["0", "1", "100", "10000", "1000000", "100000000", "9223372036854775807"];
/// Types of values that a parameter of any type gets.
const TYPES: usize = VALUES.len();
const DEPTH: usize = 3;

pub struct Generator<'a> {
    catalog: &'a Catalog,
    random: StdRng,
    /// The names in scope, each with the type of its values.
    names: Vec<(String, &'static str)>,
    /// The next function that is called first, so that each one is.
    next: usize,
}

impl<'a> Generator<'a> {
    pub fn new(catalog: &'a Catalog, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let next = random.random_range(0..catalog.functions.len());
        Self { catalog, random, names: Vec::new(), next }
    }

    /// A statement whose subject is the next function of the catalog.
    pub fn statement(&mut self) -> String {
        // A step that visits all of them, in another order than the list.
        self.next = (self.next + 787) % self.catalog.functions.len();
        let function = &self.catalog.functions[self.next];
        let (rows, few) = (self.rows(), self.pick(&["1", "10", "1000", "100000"]));
        self.names = vec![("i".into(), "BIGINT")];
        let called = match function.kind {
            Kind::Table => return self.table(function),
            Kind::Scalar => self.call(function, DEPTH),
            Kind::Aggregate => self.aggregate(function),
            Kind::Window => self.window(function),
        };
        let from = format!("FROM range({rows}) r(i)");
        let is_scalar = function.kind == Kind::Scalar;
        match self.random.random_range(0..17) {
            0..=2 => format!("SELECT {called} {from}"),
            3 => format!("SELECT {called} {from} GROUP BY i % {few} ORDER BY 1"),
            4 => {
                format!("SELECT count(*) FROM (SELECT {called} AS v {from} ORDER BY v DESC LIMIT {rows} OFFSET {few})")
            }
            5 => format!("SELECT {} FROM (SELECT {called} AS v {from})", self.of_column()),
            6 => format!("SELECT CAST(v AS {}) FROM (SELECT {called} AS v {from})", self.type_name()),
            7 => format!("SELECT DISTINCT v, count(*) FROM (SELECT {called} AS v {from}), range({few}) GROUP BY ALL"),
            8 => format!(
                "SELECT {} FROM (SELECT {called} AS v {from})",
                vec!["v"; self.random.random_range(1..2000)].join(",")
            ),
            9 if is_scalar => format!(
                "WITH RECURSIVE t AS (SELECT {called} AS v, 0 AS n FROM (SELECT 1 AS i) UNION ALL SELECT v, n + 1 FROM t \
                 WHERE n < {few}) SELECT count(v) FROM t"
            ),
            10 if is_scalar => format!("SELECT list_transform(range({few}), lambda i: {called})"),
            11 if is_scalar => format!(
                "SELECT r.i FROM range({rows}) r(i) JOIN range({few}) s(j) ON ({called})::VARCHAR = s.j::VARCHAR"
            ),
            12 => format!("SELECT len(list_value({}))", vec![format!("list({called})"); 40].join(", ")) + " " + &from,
            13 => format!("SELECT len(string_agg(({called})::VARCHAR)) {from} ORDER BY ALL"),
            14 => format!(
                "WITH RECURSIVE t AS (SELECT ({called})::VARCHAR AS v FROM (SELECT 1 AS i) UNION ALL SELECT v || v FROM t) SELECT \
                 sum(len(v)) FROM t"
            ),
            15 => format!("SELECT json_group_structure(to_json(v)), histogram(v) FROM (SELECT {called} AS v {from})"),
            _ => format!("SELECT unnest([{called}]) {from} USING SAMPLE {few} ROWS"),
        }
    }

    fn rows(&mut self) -> &'static str {
        self.pick(&ROWS)
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        *of.choose(&mut self.random).unwrap()
    }

    /// What is done with a column `v` of any type.
    fn of_column(&mut self) -> &'static str {
        self.pick(&[
            "max(v)",
            "list(v)",
            "histogram(v)",
            "string_agg(v::VARCHAR, ',')",
            "mode(v)",
            "approx_top_k(v, 1000000)",
            "to_json(v)",
            "json_group_array(v)",
            "json_structure(v::VARCHAR)",
            "v::VARCHAR",
            "hash(v)",
            "md5(v::VARCHAR)",
            "typeof(v)",
            "unnest([v])",
            "quantile_disc(v, [0.1, 0.5])",
            "first(v ORDER BY v)",
            "map([v], [v])",
            "v::VARIANT",
            "row_number() OVER (ORDER BY v)",
            "lag(v, 1000000) OVER ()",
            "count(DISTINCT v)",
            "arg_max(v, v, 100000)",
            "list_sort([v, v])",
            "[v, v] <@ [v]",
        ])
    }

    fn type_name(&mut self) -> &'static str {
        self.pick(&[
            "BOOLEAN",
            "TINYINT",
            "INTEGER",
            "BIGINT",
            "HUGEINT",
            "UBIGINT",
            "BIGNUM",
            "FLOAT",
            "DOUBLE",
            "DECIMAL(38,10)",
            "VARCHAR",
            "BLOB",
            "BIT",
            "UUID",
            "DATE",
            "TIME",
            "TIMETZ",
            "TIMESTAMP",
            "TIMESTAMP_NS",
            "TIMESTAMPTZ",
            "INTERVAL",
            "JSON",
            "VARIANT",
            "INTEGER[]",
            "VARCHAR[][]",
            "DOUBLE[3]",
            "MAP(VARCHAR, VARCHAR)",
            "STRUCT(a JSON)",
            "UNION(a INTEGER, b VARCHAR)",
            "ENUM('a', 'b')",
        ])
    }

    fn table(&mut self, function: &Function) -> String {
        self.names.clear();
        let (called, few) = (self.call(function, 2), self.rows());
        match self.random.random_range(0..4) {
            0 => format!("SELECT * FROM {called}"),
            1 => format!("SELECT count(*) FROM {called} a, {called} b"),
            2 => format!("SELECT * FROM {called} a ORDER BY ALL DESC LIMIT {few} OFFSET {few}"),
            _ => format!("SELECT count(*) FROM range({few}) r(i), LATERAL (SELECT * FROM {called}) l"),
        }
    }

    fn aggregate(&mut self, function: &Function) -> String {
        let distinct = self.pick(&["", "", "", "DISTINCT "]);
        let arguments = self.arguments(function, DEPTH - 1);
        let order = self.pick(&["", "", " ORDER BY i DESC", " ORDER BY i % 7, i::VARCHAR"]);
        let after = match self.random.random_range(0..5) {
            0 => format!(" OVER ({})", self.frame()),
            1 => " FILTER (WHERE i % 3 = 0)".into(),
            _ => String::new(),
        };
        format!("{}({distinct}{}{order}){after}", quoted(&function.name), arguments.join(", "))
    }

    fn window(&mut self, function: &Function) -> String {
        let count = self.random.random_range(0..3);
        let arguments: Vec<String> = (0..count).map(|_| self.value("ANY", 1)).collect();
        format!("{}({}) OVER ({})", function.name, arguments.join(", "), self.frame())
    }

    fn frame(&mut self) -> String {
        let partition = self.pick(&["", "PARTITION BY i % 10 "]);
        let (unit, from, to) = (self.pick(&["ROWS", "RANGE", "GROUPS"]), self.rows(), self.rows());
        let exclude = self.pick(&["", " EXCLUDE CURRENT ROW", " EXCLUDE TIES", " EXCLUDE GROUP"]);
        format!("{partition}ORDER BY i {unit} BETWEEN {from} PRECEDING AND {to} FOLLOWING{exclude}")
    }

    fn call(&mut self, function: &Function, depth: usize) -> String {
        let arguments = self.arguments(function, depth - 1);
        format!("{}({})", quoted(&function.name), arguments.join(", "))
    }

    fn arguments(&mut self, function: &Function, depth: usize) -> Vec<String> {
        let mut arguments: Vec<String> = function.parameters.iter().map(|name| self.value(name, depth)).collect();
        if let Some(varargs) = &function.varargs {
            let more = self.pick(&[0, 1, 2, 2, 3, 5, 300]);
            arguments.extend((0..more).map(|_| self.value(varargs, if more > 5 { 0 } else { depth })));
        }
        arguments
    }

    /// An expression of a type, as `duckdb_functions()` names it.
    fn value(&mut self, type_name: &str, depth: usize) -> String {
        if type_name.starts_with("LAMBDA") {
            return self.lambda(depth);
        }
        let type_name = match type_name {
            name if VALUES.iter().any(|(known, _)| *known == name) => name,
            name if name.ends_with("[]") => "LIST",
            name if name.ends_with(']') => "ARRAY",
            name if name.starts_with("DECIMAL") => "DECIMAL",
            name if name.starts_with("MAP") => "MAP",
            name if name.starts_with("STRUCT") => "STRUCT",
            name if name.starts_with("UNION") => "UNION",
            _ => VALUES[self.random.random_range(0..TYPES)].0,
        };
        let callable = self.catalog.with_result(type_name);
        if depth > 0 && !callable.is_empty() && self.random.random_bool(0.4) {
            let index = self.pick(callable);
            let called = &self.catalog.functions[index];
            return self.call(called, depth);
        }
        if self.random.random_bool(0.15) {
            let names: Vec<_> = self.names.iter().filter(|(_, known)| *known == type_name || *known == "ANY").collect();
            if let Some((name, _)) = names.choose(&mut self.random) {
                return name.clone();
            }
        }
        let values =
            VALUES.iter().find(|(known, _)| *known == type_name).map_or(&["NULL"] as &[_], |(_, values)| values);
        self.pick(values).to_owned()
    }

    fn lambda(&mut self, depth: usize) -> String {
        let outer = self.names.len();
        let parameters: Vec<String> = (0..self.random.random_range(1..3)).map(|n| format!("p{}", outer + n)).collect();
        self.names.extend(parameters.iter().map(|name| (name.clone(), "ANY")));
        let body = match depth {
            0 => parameters[0].clone(),
            _ => self.value("ANY", depth),
        };
        self.names.truncate(outer);
        format!("lambda {}: {body}", parameters.join(", "))
    }
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}
