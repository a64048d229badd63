//! How many requests of one person run at a time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex};

use crate::base::locked;

/// What one person may do at the same time.
#[derive(Debug)]
pub struct People {
    /// Requests, until their responses are sent.
    pub requests: Turns,
    /// Profiles, which take a process each and wait for each other.
    pub profiles: Turns,
    /// Uploads, each of which is checked by a process.
    pub uploads: Turns,
    /// Questions of admins that read much, or wait for a source.
    pub surveys: Turns,
    /// Searches in the catalog.
    pub searches: Turns,
    /// Lists of what one has sent, which may be long.
    pub own_files: Turns,
    /// Pages that follow what happens.
    pub streams: Turns,
}

impl Default for People {
    fn default() -> Self {
        Self {
            requests: Turns::new(50),
            profiles: Turns::new(1),
            uploads: Turns::new(2),
            surveys: Turns::new(3),
            searches: Turns::new(4),
            own_files: Turns::new(2),
            streams: Turns::new(6),
        }
    }
}

/// What is running of one kind, by user id.
#[derive(Clone, Debug)]
pub struct Turns {
    max: usize,
    running: Arc<Mutex<HashMap<String, usize>>>,
}

/// Something of a person that is running.
#[derive(Debug)]
pub struct Turn {
    turns: Turns,
    user_id: String,
}

#[derive(Debug, thiserror::Error)]
#[error("You have {0} requests of this kind running; wait until one of them ends")]
pub struct TooManyRunning(usize);

impl Turns {
    fn new(max: usize) -> Self {
        Self { max, running: Arc::default() }
    }

    pub fn take(&self, user_id: &str) -> Result<Turn, TooManyRunning> {
        let mut running = locked(&self.running);
        let count = running.entry(user_id.to_owned()).or_default();
        if *count >= self.max {
            return Err(TooManyRunning(*count));
        }
        *count += 1;
        Ok(Turn { turns: self.clone(), user_id: user_id.to_owned() })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Entry::Occupied(mut entry) = locked(&self.turns.running).entry(std::mem::take(&mut self.user_id)) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_given_back() {
        let turns = Turns::new(2);
        let (first, second) = (turns.take("ann").unwrap(), turns.take("ann").unwrap());
        assert!(turns.take("ann").is_err() && turns.take("bob").is_ok());
        drop(first);
        assert!(turns.take("ann").is_ok());
        drop(second);
        assert!(locked(&turns.running).is_empty());
    }
}
