//! Running a statement that Ctrl-C stops.

use std::io;
use std::sync::{Arc, Mutex};

use tokio_util::sync::{CancellationToken, DropGuard};

use super::command::Settings;
use crate::base::ident::quote_ident;
use crate::base::locked;
use crate::base::platform::signals;
use crate::cli::query::{ResultOptions, local};
use crate::cli::{Context, Output, Printer};
use crate::engine::{StopOnDrop, Watch};

/// Stops the running statement when the person presses Ctrl-C.
#[derive(Clone, Default)]
pub struct Interrupts(Arc<Mutex<Option<Stop>>>);

/// Stops a statement when it is dropped.
struct Stop {
    _requests: DropGuard,
    _statement: StopOnDrop,
}

impl Interrupts {
    /// From now on Ctrl-C does not end the program.
    pub fn listen() -> io::Result<Self> {
        let interrupts = Self::default();
        let running = interrupts.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut pressed = {
            let _inside = runtime.enter();
            signals::interrupts()?
        };
        std::thread::spawn(move || {
            runtime.block_on(async {
                while pressed.recv().await.is_some() {
                    running.stop();
                }
            });
        });
        Ok(interrupts)
    }

    fn stop(&self) {
        drop(locked(&self.0).take());
    }
}

/// Runs a statement where the settings say.
pub fn run(sql: &str, settings: &Settings, interrupts: &Interrupts, context: &Context) -> anyhow::Result<Output> {
    let (cancellation, mut watch) = (CancellationToken::new(), Watch::new());
    let stop = Stop { _requests: cancellation.clone().drop_guard(), _statement: watch.stop_on_drop() };
    *locked(&interrupts.0) = Some(stop);
    let context = Context {
        env: context.env.clone(),
        globals: context.globals.clone(),
        printer: Printer::new(&context.globals, &context.env),
        cancellation,
        used: Mutex::default(),
    };
    let result = ResultOptions::new(settings.format, settings.output.clone(), settings.limit);
    let outcome = result.of(sql, settings.scope, &mut watch, &context);
    interrupts.stop();
    outcome
}

/// Names of tables and columns, as they are written in SQL.
pub fn names(context: &Context) -> anyhow::Result<Vec<String>> {
    // In an empty workspace there is nothing to complete.
    let Ok(connection) = local::connect("", context) else { return Ok(Vec::new()) };
    let sql = "SELECT table_name AS name FROM duckdb_columns() WHERE NOT internal \
               UNION SELECT column_name FROM duckdb_columns() WHERE NOT internal ORDER BY name";
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    let is_plain = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
            && !name.starts_with(|it: char| it.is_ascii_digit())
    };
    names.map(|name| Ok(name.map(|name| if is_plain(&name) { name } else { quote_ident(&name) })?)).collect()
}
