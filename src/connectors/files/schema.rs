//! The one type of each column of a table, over all its files.

use std::collections::BTreeMap;

use super::options::Options;
use super::state::Column;
use crate::extract::typing::{ColumnType, Facts, Reason};

/// What the files of a table say about one column.
#[derive(Default)]
struct Evidence {
    name: String,
    facts: Facts,
    /// Type and file of the first parquet file that has it.
    parquet: Option<(String, String)>,
    /// Type of the first parquet file that has it without any value.
    null_type: Option<String>,
}

/// The types of a table's columns.
pub struct Schema {
    /// By lower-cased name.
    types: BTreeMap<String, ColumnType>,
    /// By lower-cased name, as DuckDB names them.
    kinds: BTreeMap<String, String>,
    pub reasons: Vec<Reason>,
}

impl Schema {
    /// Decides from the columns of each file, which are given with the name of their part (`None`: the only file).
    pub fn decide(files: &[(Option<&str>, &[Column])], options: &Options) -> Result<Self, String> {
        let mut order: Vec<String> = Vec::new();
        let mut columns: BTreeMap<String, Evidence> = BTreeMap::new();
        for (part, file) in files {
            for column in *file {
                let key = column.name.to_lowercase();
                let evidence = columns.entry(key.clone()).or_insert_with(|| {
                    order.push(key);
                    Evidence { name: column.name.clone(), ..Evidence::default() }
                });
                match (&column.facts, &column.null_type, part) {
                    (Some(facts), _, Some(part)) => evidence.facts.join(facts, part),
                    (Some(facts), _, None) => evidence.facts = facts.clone(),
                    (None, Some(kind), _) => evidence.null_type = evidence.null_type.take().or(Some(kind.clone())),
                    (None, None, part) => evidence.add_parquet(&column.kind, part.unwrap_or_default())?,
                }
            }
        }
        if let Some(missing) = options.columns.keys().find(|name| !columns.contains_key(*name)) {
            let place = if files.len() > 1 { "no part has such a column" } else { "the header has no such column" };
            return Err(format!("the column '{missing}' has a declared type, but {place}"));
        }
        let mut schema = Self { types: BTreeMap::new(), kinds: BTreeMap::new(), reasons: Vec::new() };
        for key in order {
            let evidence = &columns[&key];
            let declared = options.declared(&evidence.name);
            if let (Some(declared), Some((kind, part))) = (declared, &evidence.parquet)
                && declared.kind.sql() != *kind
            {
                return Err(format!(
                    "column '{}' is declared as {declared}, but {kind} in {}, which is parquet and keeps its types; take the \
                     declaration back",
                    evidence.name,
                    if part.is_empty() { "the file".to_owned() } else { format!("part {part}") }
                ));
            }
            let reason = match evidence.delivered() {
                Some(kind) if declared.is_none_or(|declared| declared.kind.sql() == kind) => Reason {
                    column: evidence.name.clone(),
                    kind: kind.to_owned(),
                    is_declared: declared.is_some(),
                    values: None,
                    decided_by: None,
                    before: None,
                },
                _ => {
                    let kind = declared.map_or_else(|| evidence.kind(), |declared| Ok(declared.kind))?;
                    schema.types.insert(key.clone(), kind);
                    Reason::new(&evidence.name, kind, declared.is_some(), &evidence.facts)
                }
            };
            schema.kinds.insert(key, reason.kind.clone());
            schema.reasons.push(reason);
        }
        Ok(schema)
    }

    /// The type as which a column of text is converted; text if it holds nothing anywhere.
    pub fn kind(&self, column: &str) -> ColumnType {
        let key = column.to_lowercase();
        let known = self.types.get(&key).copied();
        known.or_else(|| ColumnType::from_sql(self.kinds.get(&key)?)).unwrap_or(ColumnType::Text)
    }

    /// The type that a column without any value gets, which is `own` in its file.
    pub fn kind_of_nulls(&self, column: &str, own: &str) -> String {
        match self.kinds.get(&column.to_lowercase()) {
            Some(kind) if !(is_whole(kind) && is_whole(own)) => kind.clone(),
            _ => own.to_owned(),
        }
    }
}

impl Evidence {
    fn add_parquet(&mut self, kind: &str, part: &str) -> Result<(), String> {
        let Some((known, first)) = &self.parquet else {
            self.parquet = Some((kind.to_owned(), part.to_owned()));
            return Ok(());
        };
        if known == kind || (is_whole(known) && is_whole(kind)) {
            return Ok(());
        }
        Err(format!(
            "part {part}: column {} is {kind}, but {known} in part {first}; write it with the same type in both",
            self.name
        ))
    }

    /// The type that the files bring themselves, if no text has a say in it.
    fn delivered(&self) -> Option<&str> {
        if self.facts != Facts::default() {
            return None;
        }
        self.parquet.as_ref().map(|(kind, _)| kind).or(self.null_type.as_ref()).map(String::as_str)
    }

    /// The type of the texts, which has to agree with that of parquet files.
    fn kind(&self) -> Result<ColumnType, String> {
        let Some((kind, part)) = &self.parquet else { return Ok(self.facts.verdict().unwrap_or(ColumnType::Text)) };
        let wanted = if is_whole(kind) { Some(ColumnType::Integer) } else { ColumnType::from_sql(kind) };
        let misfit = match wanted {
            Some(wanted) if self.facts.fits(wanted) => return Ok(wanted),
            wanted => wanted.and_then(|wanted| self.facts.misfit(wanted)),
        };
        let texts = match misfit {
            Some(seen) => format!(
                "{}line {} has \"{}\", which it does not keep as it is",
                seen.part.as_ref().map(|part| format!("part {part}, ")).unwrap_or_default(),
                seen.line,
                seen.text
            ),
            None => "texts of the other parts do not fit that".into(),
        };
        Err(format!("column {} is {kind} in part {part}, which is parquet, and {texts}", self.name))
    }
}

fn is_whole(kind: &str) -> bool {
    matches!(kind, "TINYINT" | "SMALLINT" | "INTEGER" | "BIGINT" | "UTINYINT" | "USMALLINT" | "UINTEGER")
}
