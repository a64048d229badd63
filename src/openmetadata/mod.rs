//! OpenMetadata, a catalog of the company's data: what people wrote there about tables and columns.

mod client;
mod metric;
mod model;
mod reader;
mod settings;
mod text;

pub use client::ClientError;
pub use metric::CatalogMetric;
pub use model::{About, CatalogTable};
pub use reader::{Reader, Reading, TableReading};
pub use settings::{Selection, Settings};

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lru::LruCache;
use tokio::sync::Semaphore;

use crate::base::locked;
use client::Client;
use model::Table;

/// Requests at a time.
const MAX_CONCURRENT: usize = 4;
/// Tables whose descriptions are kept.
const MAX_TABLES: usize = 20_000;

/// What OpenMetadata says about tables. It is asked in the background: nobody waits for it, and a table is described once
/// the answer has arrived. Knows nothing unless it is configured.
#[derive(Clone, Default)]
pub struct OpenMetadata {
    shared: Option<Arc<Shared>>,
}

struct Shared {
    settings: Settings,
    client: Client,
    turns: Semaphore,
    state: Mutex<State>,
}

struct State {
    /// By fully qualified name.
    known: LruCache<String, Known>,
    /// Rises with changes of what is known, when nothing is being asked for.
    version: u64,
    has_news: bool,
    /// Names that are being asked for.
    asking: HashSet<String>,
    /// Nothing is asked for until then.
    paused_until: Option<Instant>,
}

struct Known {
    about: Option<Arc<About>>,
    since: Instant,
    lasts: Duration,
}

impl OpenMetadata {
    pub fn new(settings: Option<Settings>) -> Result<Self, ClientError> {
        let Some(settings) = settings else { return Ok(Self::default()) };
        let state = State {
            known: LruCache::unbounded(),
            version: 0,
            has_news: false,
            asking: HashSet::new(),
            paused_until: None,
        };
        let shared = Shared {
            client: Client::new(&settings)?,
            turns: Semaphore::new(MAX_CONCURRENT),
            state: Mutex::new(state),
            settings,
        };
        Ok(Self { shared: Some(Arc::new(shared)) })
    }

    /// Returns what is known about the table with this registry id. If that is nothing, or out of date, OpenMetadata is
    /// asked in the background.
    pub fn about(&self, id: &str) -> Option<Arc<About>> {
        let shared = self.shared.as_ref()?;
        let fqn = shared.settings.fqn(id);
        let mut state = locked(&shared.state);
        let known = state.known.get(&fqn);
        let is_current = known.is_some_and(|known| known.since.elapsed() < known.lasts);
        let about = known.and_then(|known| known.about.clone());
        if !is_current && !state.is_paused() && state.asking.insert(fqn.clone()) {
            tokio::spawn(Arc::clone(shared).ask(fqn));
        }
        about
    }

    /// Rises when more, or something else, is known, and no request is on its way.
    pub fn version(&self) -> u64 {
        self.shared.as_ref().map_or(0, |shared| locked(&shared.state).version)
    }

    /// The description of a table, as far as it is known.
    pub fn description(&self, id: &str) -> Option<String> {
        self.about(id).map(|about| about.description.clone()).filter(|text| !text.is_empty())
    }
}

impl Shared {
    async fn ask(self: Arc<Self>, fqn: String) {
        let _turn = self.turns.acquire().await;
        // Others may have failed while this one waited.
        let is_paused = locked(&self.state).is_paused();
        let answer =
            if is_paused { None } else { Some(self.client.table(&fqn).await.map(|table| self.about(table, &fqn))) };
        let mut state = locked(&self.state);
        if let Some(answer) = answer {
            self.record(&mut state, &fqn, answer);
        }
        state.asking.remove(&fqn);
        if state.asking.is_empty() && std::mem::take(&mut state.has_news) {
            state.version += 1;
        }
    }

    fn about(&self, table: Option<Table>, fqn: &str) -> Option<About> {
        table.map(|table| About::new(table, self.client.table_page(fqn)))
    }

    fn record(&self, state: &mut State, fqn: &str, answer: Result<Option<About>, ClientError>) {
        let before = state.known.get(fqn).and_then(|known| known.about.clone());
        let (about, lasts) = match answer {
            Ok(about) => (about.map(Arc::new), self.settings.lifetime),
            Err(error) => {
                tracing::warn!(%error, table = fqn, "OpenMetadata does not describe a table");
                let pause = error.retry_after().unwrap_or_default().max(self.settings.retry);
                if error.concerns_all() {
                    state.paused_until = Some(Instant::now() + pause);
                }
                // What was known before is better than nothing.
                (before.clone(), pause)
            }
        };
        state.has_news |= about != before;
        state.known.put(fqn.to_owned(), Known { about, since: Instant::now(), lasts });
        while state.known.len() > MAX_TABLES {
            state.known.pop_lru();
        }
    }
}

impl State {
    fn is_paused(&self) -> bool {
        self.paused_until.is_some_and(|until| Instant::now() < until)
    }
}
