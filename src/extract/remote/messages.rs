//! Messages of the engine about remote tables, for people who have no access to the engine.

/// What to say instead of a message that names settings of the engine.
const SAID: [(&str, &str); 5] = [
    (
        "this array has",
        "an array at the source has another number of dimensions than its column declares, so the column cannot be read; \
         leave it out, or let the source convert it in a view of its own, e.g. to text",
    ),
    (
        "not implemented for composite column",
        "a composite column has fields that cannot be read here; leave it out, or let the source convert it in a view of its \
         own, e.g. to text",
    ),
    ("Could not map ENUM value", "an enum at the source got a new value while the query ran; run it again"),
    (
        "Out of Memory",
        "the query needs more memory than one query may use; select fewer rows or columns, or aggregate at the source",
    ),
    ("Unsupported filter pushdown", "the source cannot evaluate one of the conditions; write it in another way"),
];

/// The message without settings and options of the engine.
pub fn plain_message(message: &str) -> String {
    if let Some((_, said)) = SAID.iter().find(|(found, _)| message.contains(found)) {
        return (*said).to_owned();
    }
    let is_advice = |line: &&str| {
        let line = line.trim_start();
        ["Set pg_", "SET ", "* ", "Possible solutions", "See also https://duckdb.org"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    message.lines().filter(|line| !is_advice(line)).collect::<Vec<_>>().join("\n")
}

/// The message about SQL that names tables of the source. Of a table that is not there any more it says so, with `advice`.
pub fn source_message(message: &str, advice: &str) -> String {
    let message = message.split("\nLINE ").next().unwrap_or_default();
    if let Some((name, _)) =
        message.split_once("Catalog Error: Table with name ").and_then(|(_, rest)| rest.split_once(" does not exist"))
    {
        let name = name.trim_matches('"');
        return format!("the source has no table or view {name}; if it was dropped or renamed there, {advice}");
    }
    let message = plain_message(message);
    let lines = message.lines().filter(|line| !line.starts_with("Did you mean"));
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_the_engine_are_not_advised() {
        let ragged = "Invalid Input Error: Expected an array with 1 dimensions, but this array has 2 dimensions.\n\
                      Set pg_array_as_varchar=true to read the array as a varchar instead.";
        assert!(plain_message(ragged).contains("dimensions") && !plain_message(ragged).contains("pg_"));
        assert_eq!(plain_message("Conversion Error: no\nSET x = true helps"), "Conversion Error: no");
        assert_eq!(plain_message("Binder Error: x"), "Binder Error: x");
    }

    #[test]
    fn what_is_gone_at_the_source_is_named() {
        for (message, said) in [
            (
                "Catalog Error: Table with name gone does not exist!\nDid you mean \"pg.x\"?\n\nLINE 1: DESCRIBE SELECT",
                "the source has no table or view gone; if it was dropped or renamed there, ask Ann",
            ),
            (
                "Catalog Error: Table with name \"s.gone\" does not exist because schema \"s\" does not exist.\n\nLINE 1: x",
                "the source has no table or view s.gone; if it was dropped or renamed there, ask Ann",
            ),
            ("Parser Error: syntax error at or near \"x\"\n\nLINE 1: x", "Parser Error: syntax error at or near \"x\""),
        ] {
            assert_eq!(source_message(message, "ask Ann"), said);
        }
    }
}
