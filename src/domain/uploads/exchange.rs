//! Exchanging the file of a table in such a way that it can be undone.

use std::io;
use std::path::PathBuf;

use crate::base::atomic_file::{self, Pending};
use crate::connectors::files;

/// A new file in place, and the files that it replaced. Dropping it brings those back, unless [`Exchange::keep`] is called.
pub struct Exchange {
    previous: Vec<Pending>,
    /// The new file, if there was none of that name.
    added: Option<PathBuf>,
}

impl Exchange {
    /// Puts the file into place and removes every other file that the table may have been made of.
    pub fn begin(file: Pending, table: &str) -> io::Result<Self> {
        let (target, folder) = (file.target().to_owned(), file.folder().to_owned());
        let mut exchange = Self { previous: Vec::new(), added: None };
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            if is_of(&entry.file_name().to_string_lossy(), table) && entry.path().is_file() {
                exchange.previous.push(Pending::copy_of(&entry.path())?);
            }
        }
        if !exchange.previous.iter().any(|old| old.target() == target) {
            exchange.added = Some(target.clone());
        }
        file.commit()?;
        let mut others = exchange.previous.iter().map(Pending::target).filter(|old| *old != target);
        others.try_for_each(atomic_file::remove)?;
        Ok(exchange)
    }

    /// Makes the exchange final.
    pub fn keep(mut self) {
        self.added = None;
        self.previous.clear();
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let restored = self.previous.drain(..).map(Pending::restore);
        let removed = self.added.iter().map(|added| atomic_file::remove(added));
        for error in restored.chain(removed).filter_map(Result::err) {
            tracing::error!(%error, "cannot bring back the file that an upload replaced");
        }
    }
}

/// Returns whether the table may have been made of the file of this name.
fn is_of(file: &str, table: &str) -> bool {
    files::ending(file)
        .and_then(|ending| file.strip_suffix(ending))
        .is_some_and(|stem| stem.eq_ignore_ascii_case(table))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn contents(folder: &Path) -> Vec<(String, String)> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let mut found: Vec<_> = entries
            .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
            .collect();
        found.sort();
        found
    }

    #[test]
    fn is_undone_unless_it_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let new = |name: &str| atomic_file::stage(&folder.path().join(name), b"new").unwrap();
        for (name, content) in [("orders.csv", "old"), ("Orders.tsv", "older"), ("orders_2.csv", "other")] {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let before = contents(folder.path());
        for name in ["orders.csv", "orders.parquet"] {
            drop(Exchange::begin(new(name), "orders").unwrap());
            assert_eq!(contents(folder.path()), before, "{name}");
        }
        Exchange::begin(new("orders.csv"), "orders").unwrap().keep();
        let kept = [("orders.csv", "new"), ("orders_2.csv", "other")].map(|(name, text)| (name.into(), text.into()));
        assert_eq!(contents(folder.path()), kept);
    }
}
