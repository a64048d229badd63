//! Rendering templates. Those that somebody has written are rendered in a process of their own: the engine limits steps,
//! output and recursion, but nothing limits how deeply a template is nested, which takes stack.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::concurrency::ConcurrencyLimit;
use crate::base::platform::kernel;
use crate::base::process;

/// Steps, each worth one operation or 64 bytes.
const FUEL: u64 = 500_000;
const MAX_RECURSION: usize = 100;
/// Longest result.
const MAX_OUTPUT_BYTES: usize = 2_000_000;
/// Memory of the process.
const MAX_MEMORY: u64 = 512 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(10);
/// Processes at a time, and how many may wait for one.
const MAX_RUNNING: usize = 2;
const MAX_WAITING: usize = 50;

/// Renders templates of admins.
#[derive(Clone, Debug)]
pub struct Renderer {
    program: PathBuf,
    environment: Vec<(String, String)>,
    turns: ConcurrencyLimit,
}

#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The template is wrong.
    #[error("{0}")]
    Template(String),
    #[error("Too many prompts are being rendered; try again soon")]
    Busy,
    #[error("cannot render a template: {0}")]
    Process(String),
}

#[derive(Deserialize, Serialize)]
struct Request {
    source: String,
    values: Value,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Rendered(String),
    Wrong(String),
}

impl Renderer {
    /// `program` is this program; the process sees these variables.
    pub fn new(program: PathBuf, environment: Vec<(String, String)>) -> Self {
        Self { program, environment, turns: ConcurrencyLimit::new(MAX_RUNNING, MAX_WAITING) }
    }

    pub async fn render(&self, source: &str, values: Value) -> Result<String, RenderError> {
        let _turn = self.turns.acquire().await.map_err(|_| RenderError::Busy)?;
        let request = Request { source: source.to_owned(), values };
        let request = serde_json::to_vec(&request).map_err(|error| RenderError::Process(error.to_string()))?;
        let mut command = process::command(&self.program, self.environment.iter().map(|(name, value)| (name, value)));
        command.args(["internal", "render-template"]);
        let mut answer = None;
        let output = process::run(&mut command, &request, TIMEOUT, |line| answer = serde_json::from_str(line).ok());
        let output = output.await.map_err(|error| RenderError::Process(error.to_string()))?;
        match answer {
            Some(Answer::Rendered(text)) => Ok(text),
            Some(Answer::Wrong(reason)) => Err(RenderError::Template(reason)),
            None if output.status.is_none() => {
                Err(RenderError::Template(format!("it takes longer than {} seconds", TIMEOUT.as_secs())))
            }
            None if output.status.is_some_and(|status| status.code().is_none()) => {
                Err(RenderError::Template("it is nested too deeply, or needs too much memory".into()))
            }
            None => Err(RenderError::Process(process::last_bytes(output.stderr.trim(), 500).to_owned())),
        }
    }
}

/// Renders one template, which `input` has, in a process of its own.
pub fn serve(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    kernel::limit_memory(MAX_MEMORY)?;
    process::yield_to_others();
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    let request: Request = serde_json::from_slice(&text).map_err(io::Error::other)?;
    let answer = match render(&request, text.len()) {
        Ok(text) => Answer::Rendered(text),
        Err(reason) => Answer::Wrong(reason),
    };
    serde_json::to_writer(&mut output, &answer)?;
    output.flush()
}

/// Renders a template of ours, in this process.
pub fn render_own(source: &str, values: &Value) -> Result<String, RenderError> {
    let environment = environment();
    let template = environment.template_from_str(source).map_err(|error| RenderError::Process(error.to_string()))?;
    template.render(Serde(values)).map_err(|error| RenderError::Process(error.to_string()))
}

/// Renders a template of somebody else within limits, which grow with what it may show. The error is for its author.
fn render(request: &Request, shown_bytes: usize) -> Result<String, String> {
    let mut environment = environment();
    environment.set_fuel(Some(FUEL + shown_bytes as u64 / 8));
    environment.set_recursion_limit(MAX_RECURSION);
    let max_bytes = MAX_OUTPUT_BYTES + shown_bytes;
    let told = |error: minijinja::Error| match error.kind() {
        ErrorKind::OutOfFuel => "it takes too many steps, or too much memory".into(),
        ErrorKind::WriteFailure => format!("its result is longer than {max_bytes} bytes"),
        _ => error.to_string().replace("(in <string>:", "(line "),
    };
    let template = environment.template_from_str(&request.source).map_err(told)?;
    let mut output = Limited { bytes: Vec::new(), max_bytes };
    template.render_captured_to(Serde(&request.values), &mut output).map_err(told)?;
    String::from_utf8(output.bytes).map_err(|error| error.to_string())
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    // It shows the insides of the engine.
    environment.remove_global("debug");
    environment
}

/// Takes so many bytes and no more.
struct Limited {
    bytes: Vec<u8>,
    max_bytes: usize,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.max_bytes {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
