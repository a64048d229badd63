//! One call of a tool.

use std::sync::Mutex;
use std::time::Duration;

use indicatif::ProgressBar;
use tokio_util::sync::CancellationToken;

use crate::base::locked;
use crate::cli::{Context, Printer};
use crate::config::Environment;
use crate::engine::{Connection, StopOnDrop, Watch};

use super::super::Globals;

/// How long a statement may run here; the server has its own limit.
const LOCAL_LIMIT: Duration = Duration::from_secs(600);

/// What a tool gets besides its arguments.
pub struct Call {
    /// Reads credentials and workspace anew, so that somebody who signs in meanwhile need not restart anything.
    pub context: Context,
    watch: Mutex<Watch>,
}

/// Ends a call when it is dropped.
pub struct Stop {
    _requests: tokio_util::sync::DropGuard,
    _statements: StopOnDrop,
}

impl Call {
    /// `bar` shows how far it is.
    pub fn new(env: &Environment, globals: &Globals, bar: ProgressBar) -> (Self, Stop) {
        let (cancellation, watch) = (CancellationToken::new(), Watch::new());
        let stop = Stop { _requests: cancellation.clone().drop_guard(), _statements: watch.stop_on_drop() };
        // Results are values here, whatever the options say.
        let globals = Globals { json: false, ..globals.clone() };
        let context = Context {
            env: env.clone(),
            globals,
            printer: Printer::capturing(bar),
            cancellation,
            used: Mutex::default(),
        };
        (Self { context, watch: Mutex::new(watch) }, stop)
    }

    /// Works on a database, until the call is stopped.
    pub fn on<T>(&self, connection: &Connection, work: impl FnOnce(&Connection) -> T) -> T {
        locked(&self.watch).run(connection, LOCAL_LIMIT, work)
    }
}
