//! What begins with a dot.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::base::ident::quote_ident;
use crate::cli::CliError;
use crate::cli::query::{Format, Scope};

pub const HELP: &str = "\
SELECT …;              run a statement; it may take several lines, and ends with a semicolon
.tables                list the pulled tables and the snapshots
.schema [TABLE]        show the columns of a table, or of all
.scope local|remote|auto   where statements run
.mode table|json|csv   how rows are shown
.limit N               how many rows are shown
.output FILE           write the next result into a .parquet or .csv file, with all its rows
.timer on|off          whether the time of a statement is shown
.quit                  end the shell; so does Ctrl-D

Ctrl-C stops a statement. Tab completes names. Statements cannot change anything.";

/// How statements run and how their rows are shown.
#[derive(Clone, Debug)]
pub struct Settings {
    pub scope: Scope,
    pub format: Format,
    pub limit: i64,
    pub shows_time: bool,
    /// Where the next result goes.
    pub output: Option<PathBuf>,
}

pub enum Command {
    Help,
    Tables,
    Schema(Option<String>),
    Output(Option<String>),
    Set(Box<dyn Fn(&mut Settings)>),
    Quit,
}

impl Command {
    /// Reads a command without its dot.
    pub fn parse(text: &str) -> Result<Self, CliError> {
        let (name, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        let argument = Some(rest.trim().trim_end_matches(';')).filter(|rest| !rest.is_empty());
        Ok(match name.trim_end_matches(';') {
            "help" | "h" | "?" => Self::Help,
            "tables" => Self::Tables,
            "schema" => Self::Schema(argument.map(str::to_owned)),
            "quit" | "exit" | "q" => Self::Quit,
            "output" => Self::Output(argument.filter(|path| *path != "-").map(str::to_owned)),
            "scope" => {
                let scope = value::<Scope>("scope", argument)?;
                Self::Set(Box::new(move |settings| settings.scope = scope))
            }
            "mode" => {
                let format = value::<Format>("mode", argument)?;
                Self::Set(Box::new(move |settings| settings.format = format))
            }
            "limit" => {
                let limit = argument.and_then(|text| text.parse().ok()).filter(|limit| *limit >= 0);
                let limit = limit.ok_or_else(|| CliError::usage(".limit needs a number"))?;
                Self::Set(Box::new(move |settings| settings.limit = limit))
            }
            "timer" => {
                let shows_time = match argument {
                    Some("on") => true,
                    Some("off") => false,
                    _ => return Err(CliError::usage(".timer needs on or off")),
                };
                Self::Set(Box::new(move |settings| settings.shows_time = shows_time))
            }
            other => {
                return Err(CliError::usage(format!("unknown command: .{other}")).hint(".help lists the commands."));
            }
        })
    }
}

fn value<T: ValueEnum>(name: &str, argument: Option<&str>) -> Result<T, CliError> {
    argument.and_then(|text| T::from_str(text, true).ok()).ok_or_else(|| {
        let values: Vec<_> = T::value_variants().iter().filter_map(T::to_possible_value).collect();
        let values: Vec<_> = values.iter().map(|value| value.get_name()).collect();
        CliError::usage(format!(".{name} needs one of: {}", values.join(", ")))
    })
}

/// A table as it was typed, as a name in SQL.
pub fn relation(text: &str) -> String {
    match text.starts_with('"') {
        true => text.to_owned(),
        false => quote_ident(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_change_settings_or_say_what_they_need() {
        let mut settings =
            Settings { scope: Scope::Local, format: Format::Table, limit: 7, shows_time: true, output: None };
        for text in ["scope auto", "mode CSV;", " limit 25 ", "timer off"] {
            match Command::parse(text) {
                Ok(Command::Set(change)) => change(&mut settings),
                _ => panic!("{text}"),
            }
        }
        assert!(settings.scope == Scope::Auto && settings.format == Format::Csv);
        assert_eq!((settings.limit, settings.shows_time), (25, false));
        let error = |text: &str| Command::parse(text).err().unwrap().to_string();
        assert_eq!(error("mode xml"), ".mode needs one of: table, json, csv");
        assert_eq!(error("limit many"), ".limit needs a number");
        assert_eq!(error("drop"), "unknown command: .drop");
    }

    #[test]
    fn tables_are_quoted_unless_they_are_already() {
        assert_eq!(relation("in.c-crm_orders"), "\"in.c-crm_orders\"");
        assert_eq!(relation("\"My table\""), "\"My table\"");
    }
}
