//! The rebuild: from all `extracts/*/extract.duckdb` to one published generation, whole or not at all.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};

use arc_swap::ArcSwap;

use super::health::{self, Problem, SourceHealth};
use super::offers::{self, Offer};
use super::publish_remote::{Aliases, RemoteSource};
use super::publish_table::{PublishContext, publish_table};
use super::{analytics_db, merged};
use crate::base::{atomic_file, locked};
use crate::config::{DataDir, Environment};
use crate::connectors::CurrentSources;
use crate::engine::Limits;
use crate::extract::parquet::Checker;
use crate::extract::{ExtractError, Publication, PublishedTable, RemotePolicy, SharedPolicy};
use crate::protocol::vocabulary::QueryMode;

/// Publishes, one rebuild at a time.
pub struct Orchestrator {
    data_dir: DataDir,
    limits: Limits,
    remote: SharedPolicy,
    /// Without any, no source counts as foreign.
    sources: Option<CurrentSources>,
    current: ArcSwap<Publication>,
    /// After the last rebuild.
    health: ArcSwap<Vec<SourceHealth>>,
    /// Earlier generations that readers may still hold; also serializes rebuilds.
    earlier: Mutex<Vec<Weak<Publication>>>,
}

#[derive(Debug)]
pub struct Rebuilt {
    pub publication: Arc<Publication>,
    /// Source → its published tables.
    pub sources: BTreeMap<String, Vec<String>>,
    pub problems: Vec<Problem>,
}

#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    #[error("cannot publish: {0}; the last publication stays in place")]
    Write(#[from] ExtractError),
    #[error("cannot read {}: {source}", .path.display())]
    Read { path: PathBuf, source: std::io::Error },
}

/// What the state database knows that a rebuild has to respect.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Which source has which view name (lower-cased) so far: it keeps the name as long as it offers it.
    pub owners: HashMap<String, String>,
    /// Materialized tables, as (source, name): extracts of v0.35 hold their files without naming them.
    pub materialized: Vec<(String, String)>,
}

/// By lower-cased name.
type Tables = BTreeMap<String, PublishedTable>;

impl Orchestrator {
    /// Starts from what was last published.
    pub fn open(data_dir: DataDir, limits: Limits) -> Self {
        let publication = Publication::new(1, analytics_db::read(&data_dir));
        Self {
            data_dir,
            limits,
            remote: SharedPolicy::new(RemotePolicy::new(&Environment::default(), &[])),
            sources: None,
            current: ArcSwap::from_pointee(publication),
            health: ArcSwap::default(),
            earlier: Mutex::default(),
        }
    }

    /// Also publishes remote tables as far as the sources allow, and tells foreign sources from the instance's own.
    pub fn with_sources(self, sources: CurrentSources) -> Self {
        let published = Publication::clone(&self.publication());
        let now = sources.get();
        let current = ArcSwap::from_pointee(published.with_foreign(|source| now.is_foreign(source)));
        Self { remote: sources.remote(), sources: Some(sources), current, ..self }
    }

    /// The health of each source, in order of their names; empty before the first rebuild.
    pub fn health(&self) -> Arc<Vec<SourceHealth>> {
        self.health.load_full()
    }

    pub fn publication(&self) -> Arc<Publication> {
        self.current.load_full()
    }

    /// Publishes what all sources offer. Blocks for as long as it takes to hash what has changed.
    pub fn rebuild(&self, standing: &Standing) -> Result<Rebuilt, RebuildError> {
        let mut earlier = locked(&self.earlier);
        let previous = self.publication();
        let mut problems = Vec::new();
        let (mut offers, broken) = offers::read_all(&self.data_dir, &previous, &mut problems)
            .map_err(|source| RebuildError::Read { path: self.data_dir.extracts(), source })?;
        for (source, name) in &standing.materialized {
            if let Some(offer) = offers.iter_mut().find(|offer| offer.source == *source) {
                offer.add_file(name);
            }
        }
        let retained = retained(&previous, &broken, &problems);
        let tables = self.publish(&offers, &standing.owners, &previous, retained, &mut problems)?;
        let mut tables: Vec<PublishedTable> = tables.into_values().collect();
        analytics_db::write(&self.data_dir, &mut tables)?;
        let sources = self.sources.as_ref().map(CurrentSources::get);
        let is_foreign = |source: &str| sources.as_ref().is_some_and(|sources| sources.is_foreign(source));
        let publication = Arc::new(Publication::new(previous.generation + 1, tables).with_foreign(is_foreign));
        self.current.store(Arc::clone(&publication));
        self.health.store(Arc::new(health::health(&self.health(), &publication, &problems)));
        earlier.push(Arc::downgrade(&previous));
        drop(previous);
        self.delete_unused(&mut earlier);
        Ok(Rebuilt { sources: by_source(&publication), publication, problems })
    }

    /// Adds what is offered to `tables`, which stay as they are. What cannot be published becomes a problem, and keeps its
    /// last good rows.
    fn publish(
        &self,
        offers: &[Offer],
        owners: &HashMap<String, String>,
        previous: &Publication,
        mut tables: Tables,
        problems: &mut Vec<Problem>,
    ) -> Result<Tables, ExtractError> {
        let winners = winners(offers, owners, &tables);
        let mut aliases = Aliases::default();
        let published = self.data_dir.published();
        let checker = Checker::new(&published)?;
        let context = PublishContext { published, checker, limits: self.limits.clone() };
        let policy = self.remote.current();
        for offer in offers {
            let remote = RemoteSource::new(&offer.extract, &policy, &self.limits);
            for meta in &offer.tables {
                let key = meta.table_name.to_lowercase();
                if winners.get(&key).is_some_and(|winner| *winner != offer.source) || tables.contains_key(&key) {
                    let owner = winners.get(&key).map_or("another source", String::as_str);
                    let error = format!("the name is already published by {owner}; rename one of the two tables");
                    problems.push(offer.problem(meta, error));
                    continue;
                }
                let earlier = previous.get(&key).filter(|table| table.source == offer.source).map(Arc::as_ref);
                let published = match meta.query_mode {
                    QueryMode::Remote => remote.publish(&offer.source, meta).and_then(|table| aliases.claim(table)),
                    _ => publish_table(&offer.source, &offer.directory, meta, &context, earlier)
                        .map_err(|error| error.to_string()),
                };
                let published = published.map_err(|error| problems.push(offer.problem(meta, error)));
                if let Some(table) = published.ok().or_else(|| earlier.cloned()) {
                    tables.insert(key, table);
                }
            }
        }
        Ok(tables)
    }

    /// Deletes published files that no generation in use names.
    fn delete_unused(&self, earlier: &mut Vec<Weak<Publication>>) {
        earlier.retain(|generation| generation.strong_count() > 0);
        let alive: Vec<_> = earlier.iter().filter_map(Weak::upgrade).chain([self.publication()]).collect();
        let tables = alive.iter().flat_map(|generation| generation.tables());
        let used: HashSet<&Path> = tables.flat_map(|table| table.files()).map(|file| file.path.as_path()).collect();
        merged::delete_unused(&self.data_dir.merged(), &alive);
        let Ok(files) = std::fs::read_dir(self.data_dir.published()) else { return };
        for path in files.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
            if !used.contains(path.as_path())
                && let Err(error) = atomic_file::remove(&path)
            {
                tracing::warn!(path = %path.display(), %error, "cannot delete an unused file");
            }
        }
    }
}

/// What stays published as it was: tables of sources that are broken, and tables that their source names but cannot show.
fn retained(previous: &Publication, broken: &HashSet<String>, problems: &[Problem]) -> Tables {
    let of_broken = previous.tables().filter(|table| broken.contains(&table.source));
    let unreadable = problems.iter().filter_map(|Problem { source, table, .. }| {
        previous.get(table.as_ref()?).filter(|table| table.source == *source)
    });
    let tables = of_broken.chain(unreadable);
    tables.map(|table| (table.name.to_lowercase(), PublishedTable::clone(table))).collect()
}

/// Lower-cased name → the source that may publish it: its owner while that still offers it, else the first that does.
fn winners(offers: &[Offer], owners: &HashMap<String, String>, retained: &Tables) -> HashMap<String, String> {
    let mut winners: HashMap<String, String> =
        retained.iter().map(|(name, table)| (name.clone(), table.source.clone())).collect();
    for owner_round in [true, false] {
        for offer in offers {
            for meta in &offer.tables {
                let name = meta.table_name.to_lowercase();
                if !owner_round || owners.get(&name) == Some(&offer.source) {
                    winners.entry(name).or_insert_with(|| offer.source.clone());
                }
            }
        }
    }
    winners
}

fn by_source(publication: &Publication) -> BTreeMap<String, Vec<String>> {
    let mut sources: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for table in publication.tables() {
        sources.entry(table.source.clone()).or_default().push(table.name.clone());
    }
    sources
}
