//! What a view of an extract may read.

use super::extensions::extension;
use super::{RemoteAttach, RemoteError, RemoteTable};
use crate::engine;
use crate::engine::parse::{MAX_LEVELS, Parsed, Parser};
use crate::engine::tree::Tree;

impl RemoteTable {
    /// From the text of a view of an extract, after checking that it reads nothing but what `attach` names.
    pub fn of_view(parser: &Parser, sql: &str, attach: &[RemoteAttach]) -> Result<Self, RemoteError> {
        let refuse = |reason: &str| RemoteError::View(reason.to_owned());
        let (head, select) = sql.split_once(" AS ").ok_or_else(|| refuse("is not a SELECT"))?;
        if head.contains('(') {
            return Err(refuse("names its columns in parentheses; name them in the SELECT"));
        }
        let select = select.trim().trim_end_matches(';').to_owned();
        let tree = parser.tree(&select).map_err(|error| refuse(&engine::message(&error)))?;
        match Parsed::read(&tree, MAX_LEVELS).map_err(|error| refuse(&error.to_string()))? {
            Parsed::Selects(statements) if statements.len() == 1 => check_reads(&statements[0], attach)?,
            _ => return Err(refuse("is not a single SELECT")),
        }
        Ok(Self { select, attach: attach.to_vec() })
    }
}

fn check_reads(tree: &Tree<'_>, attach: &[RemoteAttach]) -> Result<(), RemoteError> {
    match tree {
        Tree::List(items) => items.iter().try_for_each(|item| check_reads(item, attach)),
        Tree::Object(object) => {
            let text = |key| object.text(key);
            match text("type") {
                "BASE_TABLE" => {
                    let catalog =
                        if text("catalog_name").is_empty() { text("schema_name") } else { text("catalog_name") };
                    if !attach.iter().any(|source| source.alias.eq_ignore_ascii_case(catalog)) {
                        return Err(RemoteError::View(format!("reads {:?}", text("table_name"))));
                    }
                }
                "TABLE_FUNCTION" => {
                    let function = object.get("function").and_then(|function| function.get("function_name")?.as_text());
                    let may_call = |name| attach.iter().any(|at| extension(&at.extension).functions.contains(&name));
                    if !function.is_some_and(may_call) {
                        return Err(RemoteError::View(format!("calls {}", function.unwrap_or("a function"))));
                    }
                }
                "SHOW_REF" => return Err(RemoteError::View("lists a catalog".into())),
                _ => {}
            }
            object.values().try_for_each(|value| check_reads(value, attach))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(extension: &str, url: &str, token_env: &str) -> RemoteAttach {
        RemoteAttach { alias: "pg".into(), extension: extension.into(), url: url.into(), token_env: token_env.into() }
    }

    #[test]
    fn views_read_only_what_is_attached() {
        let parser = Parser::new().unwrap();
        let of = |sql: &str| RemoteTable::of_view(&parser, sql, &[source("postgres", "", "")]);
        let good = of("CREATE VIEW orders AS SELECT id, upper(name) AS n FROM pg.public.orders;").unwrap();
        assert_eq!(good.select, "SELECT id, upper(name) AS n FROM pg.public.orders");
        assert!(of("CREATE VIEW orders AS SELECT * FROM pg.orders").is_ok());
        for bad in [
            "CREATE VIEW x AS SELECT * FROM read_text('/etc/passwd')",
            "CREATE VIEW x AS SELECT * FROM '/etc/passwd.csv'",
            "CREATE VIEW x AS SELECT * FROM main._meta",
            "CREATE VIEW x AS SELECT * FROM postgres_query('pg', 'SELECT pg_read_file(1)')",
            "CREATE VIEW x AS SELECT * FROM pg.public.orders WHERE id IN (SELECT i FROM other.main.t)",
            "CREATE VIEW x AS SELECT * FROM (SHOW TABLES)",
            "CREATE VIEW x AS SELECT 1; DROP TABLE y",
            "CREATE VIEW x (a) AS SELECT id FROM pg.orders",
            "CREATE TABLE x (i INT)",
        ] {
            assert!(matches!(of(bad), Err(RemoteError::View(_))), "{bad}");
        }
    }
}
