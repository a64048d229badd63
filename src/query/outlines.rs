//! What statements say, remembered for those that come again.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use lru::LruCache;

use super::policy::{self, Outline};
use super::{QueryError, trees};
use crate::base::locked;

/// Statements that are remembered, and the longest one in bytes.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(512).unwrap();
const MAX_REMEMBERED_BYTES: usize = 4 * 1024;

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
        let text = sql.to_owned();
        let outline = Arc::new(trees::read(tree, move |tree, levels| policy::outline(&text, tree, levels)).await?);
        if sql.len() <= MAX_REMEMBERED_BYTES {
            locked(&self.0).put(sql.to_owned(), outline.clone());
        }
        Ok(outline)
    }
}
