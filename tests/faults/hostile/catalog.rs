//! The functions that callers may use, with the types of their arguments, from the engine and the policy's own lists.

use std::collections::{BTreeMap, BTreeSet};

use agnes::engine::{self, Connection, Limits};

const ALLOWED: [&str; 2] = [
    include_str!("../../../src/query/policy/functions.txt"),
    include_str!("../../../src/query/policy/table_functions.txt"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Scalar,
    Aggregate,
    /// Needs `OVER`.
    Window,
    Table,
}

/// One overload.
#[derive(Debug)]
pub struct Function {
    pub name: String,
    pub kind: Kind,
    pub parameters: Vec<String>,
    /// The type of any further arguments.
    pub varargs: Option<String>,
    pub result: String,
}

pub struct Catalog {
    pub functions: Vec<Function>,
    /// Scalar functions by the type of their result.
    by_result: BTreeMap<String, Vec<usize>>,
}

impl Catalog {
    pub fn load() -> Self {
        let connection = engine::in_memory(&Limits::small()).unwrap();
        engine::load_icu(&connection);
        let mut functions = overloads(&connection);
        let known: BTreeSet<String> = functions.iter().map(|function| function.name.clone()).collect();
        let missing = ALLOWED[0].lines().filter(|name| !known.contains(*name));
        // Those that the engine does not list are the window functions and what its grammar makes of syntax.
        let windows = missing.map(|name| Function {
            name: name.to_owned(),
            kind: Kind::Window,
            parameters: Vec::new(),
            varargs: Some("ANY".into()),
            result: String::new(),
        });
        functions.extend(windows);
        let mut by_result = BTreeMap::<String, Vec<usize>>::new();
        for (index, function) in functions.iter().enumerate() {
            if function.kind == Kind::Scalar {
                by_result.entry(function.result.clone()).or_default().push(index);
            }
        }
        Self { functions, by_result }
    }

    /// Scalar functions with results of this type.
    pub fn with_result(&self, result: &str) -> &[usize] {
        self.by_result.get(result).map_or(&[], Vec::as_slice)
    }
}

fn overloads(connection: &Connection) -> Vec<Function> {
    let sql = "SELECT DISTINCT function_name, function_type, array_to_string(parameter_types, chr(31)), varargs,
                      coalesce(return_type, '')
               FROM duckdb_functions()
               WHERE function_type IN ('scalar', 'aggregate', 'table', 'macro', 'table_macro')
               ORDER BY ALL";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        let (kind, parameters): (String, Option<String>) = (row.get(1)?, row.get(2)?);
        let kind = match kind.as_str() {
            "aggregate" => Kind::Aggregate,
            "table" | "table_macro" => Kind::Table,
            _ => Kind::Scalar,
        };
        let parameters = parameters.unwrap_or_default();
        let parameters = parameters.split('\u{1f}').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Ok(Function { name: row.get(0)?, kind, parameters, varargs: row.get(3)?, result: row.get(4)? })
    });
    let is_allowed = |function: &Function| {
        ALLOWED[usize::from(function.kind == Kind::Table)].lines().any(|name| name == function.name)
    };
    rows.unwrap().map(Result::unwrap).filter(is_allowed).collect()
}
