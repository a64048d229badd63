//! Running a caller's SQL.

use crate::access::{Principal, ReadableTable, exists, readable_tables};
use crate::query::{QueryAnswer, QueryEngine, QueryError};
use crate::store::Store;
use crate::sync::Orchestrator;

/// What became of a query.
#[derive(Debug)]
pub struct QueryRun {
    /// The readable tables that the statement mentions: all that it reads, and perhaps others, for example in a comment.
    pub tables: Vec<String>,
    pub answer: Result<QueryAnswer, QueryError>,
}

/// Runs one SELECT over the tables that the caller may read, as of one publication, and returns at most `limit` rows.
pub async fn run_query(
    store: &Store,
    orchestrator: &Orchestrator,
    engine: &QueryEngine,
    caller: &Principal,
    sql: String,
    limit: usize,
) -> QueryRun {
    let (snapshot, publication) = (store.snapshot(), orchestrator.publication());
    let tables = readable_tables(&snapshot, &publication, caller);
    let mentioned = mentioned(&sql, &tables);
    let generation = publication.generation;
    let is_known = move |name: &str| exists(&snapshot, &publication, name);
    let answer = engine.run(generation, tables, is_known, sql, limit).await;
    QueryRun { tables: mentioned, answer }
}

fn mentioned(sql: &str, tables: &[ReadableTable]) -> Vec<String> {
    let sql = sql.to_lowercase();
    let names = tables.iter().map(|table| table.table().name.as_str());
    names.filter(|name| has_word(&sql, &name.to_lowercase())).map(str::to_owned).collect()
}

/// Returns whether `word` is in the text, not as a part of a longer name.
fn has_word(text: &str, word: &str) -> bool {
    let is_part = |char: char| char.is_alphanumeric() || char == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part))
}

#[cfg(test)]
mod tests {
    use super::has_word;

    #[test]
    fn names_are_found_as_words() {
        assert!(has_word("select * from orders", "orders"));
        assert!(has_word("select 1 from orders_2024 join \"orders\" o", "orders"));
        assert!(!has_word("select * from orders_2024, reorders, \u{e9}orders", "orders"));
        assert!(!has_word("", "orders"));
    }
}
