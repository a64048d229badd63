//! What can be wrong with a parquet file of another program, without paths on the server and in words that help its owner.

/// Why a parquet file is not published.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("not a readable parquet file: {0}")]
    NotParquet(&'static str),
    #[error("not a readable parquet file: it is encrypted; write it without encryption")]
    Encrypted,
    #[error("it has no columns, so it cannot be a table")]
    NoColumns,
    #[error("two columns are named '{name}' (upper and lower case are the same); rename one and write the file again")]
    SameName { name: String },
    #[error(
        "column '{column}' has two fields named '{name}' (upper and lower case are the same); rename one and write the file again"
    )]
    SameField { column: String, name: String },
    #[error("column '{column}' ({kind}): {problem}; {advice}")]
    Column { column: String, kind: String, problem: String, advice: &'static str },
    #[error("not a readable parquet file: it is damaged ({0}); write it again")]
    Damaged(String),
}

/// The first line of what a reader says about a damaged file, without its path.
pub(super) fn cause(text: &str, path: &std::path::Path) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let line = line.replace(&path.display().to_string(), "the file");
    line.replace("file 'the file'", "the file").replace("file \"the file\"", "the file")
}
