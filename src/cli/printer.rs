//! The only place that writes to the terminal: results to stdout, everything else to stderr. Texts pass [`escape`];
//! `--json`, and query results as CSV or JSON, are written as they are.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::{Output, Part};
use super::{CliError, Globals, escape};
use crate::base::locked;
use crate::base::platform::terminal;
use crate::config::{Environment, env_vars};

#[derive(Debug)]
pub struct Printer {
    /// `--json` was given: results and errors are JSON, and nothing else is shown.
    pub is_json: bool,
    /// `--quiet` was given: no notes, no progress.
    is_quiet: bool,
    colors: bool,
    closed: AtomicBool,
    /// For whoever runs a command and shows what it says.
    captured: Option<Captured>,
}

/// What a command says besides its result.
#[derive(Debug)]
struct Captured {
    warnings: Mutex<Vec<String>>,
    bar: ProgressBar,
}

impl Printer {
    pub fn new(globals: &Globals, env: &Environment) -> Self {
        let wants_colors = !globals.no_color && env.get(&env_vars::NO_COLOR).is_none();
        let colors = wants_colors && io::stderr().is_terminal() && terminal::shows_colors();
        Self { is_json: globals.json, is_quiet: globals.quiet, colors, closed: AtomicBool::new(false), captured: None }
    }

    /// Keeps warnings, and moves `bar`.
    pub fn capturing(bar: ProgressBar) -> Self {
        let captured = Some(Captured { warnings: Mutex::default(), bar });
        Self { is_json: false, is_quiet: false, colors: false, closed: AtomicBool::new(false), captured }
    }

    /// The warnings that were kept.
    pub fn warnings(&self) -> Vec<String> {
        self.captured.as_ref().map(|captured| locked(&captured.warnings).clone()).unwrap_or_default()
    }

    /// Shows the result of a command.
    pub fn print(&self, output: &Output) -> io::Result<()> {
        let mut stdout = self.stdout();
        for part in output.parts(self.is_json) {
            match part {
                Part::Line(text) => writeln!(stdout, "{}", escape::line(text))?,
                Part::Script(text) => writeln!(stdout, "{text}")?,
                Part::Table(table) => table.write(&mut stdout, terminal::width())?,
                Part::Note(_) if self.is_quiet => {}
                // Both streams may be one terminal: what was printed comes first.
                Part::Note(text) | Part::Remark(text) => {
                    stdout.flush().map(|()| self.stderr(&escape::message(text)))?
                }
                Part::Warning(text) => stdout.flush().map(|()| self.warn(text))?,
            }
        }
        if self.is_json
            && let Some(text) = output.json_text()?
        {
            writeln!(stdout, "{text}")?;
        }
        stdout.flush()
    }

    /// One line of text, before the result is there.
    pub fn line(&self, text: impl Display) -> io::Result<()> {
        let mut stdout = self.stdout();
        writeln!(stdout, "{}", escape::line(&text.to_string()))?;
        stdout.flush()
    }

    /// Buffered standard output, for results of any size.
    pub fn stdout(&self) -> impl Write + '_ {
        io::BufWriter::with_capacity(64 * 1024, Stdout { closed: &self.closed })
    }

    /// Progress, or something else worth knowing that is neither result nor problem.
    pub fn note(&self, text: impl Display) {
        if !self.is_json && !self.is_quiet {
            self.stderr(&escape::message(&text.to_string()));
        }
    }

    /// A problem that does not stop the command. JSON results carry theirs inside.
    pub fn warn(&self, text: impl Display) {
        if let Some(captured) = &self.captured {
            locked(&captured.warnings).push(text.to_string());
        } else if !self.is_json {
            let label = if self.colors { "\x1b[33mwarn:\x1b[0m" } else { "warn:" };
            self.stderr(&format!("{label} {}", escape::message(&text.to_string())));
        }
    }

    /// What ended the command.
    pub fn error(&self, error: &CliError) {
        match self.is_json {
            true => self.stderr(&error.to_json().to_string()),
            false => self.stderr(&escape::message(&error.render())),
        }
    }

    /// Ends the line of an answer that was not shown.
    pub fn end_line(&self) {
        self.stderr("");
    }

    /// A question on stderr, so that stdout stays clean.
    pub fn ask(&self, question: &str) {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{}: ", escape::line(question)).and_then(|()| stderr.flush());
    }

    /// A bar over `bytes`, drawn only on a terminal.
    pub fn progress(&self, bytes: u64) -> ProgressBar {
        if let Some(captured) = &self.captured {
            captured.bar.set_length(bytes);
            return captured.bar.clone();
        }
        if self.is_json || self.is_quiet || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
        let template = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg}";
        match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }

    /// A count of bytes whose total is not known, drawn only on a terminal.
    pub fn transfer(&self) -> ProgressBar {
        if self.is_json || self.is_quiet || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        match ProgressStyle::with_template("{spinner} {bytes} received, {bytes_per_sec}, {elapsed}") {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }

    /// Whether the reader of stdout went away: `agnes query … | head` is not an error.
    pub fn closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    fn stderr(&self, text: &str) {
        // There is nowhere to report that stderr is gone.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}

struct Stdout<'a> {
    closed: &'a AtomicBool,
}

impl Stdout<'_> {
    fn noticing<T>(&self, outcome: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &outcome
            && error.kind() == io::ErrorKind::BrokenPipe
        {
            self.closed.store(true, Ordering::Relaxed);
        }
        outcome
    }
}

impl Write for Stdout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.noticing(io::stdout().lock().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.noticing(io::stdout().lock().flush())
    }
}
