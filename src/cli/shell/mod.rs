//! `agnes shell`: statements typed one after the other. Each runs like `agnes query`, so it sees the tables of the latest pull.

mod command;
mod editor;
mod running;

use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;
use std::time::Instant;

use self::command::{Command, HELP, Settings};
use self::editor::{Editor, Input};
use self::running::Interrupts;
use super::installed::Installed;
use super::query::{Format, Scope};
use super::snapshot::stored;
use super::workspace::Workspace;
use super::{CliError, Context, Output, Run};
use crate::query;

/// Type SQL, one statement after the other, with completion of tables and columns
///
/// Statements end with a semicolon. Commands begin with a dot; .help lists them. Ctrl-C stops a statement, Ctrl-D ends the
/// shell. Without a terminal, statements are read from stdin.
#[derive(clap::Args, Debug)]
pub struct Shell {
    /// Where to run statements
    #[arg(long, value_enum, default_value_t)]
    scope: Scope,
    /// Format of the rows
    #[arg(long, short, value_enum, default_value_t)]
    format: Format,
    /// Maximum number of rows that are shown
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(i64).range(0..))]
    limit: i64,
}

impl Run for Shell {
    fn run(self, context: &Context) -> anyhow::Result<Output> {
        let settings =
            Settings { scope: self.scope, format: self.format, limit: self.limit, shows_time: true, output: None };
        let mut session = Session { context, settings, interrupts: Interrupts::default(), has_failed: false };
        match io::stdin().is_terminal() {
            true => {
                session.interrupts = Interrupts::listen()?;
                session.converse()?;
            }
            false => session.read(io::stdin().lock())?,
        }
        Ok(Output::streamed().quiet(true).exit(u8::from(session.has_failed)))
    }
}

struct Session<'a> {
    context: &'a Context,
    settings: Settings,
    interrupts: Interrupts,
    /// Whether a statement of a script has failed.
    has_failed: bool,
}

impl Session<'_> {
    /// Asks for input until its end.
    fn converse(&mut self) -> anyhow::Result<()> {
        let workspace = Workspace::locate(self.context, false)?;
        let tables = Installed::read(&workspace)?.tables().count();
        self.context
            .printer
            .note(format_args!("{}: {tables} tables. .help shows what you can type.", workspace.root().display()));
        let mut editor = Editor::new(self.context)?;
        loop {
            match editor.read()? {
                Input::Text(text) => {
                    if !self.take(&text)? {
                        return Ok(());
                    }
                }
                Input::Interrupted => {}
                Input::End => return Ok(()),
            }
        }
    }

    /// Takes what a program or a file sends. Ends with the first statement that fails.
    fn read(&mut self, input: impl BufRead) -> anyhow::Result<()> {
        self.settings.shows_time = false;
        let mut text = String::new();
        for line in input.lines() {
            let line = line?;
            text.push_str(&line);
            text.push('\n');
            let is_whole = query::is_finished(&text) || text.trim_start().starts_with('.');
            if is_whole && (!self.take(&std::mem::take(&mut text))? || self.has_failed) {
                return Ok(());
            }
        }
        if !text.trim().is_empty() {
            self.take(&text)?;
        }
        Ok(())
    }

    /// Does what was typed; `false` ends the shell. Errors are shown.
    fn take(&mut self, text: &str) -> anyhow::Result<bool> {
        let text = text.trim();
        let outcome = match text.strip_prefix('.') {
            _ if text.is_empty() => Ok(()),
            Some(command) => match Command::parse(command) {
                Ok(Command::Quit) => return Ok(false),
                Ok(command) => self.obey(command),
                Err(error) => Err(error.into()),
            },
            None => self.execute(text),
        };
        if let Err(error) = outcome {
            if self.context.printer.closed() {
                return Ok(false);
            }
            self.has_failed = true;
            self.context.printer.error(&CliError::from(error));
        }
        Ok(true)
    }

    fn execute(&mut self, sql: &str) -> anyhow::Result<()> {
        let started = Instant::now();
        let output = running::run(sql, &self.settings, &self.interrupts, self.context)?;
        self.context.printer.print(&output)?;
        if self.settings.shows_time {
            self.context.printer.note(format_args!("({} ms)", started.elapsed().as_millis()));
        }
        if self.settings.output.is_some() {
            self.settings.output = None;
            self.context.printer.note("(the next result is shown again)");
        }
        Ok(())
    }

    fn obey(&mut self, command: Command) -> anyhow::Result<()> {
        let printer = &self.context.printer;
        match command {
            Command::Help => HELP.lines().try_for_each(|line| printer.line(line))?,
            Command::Tables => {
                let workspace = Workspace::locate(self.context, false)?;
                let visible = stored::visible(&workspace, &Installed::read(&workspace)?)?;
                visible.tables.iter().chain(&visible.snapshots).try_for_each(|name| printer.line(name))?;
            }
            Command::Schema(None) => return self.execute("SHOW ALL TABLES"),
            Command::Schema(Some(table)) => return self.execute(&format!("DESCRIBE {}", command::relation(&table))),
            Command::Set(change) => change(&mut self.settings),
            Command::Output(path) => self.settings.output = path.map(PathBuf::from),
            Command::Quit => {}
        }
        Ok(())
    }
}
