use std::sync::{Arc, OnceLock};

use super::{Connection, State};
use crate::base::locked;
use crate::server::services::people::Turn;

/// A request and its response, as an extension of the request. It lasts until the response is sent.
#[derive(Clone, Debug)]
pub struct Exchange(Arc<Running>);

#[derive(Debug)]
struct Running {
    connection: Arc<Connection>,
    responded: OnceLock<()>,
    turn: OnceLock<Turn>,
}

impl Exchange {
    /// A request has begun.
    pub fn begin(connection: &Arc<Connection>) -> Self {
        connection.update(|state| {
            state.has_asked = true;
            state.handled += 1;
        });
        let connection = Arc::clone(connection);
        Self(Arc::new(Running { connection, responded: OnceLock::new(), turn: OnceLock::new() }))
    }

    /// The caller has signed in.
    pub fn know(&self) {
        let connection = &self.0.connection;
        if !locked(&connection.state).is_known {
            connection.update(|state| state.is_known = true);
        }
    }

    /// Holds the caller's turn until the response is sent. `take` is called for the first of several identical callers.
    pub fn hold<E>(&self, take: impl FnOnce() -> Result<Turn, E>) -> Result<(), E> {
        if self.0.turn.get().is_none() {
            let _ = self.0.turn.set(take()?);
        }
        Ok(())
    }

    /// The response has begun.
    pub fn respond(&self) {
        if self.0.responded.set(()).is_ok() {
            self.0.connection.update(|state| {
                state.handled -= 1;
                state.sent += 1;
            });
        }
    }

    /// The client has taken more of the response.
    pub fn moved(&self) {
        self.0.connection.moved();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let has_responded = self.responded.get().is_some();
        self.connection.update(|State { handled, sent, .. }| {
            if has_responded {
                *sent -= 1;
            } else {
                *handled -= 1;
            }
        });
    }
}
