//! What statements say, remembered for those that come again.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use lru::LruCache;
use tokio::sync::oneshot;

use super::QueryError;
use super::policy::{self, Outline};
use crate::base::locked;
use crate::engine::parse::MAX_LEVELS;

/// Statements that are remembered, and the longest one in bytes.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(512).unwrap();
const MAX_REMEMBERED_BYTES: usize = 4 * 1024;
/// Levels of a tree that any thread has stack for, and a size that takes it no time, in bytes.
const FEW_LEVELS: usize = 64;
const SMALL: usize = 256 * 1024;
const STACK_BYTES: usize = 64 * 1024 * 1024;

pub struct Outlines(Mutex<LruCache<String, Arc<Outline>>>);

impl Default for Outlines {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Outlines {
    pub fn get(&self, sql: &str) -> Option<Arc<Outline>> {
        locked(&self.0).get(sql).cloned()
    }

    /// Reads a syntax tree.
    pub async fn read(&self, sql: &str, tree: String) -> Result<Arc<Outline>, QueryError> {
        let outline = match tree.len() {
            0..SMALL => match policy::outline(sql, &tree, FEW_LEVELS) {
                Err(QueryError::TooComplex(_)) => on_a_thread(sql.to_owned(), tree).await?,
                outline => outline?,
            },
            _ => on_a_thread(sql.to_owned(), tree).await?,
        };
        let outline = Arc::new(outline);
        if sql.len() <= MAX_REMEMBERED_BYTES {
            locked(&self.0).put(sql.to_owned(), outline.clone());
        }
        Ok(outline)
    }
}

/// Trees are read by recursion, and long ones take time.
async fn on_a_thread(sql: String, tree: String) -> Result<Outline, QueryError> {
    let (sender, receiver) = oneshot::channel();
    let read = move || drop(sender.send(policy::outline(&sql, &tree, MAX_LEVELS)));
    let thread = std::thread::Builder::new().name("policy".into()).stack_size(STACK_BYTES);
    thread.spawn(read).map_err(|error| QueryError::Internal(format!("cannot start a thread: {error}")))?;
    receiver.await.map_err(|_| QueryError::Internal("a thread died".into()))?
}
