//! The open connections: how many there may be, and which one makes room for another.

mod exchange;
mod places;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

pub use self::exchange::Exchange;
use self::places::{Places, Rank};
use crate::base::locked;

/// Descriptors that connections leave to files and child processes, at most half of all.
const RESERVED_DESCRIPTORS: u64 = 1024;
/// Connections beyond the limit that are being closed.
const CLOSING: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Of all connections.
    pub max: usize,
    /// Of those from one address on which nobody has signed in.
    pub max_strangers: usize,
}

/// What a connection may take its time for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until its first request has begun, whatever the protocol.
    pub first_request: Duration,
    /// Until the next request has begun.
    pub next_request: Duration,
    /// Until more of a response has been taken.
    pub response: Duration,
}

impl ConnectionLimits {
    /// The same, as far as a process that may open so many descriptors can have them.
    pub fn within(self, descriptors: u64) -> Self {
        let available = descriptors - RESERVED_DESCRIPTORS.min(descriptors / 2);
        let max = usize::try_from(available).unwrap_or(usize::MAX).min(self.max);
        if max < self.max {
            tracing::warn!("at most {max} connections at a time: this process may open only {descriptors} files");
        }
        Self { max, ..self }
    }
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { max: 4096, max_strangers: 256 }
    }
}

#[derive(Debug)]
pub struct Connections {
    limits: ConnectionLimits,
    /// One permit for each descriptor.
    descriptors: Arc<Semaphore>,
    places: Mutex<Places>,
}

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    number: u64,
    connections: Arc<Connections>,
    patience: Patience,
    /// Notified when it has to make room.
    close: Arc<Notify>,
    state: Mutex<State>,
    _descriptor: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct State {
    has_asked: bool,
    is_known: bool,
    /// Requests that are being handled.
    handled: usize,
    /// Responses that are being sent.
    sent: usize,
    /// When a request or response last went on.
    moved: Instant,
}

impl Connections {
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        let descriptors = Arc::new(Semaphore::new(limits.max + CLOSING));
        Arc::new(Self { limits, descriptors, places: Mutex::default() })
    }

    /// Waits until another connection may be accepted.
    pub async fn descriptor(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.descriptors).acquire_owned().await.ok()
    }

    /// Takes a connection in. When a limit is reached, the one that is needed least makes room; `None` if every one is
    /// needed more. `address` is that of a client, `None` for a proxy.
    pub fn admit(
        self: &Arc<Self>,
        address: Option<IpAddr>,
        patience: Patience,
        descriptor: OwnedSemaphorePermit,
    ) -> Option<Arc<Connection>> {
        let close = Arc::new(Notify::new());
        let number = locked(&self.places).admit(self.limits, address, Arc::clone(&close))?;
        let state = State { has_asked: false, is_known: false, handled: 0, sent: 0, moved: Instant::now() };
        Some(Arc::new(Connection {
            number,
            connections: Arc::clone(self),
            patience,
            close,
            state: Mutex::new(state),
            _descriptor: descriptor,
        }))
    }

    /// How many are open, and how many there may be.
    pub fn count(&self) -> (usize, usize) {
        let places = self.limits.max + CLOSING;
        (places - self.descriptors.available_permits().min(places), self.limits.max)
    }

    /// Closes the connection that is needed least, when the process has run out of descriptors.
    pub fn make_room(&self) {
        locked(&self.places).close_one();
    }
}

impl Connection {
    /// Completes when the connection is to be closed: it has to make room, or has waited too long for its client.
    pub async fn is_over(&self) {
        tokio::select! {
            () = self.close.notified() => {}
            () = self.is_late() => {}
        }
    }

    async fn is_late(&self) {
        let Patience { first_request, next_request, response } = self.patience;
        let again = first_request.min(next_request).min(response);
        loop {
            let now = Instant::now();
            let deadline = self.deadline();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return;
            }
            // A later state may have an earlier deadline.
            sleep_until(deadline.unwrap_or(now + again).min(now + again)).await;
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let state = locked(&self.state);
        match *state {
            State { has_asked: false, .. } => Some(state.moved + self.patience.first_request),
            State { handled: 0, sent: 0, .. } => Some(state.moved + self.patience.next_request),
            State { handled: 0, .. } => Some(state.moved + self.patience.response),
            // The body of the request and the work of the handler have deadlines of their own.
            _ => None,
        }
    }

    /// Changes the state, and with it when the connection makes room.
    fn update(&self, change: impl FnOnce(&mut State)) {
        let rank = {
            let mut state = locked(&self.state);
            change(&mut state);
            state.moved = Instant::now();
            match *state {
                State { has_asked: false, .. } => Rank::Silent,
                State { is_known: false, .. } => Rank::Stranger,
                State { handled: 0, sent: 0, .. } => Rank::Known,
                _ => Rank::Busy,
            }
        };
        locked(&self.connections.places).move_to(self.number, rank);
    }

    fn moved(&self) {
        locked(&self.state).moved = Instant::now();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        locked(&self.connections.places).remove(self.number);
    }
}

#[cfg(test)]
mod tests;
