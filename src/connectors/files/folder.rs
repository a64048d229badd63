//! Which files of a folder are data, and which table each one is.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use crate::connectors::TableRequest;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Delimiters are found out.
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

/// The data files directly in a folder, by stem.
pub struct Folder {
    path: PathBuf,
    files: BTreeMap<String, Vec<DataFile>>,
}

impl Folder {
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut files: BTreeMap<String, Vec<DataFile>> = BTreeMap::new();
        for entry in std::fs::read_dir(path)? {
            let path = std::path::absolute(entry?.path())?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if let Some((stem, format, gzip)) = classify(&name)
                && path.is_file()
            {
                files.entry(stem.to_owned()).or_default().push(DataFile { path, format, gzip });
            }
        }
        for same_stem in files.values_mut() {
            same_stem.sort_by(|a, b| a.path.cmp(&b.path));
        }
        Ok(Self { path: path.to_owned(), files })
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub fn stems(&self) -> HashSet<String> {
        self.files.keys().cloned().collect()
    }

    /// A request for each stem.
    pub fn every_table(&self) -> Vec<TableRequest> {
        self.files.keys().map(|stem| TableRequest { name: stem.clone(), ..TableRequest::default() }).collect()
    }

    /// The one file whose stem is `stem`, in any case; otherwise what is wrong.
    pub fn find(&self, stem: &str) -> Result<&DataFile, String> {
        let same = |(name, _): &(&String, &Vec<DataFile>)| name.eq_ignore_ascii_case(stem);
        let found: Vec<&DataFile> = self.files.iter().filter(same).flat_map(|(_, files)| files).collect();
        match found.as_slice() {
            [file] => Ok(file),
            [] => Err(format!("no file {stem}.csv, .csv.gz, .tsv, .tsv.gz or .parquet in {}", self.path.display())),
            several => {
                let names: Vec<_> =
                    several.iter().map(|file| file.path.file_name().unwrap_or_default().to_string_lossy()).collect();
                Err(format!("several files for one table: {}; keep one and move the others away", names.join(", ")))
            }
        }
    }
}

/// Stem, format and compression by the ending (in any case); hidden files are no data.
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
