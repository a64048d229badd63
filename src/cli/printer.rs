//! The only place that writes to the terminal: results to stdout, everything else to stderr.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::config::{Environment, env_vars};

/// How much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Normal,
    /// Only warnings and errors.
    Quiet,
    /// Results as JSON, errors as JSON on stderr, nothing else.
    Json,
}

#[derive(Debug)]
pub struct Printer {
    mode: Mode,
    colors: bool,
    closed: AtomicBool,
}

impl Printer {
    pub fn new(mode: Mode, env: &Environment) -> Self {
        let colors = env.get(&env_vars::NO_COLOR).is_none() && io::stderr().is_terminal();
        Self { mode, colors, closed: AtomicBool::new(false) }
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// One line of result.
    pub fn line(&self, text: impl Display) -> io::Result<()> {
        if self.mode == Mode::Quiet {
            return Ok(());
        }
        writeln!(self.stdout(), "{text}")
    }

    /// A result as one line of JSON.
    pub fn json(&self, value: &impl Serialize) -> io::Result<()> {
        writeln!(self.stdout(), "{}", serde_json::to_string(value)?)
    }

    /// A result as indented JSON.
    pub fn pretty_json(&self, value: &impl Serialize) -> io::Result<()> {
        writeln!(self.stdout(), "{}", serde_json::to_string_pretty(value)?)
    }

    /// Buffered standard output, for results of any size.
    pub fn stdout(&self) -> impl Write + '_ {
        io::BufWriter::with_capacity(64 * 1024, Stdout { closed: &self.closed })
    }

    /// Something worth knowing that is neither result nor problem.
    pub fn note(&self, text: impl Display) {
        if self.mode == Mode::Normal {
            self.stderr(&text.to_string());
        }
    }

    /// A problem that did not stop the command. JSON results carry theirs inside.
    pub fn warn(&self, text: impl Display) {
        if self.mode != Mode::Json {
            let label = if self.colors { "\x1b[33mwarn:\x1b[0m" } else { "warn:" };
            self.stderr(&format!("{label} {text}"));
        }
    }

    /// A finished error text, in whatever mode.
    pub fn error(&self, text: &str) {
        self.stderr(text);
    }

    /// A question on stderr, so that stdout stays clean.
    pub fn ask(&self, question: &str) {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{question}: ").and_then(|()| stderr.flush());
    }

    /// A bar over `bytes`, drawn only for a person who watches.
    pub fn progress(&self, bytes: u64) -> ProgressBar {
        if self.mode != Mode::Normal || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr());
        let template = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg}";
        match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }

    /// Whether the reader of stdout went away: `agnes query … | head` is no error.
    pub fn closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    fn stderr(&self, text: &str) {
        // Nobody is left to tell when stderr is gone.
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
