//! The queries of everybody that are not answered in full, and a way to stop each of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::base::{locked, time};

/// Of a statement that is shown, in characters.
const SHOWN: usize = 200;

/// A query that waits, runs, or sends its rows.
#[derive(Clone, Debug)]
pub struct RunningQuery {
    pub id: u64,
    /// The id of the user.
    pub person: Arc<str>,
    /// The first line of the statement.
    pub statement: String,
    pub since: Timestamp,
}

#[derive(Clone, Default)]
pub struct Running(Arc<Mutex<List>>);

#[derive(Default)]
struct List {
    last: u64,
    queries: BTreeMap<u64, (RunningQuery, Arc<Notify>)>,
}

/// A query in the list, until dropped.
pub struct Listed {
    id: u64,
    stop: Arc<Notify>,
    running: Running,
}

impl Running {
    pub fn list(&self, person: &Arc<str>, sql: &str) -> Listed {
        let (statement, since, stop) = (first_line(sql), time::now(), Arc::new(Notify::new()));
        let mut list = locked(&self.0);
        list.last += 1;
        let id = list.last;
        list.queries.insert(id, (RunningQuery { id, person: person.clone(), statement, since }, Arc::clone(&stop)));
        Listed { id, stop, running: self.clone() }
    }

    /// Oldest first.
    pub fn all(&self) -> Vec<RunningQuery> {
        locked(&self.0).queries.values().map(|(query, _)| query.clone()).collect()
    }

    /// Returns whether it was there.
    pub fn stop(&self, id: u64) -> bool {
        // A permit stays for a task that does not wait yet.
        locked(&self.0).queries.get(&id).map(|(_, stop)| stop.notify_one()).is_some()
    }
}

impl Listed {
    /// Completes when somebody stops the query.
    pub async fn is_stopped(&self) {
        self.stop.notified().await;
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        locked(&self.running.0).queries.remove(&self.id);
    }
}

fn first_line(sql: &str) -> String {
    let line = sql.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let mut shown: String = line.chars().take(SHOWN).collect();
    if shown.len() < sql.trim().len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_query_is_listed_until_it_ends() {
        let running = Running::default();
        let (first, second) = (running.list(&"ann".into(), "\n SELECT 1"), running.list(&"bob".into(), "SELECT\n2"));
        let all = running.all();
        assert_eq!(all.iter().map(|query| query.statement.as_str()).collect::<Vec<_>>(), ["SELECT 1", "SELECT…"]);
        assert!(running.stop(all[1].id) && !running.stop(99));
        second.is_stopped().await;
        drop(second);
        assert!(!running.stop(all[1].id));
        assert_eq!(running.all().len(), 1);
        drop(first);
        assert!(running.all().is_empty());
    }
}
