//! What a command returns, as a value.

use std::fmt::Display;

use serde::Serialize;
use serde_json::json;

use super::table::Table;

/// The result of a command: what people read, what programs read with `--json`, and the exit code.
#[derive(Debug, Default)]
pub struct Output {
    parts: Vec<Part>,
    json: Json,
    quiet: bool,
    pub exit: u8,
}

/// A piece of the text form, in the order in which it is shown.
#[derive(Debug)]
pub enum Part {
    Line(String),
    /// Text of ours for another program, which gets it as it is.
    Script(String),
    Table(Table),
    /// For stderr: worth knowing, neither result nor problem.
    Note(String),
    /// For stderr: a problem that did not stop the command.
    Warning(String),
    /// For stderr, with `--json` too: something that the JSON form has no place for.
    Remark(String),
}

#[derive(Debug, Default)]
enum Json {
    /// `{"message": …}` with the lines of the text form.
    #[default]
    Message,
    Text(String),
    /// The command has written its result already.
    Streamed,
}

impl Output {
    /// Starts with a line of text.
    pub fn message(text: impl Display) -> Self {
        Self::default().line(text)
    }

    /// The result was written row by row, or there is none.
    pub fn streamed() -> Self {
        Self { json: Json::Streamed, ..Self::default() }
    }

    pub fn script(text: &str) -> Self {
        Self::default().part(Part::Script(text.to_owned()))
    }

    pub fn line(self, text: impl Display) -> Self {
        self.part(Part::Line(text.to_string()))
    }

    pub fn table(self, table: Table) -> Self {
        self.part(Part::Table(table))
    }

    pub fn note(self, text: impl Display) -> Self {
        self.part(Part::Note(text.to_string()))
    }

    pub fn warn(self, text: impl Display) -> Self {
        self.part(Part::Warning(text.to_string()))
    }

    pub fn remark(self, text: impl Display) -> Self {
        self.part(Part::Remark(text.to_string()))
    }

    /// The result for `--json`, indented.
    pub fn json(self, value: &impl Serialize) -> anyhow::Result<Self> {
        Ok(Self { json: Json::Text(serde_json::to_string_pretty(value)?), ..self })
    }

    /// The result for `--json`, on one line.
    pub fn json_line(self, value: &impl Serialize) -> anyhow::Result<Self> {
        Ok(Self { json: Json::Text(serde_json::to_string(value)?), ..self })
    }

    /// Shows warnings and remarks only.
    pub fn quiet(self, quiet: bool) -> Self {
        Self { quiet, ..self }
    }

    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub fn exit(self, code: u8) -> Self {
        Self { exit: code, ..self }
    }

    /// The parts that are shown.
    pub fn parts(&self, as_json: bool) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(move |part| match part {
            Part::Remark(_) => true,
            Part::Warning(_) => !as_json,
            Part::Line(_) | Part::Script(_) | Part::Table(_) | Part::Note(_) => !as_json && !self.quiet,
        })
    }

    /// Lines, notes and problems as one text, for whoever shows the output otherwise.
    pub fn text(&self) -> String {
        let texts = self.parts.iter().filter_map(|part| match part {
            Part::Line(text) | Part::Script(text) | Part::Note(text) | Part::Remark(text) => Some(text.clone()),
            Part::Warning(text) => Some(format!("Problem: {text}")),
            Part::Table(_) => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }

    /// The text for `--json`.
    pub fn json_text(&self) -> serde_json::Result<Option<String>> {
        match &self.json {
            Json::Message => {
                let lines = self.parts.iter().filter_map(|part| match part {
                    Part::Line(text) | Part::Script(text) => Some(text.as_str()),
                    _ => None,
                });
                serde_json::to_string_pretty(&json!({"message": lines.collect::<Vec<_>>().join("\n")})).map(Some)
            }
            Json::Text(text) => Ok(Some(text.clone())),
            Json::Streamed => Ok(None),
        }
    }

    fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }
}
