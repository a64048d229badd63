//! Who makes a request: extractors find it out, and the middleware around them logs it.

use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use axum::http::request::Parts;

use crate::access::{AuthKind, Principal};
use crate::store::audit::Actor;

/// An extension of each request; empty until somebody is authenticated.
#[derive(Clone, Debug, Default)]
pub struct Identity(Arc<OnceLock<Known>>);

/// An authenticated caller.
#[derive(Debug)]
pub struct Known {
    pub actor: Actor,
    pub user_id: String,
    pub email: String,
    pub kind: AuthKind,
}

impl Known {
    /// The id of the personal token that was used.
    pub fn token_id(&self) -> Option<&str> {
        match &self.kind {
            AuthKind::Token(id) => Some(id),
            AuthKind::Session(_) | AuthKind::Scheduler | AuthKind::Dev => None,
        }
    }
}

impl Identity {
    /// The one of a request.
    pub fn of(request: &Request) -> Self {
        request.extensions().get().cloned().unwrap_or_default()
    }

    pub fn known(&self) -> Option<&Known> {
        self.0.get()
    }

    /// Called by extractors. A second one finds the same caller.
    pub fn set(parts: &Parts, caller: &Principal) {
        if let Some(Self(slot)) = parts.extensions.get() {
            slot.get_or_init(|| Known {
                actor: caller.actor(),
                user_id: caller.user().id.clone(),
                email: caller.user().email.clone(),
                kind: caller.kind().clone(),
            });
        }
    }
}
