//! `PIVOT` without `IN`. The engine would first make a type of the values that it finds, and has no syntax tree of that.
//! Here a query of its own finds the values, and the statement gets them as `IN (…)`; both pass the policy like any other.

mod gaps;
mod values;

use serde::Deserialize;

pub use gaps::Gaps;
pub use values::{Query, queries};

use super::QueryError;

/// Most values of a column that `PIVOT` makes columns of.
pub const MAX_VALUES: usize = 1_000;

/// The values in the answer to one of the [`queries`], in the order of the engine.
pub fn read(body: &[u8]) -> Result<Vec<String>, QueryError> {
    #[derive(Deserialize)]
    struct Answer {
        rows: Vec<(String,)>,
        truncated: bool,
    }
    let answer: Answer = serde_json::from_slice(body).map_err(|_| QueryError::out_of_turn())?;
    checked(answer.rows.into_iter().map(|(value,)| value).collect(), answer.truncated)
}

/// The values in the order of the engine, if it would make columns of them; `is_cut`: there are more.
pub fn checked(mut values: Vec<String>, is_cut: bool) -> Result<Vec<String>, QueryError> {
    if is_cut {
        return Err(QueryError::Sql(format!(
            "PIVOT finds more than {MAX_VALUES} values; name those you want: PIVOT … ON column IN ('a', 'b') USING …"
        )));
    }
    if values.is_empty() {
        return Err(QueryError::Sql(
            "PIVOT finds no values: there are no rows, or its column is NULL in all of them".into(),
        ));
    }
    values.sort_unstable();
    Ok(values)
}
