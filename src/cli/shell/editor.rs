//! Reading from the terminal: editing, history, completion.

use std::fs;
use std::path::PathBuf;

use rustyline::completion::{Completer, Pair};
use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Helper};

use super::running;
use crate::cli::Context;
use crate::query;

/// Lines that are kept.
const HISTORY: usize = 5000;
const COMMANDS: [&str; 9] = [".help", ".limit", ".mode", ".output", ".quit", ".schema", ".scope", ".tables", ".timer"];
const KEYWORDS: [&str; 40] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "HAVING",
    "LIMIT",
    "OFFSET",
    "JOIN",
    "LEFT JOIN",
    "USING",
    "ON",
    "AND",
    "OR",
    "NOT",
    "IN",
    "IS NULL",
    "IS NOT NULL",
    "BETWEEN",
    "LIKE",
    "ILIKE",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "AS",
    "DISTINCT",
    "UNION ALL",
    "WITH",
    "QUALIFY",
    "PIVOT",
    "UNPIVOT",
    "DESCRIBE",
    "SUMMARIZE",
    "SHOW TABLES",
    "DESC",
    "count(*)",
    "sum(",
    "avg(",
];

pub enum Input {
    Text(String),
    /// Ctrl-C: what was typed is given up.
    Interrupted,
    End,
}

pub struct Editor {
    editor: rustyline::Editor<Words, FileHistory>,
    history: PathBuf,
}

impl Editor {
    pub fn new(context: &Context) -> anyhow::Result<Self> {
        let history = context.config_dir()?.history();
        let config = rustyline::Config::builder()
            .completion_type(CompletionType::List)
            .history_ignore_space(true)
            .max_history_size(HISTORY)?
            .build();
        let mut editor = rustyline::Editor::with_config(config)?;
        editor.set_auto_add_history(true);
        editor.set_helper(Some(Words(running::names(context)?)));
        // There is none at first.
        let _ = editor.load_history(&history);
        Ok(Self { editor, history })
    }

    /// Waits for a whole statement or a command.
    pub fn read(&mut self) -> anyhow::Result<Input> {
        match self.editor.readline("agnes> ") {
            Ok(text) => {
                // Kept at once: the shell may be killed.
                let folder = self.history.parent().map(fs::create_dir_all);
                if folder.is_some_and(|made| made.is_ok()) {
                    let _ = self.editor.append_history(&self.history);
                }
                Ok(Input::Text(text))
            }
            Err(ReadlineError::Interrupted) => Ok(Input::Interrupted),
            Err(ReadlineError::Eof) => Ok(Input::End),
            Err(error) => Err(error.into()),
        }
    }
}

/// Names of tables and columns.
struct Words(Vec<String>);

impl Completer for Words {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        Ok(complete(&self.0, line, position))
    }
}

/// What may stand for the word before the cursor, and where that begins.
fn complete(names: &[String], line: &str, position: usize) -> (usize, Vec<Pair>) {
    let typed = &line[..position];
    let is_word = |it: char| it.is_alphanumeric() || it == '_' || it == '"';
    let start = match typed.starts_with('.') && !typed.contains(char::is_whitespace) {
        true => 0,
        false => {
            typed.rfind(|it| !is_word(it)).map_or(0, |at| at + typed[at..].chars().next().map_or(1, char::len_utf8))
        }
    };
    let word = &typed[start..];
    if word.is_empty() {
        return (start, Vec::new());
    }
    let head = word.trim_start_matches('"');
    let begins = |candidate: &&str| {
        let plain = candidate.trim_start_matches('"');
        plain.get(..head.len()).is_some_and(|found| found.eq_ignore_ascii_case(head))
    };
    let is_command = word.starts_with('.');
    let commands = COMMANDS.iter().filter(|_| is_command).copied().filter(begins).map(str::to_owned);
    let names = names.iter().map(String::as_str).filter(begins).map(str::to_owned);
    // Keywords as they are typed, in capitals or not.
    let is_lower = word.chars().next().is_some_and(char::is_lowercase);
    let keywords = KEYWORDS.iter().filter(|_| !is_command && !word.starts_with('"')).copied().filter(begins);
    let keywords = keywords.map(|word| if is_lower { word.to_lowercase() } else { word.to_owned() });
    let found = commands.chain(names).chain(keywords);
    let pairs = found.map(|candidate| Pair { display: candidate.clone(), replacement: candidate });
    (start, pairs.collect())
}

impl Validator for Words {
    /// Whether Enter ends the input.
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = context.input().trim();
        Ok(match text.is_empty() || text.starts_with('.') || query::is_finished(text) {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Highlighter for Words {}

impl Helper for Words {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keywords_and_commands_complete_the_word_before_the_cursor() {
        let names = ["orders".to_owned(), "order_id".to_owned(), "\"in.c-crm\"".to_owned()];
        let found = |line: &str| {
            let (start, pairs) = complete(&names, line, line.len());
            (start, pairs.into_iter().map(|pair| pair.replacement).collect::<Vec<_>>())
        };
        assert_eq!(found("SELECT * FROM ord"), (14, vec!["orders".into(), "order_id".into(), "order by".into()]));
        assert_eq!(found("SELECT orders.order_i"), (14, vec!["order_id".into()]));
        assert_eq!(found("SELECT * FROM \"in"), (14, vec!["\"in.c-crm\"".into()]));
        assert_eq!(found("SELECT 1 GR"), (9, vec!["GROUP BY".into()]));
        assert_eq!(found(".sc"), (0, vec![".schema".into(), ".scope".into()]));
        assert_eq!(found("SELECT ž"), (7, vec![]));
        assert_eq!(found("SELECT "), (7, vec![]));
    }
}
