use std::sync::Arc;

use super::only::Only;
use super::quota::{Quotas, Running};
use super::{find, selection};
use crate::access::{Principal, ReadableTable};
use crate::config::ScanConfig;
use crate::domain::Error;
use crate::extract::Publication;
use crate::protocol::v2::{QuotaExceeded, ScanEstimate, ScanRequest};
use crate::query::output::{Extent, Format, Values};
use crate::query::predicate::{self, Flaw};
use crate::query::{Query, QueryAnswer, QueryEngine, QueryError, Wanted};
use crate::store::Snapshot;

/// A request that was found to be right, and may run.
pub struct Scan {
    person: Arc<str>,
    publication: Arc<Publication>,
    table: ReadableTable,
    /// How many columns were named; all if there are none.
    columns: usize,
    limit: Option<u64>,
    sql: String,
}

/// Why a scan does not run.
#[derive(Debug)]
pub enum ScanError {
    Table(Error),
    /// A field that does not fit the table or the limits.
    Invalid(String),
    Predicate(Flaw),
    Quota(QuotaExceeded),
    Query(QueryError),
}

impl From<Error> for ScanError {
    fn from(error: Error) -> Self {
        Self::Table(error)
    }
}

impl From<QueryError> for ScanError {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl Scan {
    /// Checks a request in the documented order. `max_limit` is not checked of estimates.
    pub async fn prepare(
        snapshot: &Snapshot,
        publication: Arc<Publication>,
        engine: &QueryEngine,
        caller: &Principal,
        request: ScanRequest,
        max_limit: Option<u64>,
    ) -> Result<Self, ScanError> {
        let table = find(snapshot, &publication, caller, &request.table_id)?;
        let limit = request.limit.and_then(|limit| u64::try_from(limit).ok());
        if let (Some(limit), Some(max)) = (limit, max_limit)
            && limit > max
        {
            return Err(ScanError::Invalid(format!("limit {limit} exceeds max {max}")));
        }
        let person: Arc<str> = caller.user().id.as_str().into();
        let mut selection = selection::of_table(&table, &request);
        let select = selection::columns(&selection, &request.select.unwrap_or_default());
        let order_by = selection::order(&selection, &request.order_by.unwrap_or_default());
        selection.select = select.clone().unwrap_or_default();
        selection.order_by = order_by.clone().unwrap_or_default();
        let sql = predicate::checked(selection, engine, &person).await?.map_err(ScanError::Predicate)?;
        // What is wrong in the predicate is said first.
        let columns = select.map_err(ScanError::Invalid)?.len();
        order_by.map_err(ScanError::Invalid)?;
        Ok(Self { person, publication, table, columns, limit, sql })
    }

    pub fn table(&self) -> &str {
        &self.table.table().name
    }

    /// What it would return at most, in proportion to the rows and columns of the whole table.
    pub fn estimate(&self) -> ScanEstimate {
        let size = super::size(&self.table).map(|(rows, bytes)| {
            let result = rows.min(self.limit.unwrap_or(u64::MAX));
            let all = self.table.table().columns.len().max(1);
            let columns = if self.columns == 0 { all } else { self.columns };
            let bytes =
                u128::from(bytes) * u128::from(result) / u128::from(rows.max(1)) * columns as u128 / all as u128;
            (result, u64::try_from(bytes).unwrap_or(u64::MAX))
        });
        ScanEstimate {
            table_id: self.table.id().to_owned(),
            estimated_scan_bytes: 0,
            estimated_result_rows: size.map(|(rows, _)| rows),
            estimated_result_bytes: size.map(|(_, bytes)| bytes),
            bq_cost_estimate_usd: 0.0,
        }
    }

    /// Begins to read. What is sent counts for the quota of the caller.
    pub async fn run(
        &self,
        engine: &QueryEngine,
        quotas: &Quotas,
        config: &ScanConfig,
    ) -> Result<(QueryAnswer, Running), ScanError> {
        let running = quotas.begin(&self.person).await?.map_err(ScanError::Quota)?;
        let in_memory = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let query = Query {
            person: Arc::clone(&self.person),
            generation: self.publication.generation,
            tables: Arc::new(Only { table: self.table.clone(), _publication: Arc::clone(&self.publication) }),
            sql: self.sql.clone(),
            wanted: Wanted::Format(Format::Arrow { codec: None, values: Values::Native }),
            extent: Extent {
                rows: in_memory(self.limit.unwrap_or(MAX_ROWS)),
                bytes: in_memory(config.max_result_bytes.0),
                is_cut: true,
            },
            timeout: Some(config.timeout()),
        };
        Ok((engine.run(query).await?, running))
    }
}

/// What the engine takes as a limit.
const MAX_ROWS: u64 = i64::MAX as u64 - 1;
