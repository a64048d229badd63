//! Messages of the engine about remote tables, for people who have no access to the engine.

/// What to say instead of a message that names settings of the engine.
const SAID: [(&str, &str); 4] = [
    (
        "this array has",
        "an array at the source has another number of dimensions than its column declares, so the column cannot be read; \
         leave it out, or let the source convert it in a view of its own, e.g. to text",
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
}
