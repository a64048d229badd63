//! The data files of a folder, and the table that each one is.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use crate::base::ident;
use crate::connectors::TableRequest;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The delimiter is detected.
    Csv,
    /// Always separated by tabs.
    Tsv,
    Parquet,
}

#[derive(Clone, Debug)]
pub struct DataFile {
    pub path: PathBuf,
    pub format: Format,
    pub gzip: bool,
}

const ENDINGS: [(&str, Format, bool); 5] = [
    (".csv", Format::Csv, false),
    (".csv.gz", Format::Csv, true),
    (".tsv", Format::Tsv, false),
    (".tsv.gz", Format::Tsv, true),
    (".parquet", Format::Parquet, false),
];

/// Where the rows of a table come from.
#[derive(Clone, Debug)]
pub enum Origin {
    File(DataFile),
    /// A folder, each of whose files is a part of the table: part → file.
    Parts(BTreeMap<String, DataFile>),
}

/// The data files directly in a folder, by stem, and the folders with data files in it, by name.
pub struct Folder {
    path: PathBuf,
    files: BTreeMap<String, Vec<DataFile>>,
    folders: BTreeMap<String, PathBuf>,
}

impl Folder {
    pub fn read(path: &Path) -> io::Result<Self> {
        let (mut files, mut folders) = (BTreeMap::<String, Vec<DataFile>>::new(), BTreeMap::new());
        for (path, name) in entries(path)? {
            if path.is_dir() {
                // A folder without data files is not a table.
                if !name.starts_with('.') && !read_files(&path)?.is_empty() {
                    folders.insert(name, path);
                }
            } else if let Some((stem, file)) = data_file(path, &name) {
                files.entry(stem).or_default().push(file);
            }
        }
        files.values_mut().for_each(|same_stem| same_stem.sort_by(|a, b| a.path.cmp(&b.path)));
        Ok(Self { path: path.to_owned(), files, folders })
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.folders.is_empty()
    }

    pub fn stems(&self) -> HashSet<String> {
        self.files.keys().chain(self.folders.keys()).cloned().collect()
    }

    /// A request for each stem, in order.
    pub fn every_table(&self) -> Vec<TableRequest> {
        let stems: BTreeSet<_> = self.stems().into_iter().collect();
        stems.into_iter().map(|name| TableRequest { name, ..TableRequest::default() }).collect()
    }

    /// Returns the one file or folder whose stem is `stem`, in any case, or what is wrong.
    pub fn find(&self, stem: &str) -> Result<Origin, String> {
        let files = self.files.iter().filter(|(name, _)| name.eq_ignore_ascii_case(stem)).flat_map(|(_, files)| files);
        let files: Vec<&DataFile> = files.collect();
        let folders = self.folders.iter().filter(|(name, _)| name.eq_ignore_ascii_case(stem));
        let folders: Vec<&PathBuf> = folders.map(|(_, path)| path).collect();
        match (files.as_slice(), folders.as_slice()) {
            ([file], []) => Ok(Origin::File(DataFile::clone(file))),
            ([], [folder]) => parts(folder),
            ([], []) => Err(format!(
                "no file {stem}.csv, .csv.gz, .tsv, .tsv.gz or .parquet in {}, nor a folder {stem} of such files",
                self.path.display()
            )),
            (files, folders) => {
                let paths = files.iter().map(|file| &file.path).chain(folders.iter().copied());
                let names: Vec<_> = paths.map(|path| path.file_name().unwrap_or_default().to_string_lossy()).collect();
                let kinds = if folders.is_empty() { "files" } else { "files or folders" };
                Err(format!("several {kinds} for one table: {}; keep one and move the others away", names.join(", ")))
            }
        }
    }
}

/// Absolute path and name of everything in a folder.
fn entries(folder: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let entry = |path: PathBuf| {
        Ok((std::path::absolute(&path)?, path.file_name().unwrap_or_default().to_string_lossy().into_owned()))
    };
    std::fs::read_dir(folder)?.map(|found| entry(found?.path())).collect()
}

/// Stem and data file, in order; folders are skipped.
fn read_files(folder: &Path) -> io::Result<Vec<(String, DataFile)>> {
    let mut files: Vec<_> = entries(folder)?.into_iter().filter_map(|(path, name)| data_file(path, &name)).collect();
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(files)
}

/// The parts of a table in a folder of its own.
fn parts(folder: &Path) -> Result<Origin, String> {
    let mut parts = BTreeMap::new();
    for (stem, file) in read_files(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if !ident::is_relaxed(&stem) {
            return Err(format!("{name}/{stem}: a part's name has letters, digits and . _ - (128 at most)"));
        }
        if parts.insert(stem.clone(), file).is_some() {
            return Err(format!("several files for one part: {name}/{stem}; keep one and move the others away"));
        }
    }
    Ok(Origin::Parts(parts))
}

fn data_file(path: PathBuf, name: &str) -> Option<(String, DataFile)> {
    let (stem, format, gzip) = classify(name)?;
    path.is_file().then(|| (stem.to_owned(), DataFile { path, format, gzip }))
}

impl DataFile {
    /// A file with the ending of `name`, if that is one of a data file.
    pub fn with_name_of(path: &Path, name: &str) -> Option<Self> {
        let (_, format, gzip) = classify(name)?;
        Some(Self { path: path.to_owned(), format, gzip })
    }
}

/// The ending of a data file's name, as written.
pub fn ending(name: &str) -> Option<&str> {
    classify(name).map(|(stem, ..)| &name[stem.len()..])
}

/// Stem, format and compression by the ending (in any case); hidden files are not data.
fn classify(name: &str) -> Option<(&str, Format, bool)> {
    let lower = name.to_ascii_lowercase();
    if name.starts_with('.') {
        return None;
    }
    let (ending, format, gzip) = ENDINGS.into_iter().find(|(ending, ..)| lower.ends_with(ending))?;
    Some((&name[..name.len() - ending.len()], format, gzip))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings() {
        assert_eq!(classify("flights.csv.gz"), Some(("flights", Format::Csv, true)));
        assert_eq!(classify("W.TSV"), Some(("W", Format::Tsv, false)));
        assert_eq!(classify("a.b.parquet"), Some(("a.b", Format::Parquet, false)));
        for other in ["README.md", ".a.csv", "a.csv~", "a.csv.bak", "#a.csv#", "parquet", "a.parquet.gz"] {
            assert_eq!(classify(other), None, "{other}");
        }
    }
}
