//! What a statement says, for programs that run it themselves.

use super::pivot::{self, Gaps};
use super::policy::{self, Outline};
use super::{MAX_SQL_BYTES, QueryError, trees};
use crate::engine::parse::Parser;

/// A statement that has been read.
#[derive(Debug)]
pub enum Reading {
    Whole(Outline),
    Pivot(Pivot),
}

/// A statement with a `PIVOT` that names no values: queries find them, and it can be run once they are written into it.
#[derive(Debug)]
pub struct Pivot {
    sql: String,
    /// Of the statement with other values, so only its tables are of use.
    outline: Outline,
    /// One for each place that lacks values. The first [`MAX_VALUES`](pivot::MAX_VALUES) rows are of use.
    pub queries: Vec<Outline>,
}

/// What a statement says if it is one `SELECT`, or what DuckDB reads as one, that holds nothing but what is allowed.
pub async fn read(sql: &str) -> Result<Reading, QueryError> {
    match outline(sql).await {
        Err(refused @ (QueryError::Sql(_) | QueryError::Refused | QueryError::NotSelect)) => {
            Pivot::read(sql, refused).await.map(Reading::Pivot)
        }
        outline => outline.map(Reading::Whole),
    }
}

impl Reading {
    /// With the tables that it names.
    pub fn outline(&self) -> &Outline {
        match self {
            Self::Whole(outline) => outline,
            Self::Pivot(pivot) => &pivot.outline,
        }
    }
}

impl Pivot {
    async fn read(sql: &str, refused: QueryError) -> Result<Self, QueryError> {
        let gaps = Gaps::find(sql).ok_or(refused)?;
        let (marked, marks) = (gaps.marked(), gaps.marks());
        let tree = tree(&marked)?;
        let outline = read_tree(&marked, tree.clone()).await.map_err(QueryError::without_place)?;
        let mut queries = Vec::new();
        for query in trees::read(tree, move |tree, levels| pivot::queries(tree, &marks, levels)).await? {
            queries.push(read_tree(&query.sql, query.tree).await?);
        }
        Ok(Self { sql: sql.to_owned(), outline, queries })
    }

    /// The statement that runs, with the values that each of the queries has found; `is_cut` says whether there are more.
    pub async fn with_values(&self, found: Vec<(Vec<String>, bool)>) -> Result<Outline, QueryError> {
        let values = found.into_iter().map(|(values, is_cut)| pivot::checked(values, is_cut));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let gaps = Gaps::find(&self.sql).ok_or(QueryError::Refused)?;
        outline(&gaps.filled(&values)).await
    }
}

async fn outline(sql: &str) -> Result<Outline, QueryError> {
    read_tree(sql, tree(sql)?).await
}

fn tree(sql: &str) -> Result<String, QueryError> {
    check_length(sql)?;
    Ok(Parser::new()?.tree(sql)?)
}

async fn read_tree(sql: &str, tree: String) -> Result<Outline, QueryError> {
    let text = sql.to_owned();
    trees::read(tree, move |tree, levels| policy::outline(&text, tree, levels)).await
}

pub fn check_length(sql: &str) -> Result<(), QueryError> {
    match sql.len() > MAX_SQL_BYTES {
        true => Err(QueryError::Sql(format!("the statement is longer than {MAX_SQL_BYTES} bytes"))),
        false => Ok(()),
    }
}
