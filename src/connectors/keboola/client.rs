//! The Storage API: token, tables, export jobs, files.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, RequestBuilder, StatusCode, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::model::{FileInfo, Id, Job, Table, TokenInfo};
use super::retry::{self, Failure};
use super::settings::{Settings, SettingsError};
use crate::protocol::sync_options::WhereFilter;
use crate::store::column_metadata::ColumnMetadata;

/// The longest delay between two polls of a job, as a multiple of the first.
const MAX_POLL_FACTOR: u32 = 10;

#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("Keboola does not accept the Storage token (401: {0}); check KEBOOLA_STORAGE_TOKEN and the stack URL")]
    Token(String),
    #[error("the Storage token may not do this (403: {0}); give it access to the bucket")]
    Denied(String),
    #[error("Keboola answered {status}: {message}")]
    Refused { status: u16, message: String },
    #[error("Keboola cannot be reached: {0}")]
    Network(String),
    #[error("Export job failed: {0}")]
    Job(String),
    #[error("Export job {job} took longer than {seconds} s; AGNES_KEBOOLA_JOB_TIMEOUT sets the limit")]
    JobTimeout { job: String, seconds: u64 },
    #[error("Keboola's answer is not understood: {0}")]
    Answer(String),
}

/// What of a table is exported. Times are import times in Unix seconds; the interface compares nothing else.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportOptions {
    pub gzip: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_since: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_until: Option<String>,
    /// Separated by commas; all columns unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub where_filters: Vec<WhereFilter>,
}

#[derive(Debug)]
pub struct Exported {
    pub file: Id,
    /// When it started, by the clock of the server.
    pub started: Option<Timestamp>,
}

/// `2026-01-01T00:00:00+0100`, the API's way to write a time.
fn storage_time(text: &str) -> Option<Timestamp> {
    jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%z", text).ok()?.to_timestamp().ok()
}

/// A client for one project. The token goes to the stack only, and redirects are not followed.
pub struct StorageClient {
    http: Client,
    settings: Settings,
}

impl StorageClient {
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        Self::at(settings, &[])
    }

    /// As [`StorageClient::new`], for a stack whose addresses were looked up and checked: they are used.
    pub fn at(settings: &Settings, addresses: &[SocketAddr]) -> Result<Self, SettingsError> {
        let mut token = HeaderValue::from_str(settings.token.expose()).map_err(|_| SettingsError::Token)?;
        token.set_sensitive(true);
        let builder = match settings.stack_url.host_str().filter(|_| !addresses.is_empty()) {
            Some(host) => Client::builder().resolve_to_addrs(host, addresses),
            None => Client::builder(),
        };
        let http = builder
            .default_headers(HeaderMap::from_iter([(
                reqwest::header::HeaderName::from_static("x-storageapi-token"),
                token,
            )]))
            .user_agent(concat!("agnes/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(120))
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| SettingsError::Client(retry::network_text(error)))?;
        Ok(Self { http, settings: settings.clone() })
    }

    /// Returns whose token it is; fails if it is not valid.
    pub async fn verify_token(&self) -> Result<TokenInfo, StorageError> {
        self.get(&["tokens", "verify"], &[]).await
    }

    /// All tables that the token may see, with their columns and metadata. The API has no paging here.
    pub async fn tables(&self) -> Result<Vec<Table>, StorageError> {
        self.get(&["tables"], &[("include", "columns,buckets,columnMetadata,metadata")]).await
    }

    pub async fn table(&self, id: &str) -> Result<Table, StorageError> {
        self.get(&["tables", id], &[]).await
    }

    pub async fn file(&self, id: &Id) -> Result<FileInfo, StorageError> {
        self.get(&["files", &id.to_string()], &[("federationToken", "1")]).await
    }

    /// Exports a table as gzipped CSV and waits for it.
    pub async fn export(&self, table: &str, options: &ExportOptions) -> Result<Exported, StorageError> {
        let url = self.url(&["tables", table, "export-async"]);
        let job: Job = self.send(|| self.http.post(url.clone()).json(options)).await?;
        let started_at = job.created_time.as_deref().and_then(storage_time);
        let job = self.wait(job).await?;
        let file = job.results.and_then(|results| results.file);
        let file = file.ok_or_else(|| StorageError::Answer(format!("export job {} names no file", job.id)))?;
        Ok(Exported { file: file.id, started: started_at })
    }

    /// Stores types and descriptions of columns with a table.
    pub async fn push_metadata(&self, table: &str, columns: Vec<Arc<ColumnMetadata>>) -> Result<(), StorageError> {
        let url = self.url(&["tables", table, "metadata"]);
        let entry = |column: &str, key: &str, value: &Option<String>| {
            let value = value.as_deref().filter(|value| !value.is_empty())?;
            Some(json!({"columnName": column, "key": key, "value": value}))
        };
        let entries: Vec<Value> = columns
            .iter()
            .flat_map(|column| {
                let kind = entry(&column.column, "KBC.datatype.basetype", &column.basetype);
                kind.into_iter().chain(entry(&column.column, "KBC.description", &column.description))
            })
            .collect();
        let body = json!({"provider": "ai-metadata-enrichment", "columnsMetadata": {"0": entries}});
        let _: Value = self.send(|| self.http.post(url.clone()).json(&body)).await?;
        Ok(())
    }

    async fn wait(&self, mut job: Job) -> Result<Job, StorageError> {
        let started = Instant::now();
        let mut delay = self.settings.poll;
        loop {
            match job.status.as_str() {
                "success" => return Ok(job),
                "error" | "cancelled" | "terminated" => {
                    let message = job.error.and_then(|error| error.message);
                    return Err(StorageError::Job(message.unwrap_or_else(|| "no reason given".into())));
                }
                "waiting" | "processing" => {}
                other => return Err(StorageError::Answer(format!("job {} has the status '{other}'", job.id))),
            }
            if started.elapsed() >= self.settings.job_timeout {
                let seconds = self.settings.job_timeout.as_secs();
                return Err(StorageError::JobTimeout { job: job.id.to_string(), seconds });
            }
            tokio::time::sleep(delay).await;
            delay = delay.mul_f64(1.5).min(self.settings.poll * MAX_POLL_FACTOR);
            job = self.get(&["jobs", &job.id.to_string()], &[]).await?;
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<T, StorageError> {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(|| self.http.get(url.clone())).await
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.settings.stack_url.clone();
        url.set_query(None);
        url.set_fragment(None);
        // Always possible: the settings accept only addresses with a host.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["v2", "storage"]).extend(path);
        }
        url
    }

    async fn send<T: DeserializeOwned>(&self, request: impl Fn() -> RequestBuilder) -> Result<T, StorageError> {
        self.settings.retry.run(|| self.once(request())).await
    }

    async fn once<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure<StorageError>> {
        let network = |error| Failure::Passing(StorageError::Network(retry::network_text(error)), None);
        let response = request.send().await.map_err(network)?;
        let (status, requested) = (response.status(), retry::retry_after(response.headers()));
        let body = response.bytes().await.map_err(network)?;
        if status.is_success() {
            return serde_json::from_slice(&body)
                .map_err(|error| Failure::Final(StorageError::Answer(error.to_string())));
        }
        let message = self.message(status, &body);
        let error = match status {
            StatusCode::UNAUTHORIZED => StorageError::Token(message),
            StatusCode::FORBIDDEN => StorageError::Denied(message),
            _ => StorageError::Refused { status: status.as_u16(), message },
        };
        Err(Failure::answered(status, requested, error))
    }

    /// The API's message for an error; a token in it is masked.
    fn message(&self, status: StatusCode, body: &[u8]) -> String {
        if status.is_redirection() {
            return "the address redirects elsewhere; check KEBOOLA_STACK_URL".into();
        }
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        let message = [&answer["error"], &answer["message"]].into_iter().find_map(Value::as_str);
        let text = message.or(status.canonical_reason()).unwrap_or("no reason given");
        text.replace(self.settings.token.expose(), "***")
    }
}
