//! The rebuild: from all `extracts/*/extract.duckdb` to one published generation, whole or not at all.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};

use arc_swap::ArcSwap;
use serde::Serialize;

use super::publication_file;
use super::publish_remote::{Aliases, RemoteSource};
use super::publish_table::{PublishContext, publish_table};
use super::sources::{self, SourceHealth};
use crate::base::{atomic_file, ident};
use crate::config::{DataDir, Environment};
use crate::engine::Limits;
use crate::extract::parquet::Checker;
use crate::extract::{self, Extract, ExtractError, Publication, PublishedTable, RemotePolicy, TableMeta};
use crate::protocol::vocabulary::{QueryMode, SourceType};

/// Publishes, one rebuild at a time.
pub struct Orchestrator {
    data_dir: DataDir,
    limits: Limits,
    remote: RemotePolicy,
    current: ArcSwap<Publication>,
    /// As the last rebuild found them.
    health: ArcSwap<Vec<SourceHealth>>,
    /// Earlier generations that readers may still hold; also serializes rebuilds.
    earlier: Mutex<Vec<Weak<Publication>>>,
}

/// Something that was not published as it should be. What was published before stays, where there was something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub source: String,
    /// `None`: the whole source.
    pub table: Option<String>,
    pub error: String,
}

/// The outcome of a rebuild.
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

/// What one source offers.
struct Offer {
    source: String,
    directory: PathBuf,
    tables: Vec<TableMeta>,
    extract: Extract,
}

impl Orchestrator {
    /// Starts from what was last published.
    pub fn open(data_dir: DataDir, limits: Limits) -> Self {
        let publication = publication(1, publication_file::read(&data_dir));
        Self {
            data_dir,
            limits,
            remote: RemotePolicy::new(&Environment::default(), None),
            current: ArcSwap::from_pointee(publication),
            health: ArcSwap::default(),
            earlier: Mutex::default(),
        }
    }

    /// Also publishes remote tables, as far as the policy lets it.
    pub fn with_remote(self, remote: RemotePolicy) -> Self {
        Self { remote, ..self }
    }

    /// How each source is, in order of their names; empty before the first rebuild.
    pub fn health(&self) -> Arc<Vec<SourceHealth>> {
        self.health.load_full()
    }

    pub(super) fn data_dir(&self) -> &DataDir {
        &self.data_dir
    }

    /// What is published now.
    pub fn publication(&self) -> Arc<Publication> {
        self.current.load_full()
    }

    /// Publishes what all sources offer. Blocks for as long as it takes to hash what has changed.
    pub fn rebuild(&self, standing: &Standing) -> Result<Rebuilt, RebuildError> {
        let mut earlier = self.earlier.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let before = self.publication();
        let mut problems = Vec::new();
        let (mut offers, broken) = self.offers(&before, &mut problems)?;
        for (source, name) in &standing.materialized {
            if let Some(offer) = offers.iter_mut().find(|offer| offer.source == *source) {
                offer.add_file(name);
            }
        }
        let mut tables = BTreeMap::new();
        // Broken sources first: they keep what they had.
        for table in before.tables().filter(|table| broken.contains(&table.source)) {
            tables.insert(table.name.to_lowercase(), PublishedTable::clone(table));
        }
        // So do tables that their source still names but cannot show.
        for Problem { source, table, .. } in &problems {
            let was = table.as_ref().and_then(|name| before.get(name)).filter(|was| was.source == *source);
            tables.extend(was.map(|was| (was.name.to_lowercase(), PublishedTable::clone(was))));
        }
        let winners = winners(&offers, &standing.owners, &tables);
        let mut aliases = Aliases::default();
        let published = self.data_dir.published();
        let checker = Checker::new(&published)?;
        let press = PublishContext { published, checker, limits: self.limits.clone() };
        for offer in &offers {
            let remote = RemoteSource::new(&offer.extract, &self.remote, &self.limits);
            for meta in &offer.tables {
                let key = meta.table_name.to_lowercase();
                if winners.get(&key).is_some_and(|winner| *winner != offer.source) || tables.contains_key(&key) {
                    let owner = winners.get(&key).map_or("another source", String::as_str);
                    let error = format!("the name is already published by {owner}; rename one of the two tables");
                    problems.push(Problem::table(offer, meta, error));
                    continue;
                }
                let was = before.get(&key).filter(|table| table.source == offer.source);
                let published = match meta.query_mode {
                    QueryMode::Remote => remote.publish(&offer.source, meta).and_then(|table| aliases.claim(table)),
                    _ => publish_table(&offer.source, &offer.directory, meta, &press, was.map(Arc::as_ref))
                        .map_err(|error| error.to_string()),
                };
                match published {
                    Ok(table) => drop(tables.insert(key, table)),
                    Err(error) => {
                        problems.push(Problem::table(offer, meta, error));
                        // The last good rows stay.
                        if let Some(was) = was {
                            tables.insert(key, PublishedTable::clone(was));
                        }
                    }
                }
            }
        }
        let tables: Vec<PublishedTable> = tables.into_values().collect();
        publication_file::write(&self.data_dir, &tables)?;
        let publication = Arc::new(publication(before.generation + 1, tables));
        self.current.store(Arc::clone(&publication));
        self.health.store(Arc::new(sources::health(&self.health(), &publication, &problems)));
        earlier.push(Arc::downgrade(&before));
        drop(before);
        self.delete_unused(&mut earlier);
        Ok(Rebuilt { sources: by_source(&publication), publication, problems })
    }

    /// Reads every source; the second value names those that cannot be read although they published something before.
    /// A source is gone only when its directory is.
    fn offers(
        &self,
        before: &Publication,
        problems: &mut Vec<Problem>,
    ) -> Result<(Vec<Offer>, HashSet<String>), RebuildError> {
        let (mut offers, mut broken) = (Vec::new(), HashSet::new());
        let extracts = self.data_dir.extracts();
        if !extracts.is_dir() {
            // Perhaps a volume that is not mounted.
            broken.extend(before.tables().map(|table| table.source.clone()));
            problems.extend(broken.iter().map(|source| {
                let error = format!("{} is missing; the last good tables stay published", extracts.display());
                Problem { source: source.clone(), table: None, error }
            }));
            return Ok((offers, broken));
        }
        for directory in directories(&extracts)? {
            let source = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !directory.join(extract::DATABASE).is_file() {
                if before.tables().any(|table| table.source == source) {
                    let error = format!("{} is missing; the last good tables stay published", extract::DATABASE);
                    problems.push(Problem { source: source.clone(), table: None, error });
                    broken.insert(source);
                }
                continue;
            }
            if !ident::is_strict(&source) || ident::is_reserved_source(&source) {
                let error = "a source's directory needs a name of letters, digits and _ that is not reserved \
                             (main, temp, system, server)";
                problems.push(Problem { source, table: None, error: error.into() });
                continue;
            }
            match extract::read(&directory) {
                Ok(extract) => {
                    let tables = offered(&source, &extract, problems);
                    offers.push(Offer { source, directory, tables, extract });
                }
                Err(error) => {
                    tracing::error!(source, %error, "source cannot be read; its last good tables stay published");
                    problems.push(Problem { source: source.clone(), table: None, error: error.to_string() });
                    broken.insert(source);
                }
            }
        }
        Ok((offers, broken))
    }

    /// Deletes published files that no generation in use names.
    fn delete_unused(&self, earlier: &mut Vec<Weak<Publication>>) {
        earlier.retain(|generation| generation.strong_count() > 0);
        let alive: Vec<_> = earlier.iter().filter_map(Weak::upgrade).chain([self.publication()]).collect();
        let tables = alive.iter().flat_map(|generation| generation.tables());
        let used: HashSet<&Path> = tables.flat_map(|table| table.files()).map(|file| file.path.as_path()).collect();
        self.delete_merged(&alive);
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

impl Offer {
    /// Offers the file of a table that the extract does not name, if there is one.
    fn add_file(&mut self, name: &str) {
        let file = extract::data_file(&self.directory, name);
        let named = self.tables.iter().any(|table| table.table_name.eq_ignore_ascii_case(name));
        let Some(metadata) = std::fs::metadata(file).ok().filter(|_| ident::is_strict(name) && !named) else { return };
        let written = metadata.modified().ok().and_then(|time| jiff::Timestamp::try_from(time).ok());
        self.tables.push(TableMeta {
            table_name: name.to_owned(),
            description: None,
            rows: 0,
            size_bytes: i64::try_from(metadata.len()).unwrap_or(i64::MAX),
            extracted_at: written,
            query_mode: QueryMode::Local,
        });
    }
}

impl Problem {
    fn table(offer: &Offer, meta: &TableMeta, error: String) -> Self {
        let (source, table) = (offer.source.clone(), meta.table_name.clone());
        tracing::error!(source, table, error, "table not published");
        Self { source, table: Some(table), error }
    }
}

/// The tables of an extract that can be published.
fn offered(source: &str, extract: &Extract, problems: &mut Vec<Problem>) -> Vec<TableMeta> {
    let Extract { tables, objects, .. } = extract;
    tables
        .iter()
        .filter(|table| matches!(table.query_mode, QueryMode::Local | QueryMode::Remote))
        .filter(|table| {
            let name = &table.table_name;
            let error = if !ident::is_strict(name) || ident::is_reserved_table(name) {
                "unsafe identifier: use letters, digits and _ (64 at most), not beginning with a digit"
            } else if !objects.contains(&table.table_name.to_lowercase()) {
                "named in _meta, but there is no table or view of that name"
            } else {
                return true;
            };
            let table = Some(table.table_name.clone());
            problems.push(Problem { source: source.to_owned(), table, error: error.into() });
            false
        })
        .cloned()
        .collect()
}

/// Lower-cased name → the source that may publish it: its owner while that still offers it, else the first to ask.
fn winners(
    offers: &[Offer],
    owners: &HashMap<String, String>,
    kept: &BTreeMap<String, PublishedTable>,
) -> HashMap<String, String> {
    let mut winners: HashMap<String, String> =
        kept.iter().map(|(name, table)| (name.clone(), table.source.clone())).collect();
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

/// Only sources that Agnes does not provide itself may have been written by somebody else.
fn publication(generation: u64, tables: Vec<PublishedTable>) -> Publication {
    let is_foreign = |source: &str| !SourceType::from(source).is_reserved();
    Publication::new(generation, tables).with_foreign(is_foreign)
}

fn by_source(publication: &Publication) -> BTreeMap<String, Vec<String>> {
    let mut sources: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for table in publication.tables() {
        sources.entry(table.source.clone()).or_default().push(table.name.clone());
    }
    sources
}

/// Hidden directories hold what is still being written.
fn is_source(path: &Path) -> bool {
    path.is_dir() && !path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Sub-directories in order of their names; none when the parent is missing.
fn directories(parent: &Path) -> Result<Vec<PathBuf>, RebuildError> {
    let failed = |source| RebuildError::Read { path: parent.to_owned(), source };
    let entries = match std::fs::read_dir(parent) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut directories: Vec<PathBuf> =
        entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(|path| is_source(path)).collect();
    directories.sort();
    Ok(directories)
}
