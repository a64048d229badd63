//! Metrics from YAML documents: all of them are stored, or none.

use serde_json::json;

use super::{Fault, check, yaml};
use crate::access::Admin;
use crate::domain::{Error, Result, write_as};
use crate::protocol::metrics::MetricsImported;
use crate::store::audit::{self, Action};
use crate::store::{Store, metrics};

/// A file of metrics.
#[derive(Debug)]
pub struct Document {
    /// As its sender calls it, such as `revenue/mrr.yml`. The folder is the category of metrics that name none.
    pub name: Option<String>,
    pub text: String,
}

impl Document {
    /// The name of the folder that the file is in.
    fn folder(&self) -> Option<&str> {
        let (folder, _) = self.name.as_deref()?.rsplit_once('/')?;
        folder.rsplit('/').next().filter(|name| !name.is_empty())
    }

    fn fault(&self, reason: impl std::fmt::Display) -> Error {
        Error::invalid(match &self.name {
            Some(name) if !name.is_empty() => format!("{reason} ({name})"),
            _ => reason.to_string(),
        })
    }
}

/// Stores the metrics of all documents. Nothing is stored if one of them has an error.
pub async fn import_metrics(store: &Store, admin: &Admin, documents: Vec<Document>) -> Result<MetricsImported> {
    let actor = admin.actor();
    let read = tokio::task::spawn_blocking(move || {
        let mut read = Vec::new();
        for document in &documents {
            let metrics = yaml::read(&document.text, document.folder()).map_err(|error| document.fault(error))?;
            for metric in &metrics {
                if let Err(Fault { field, reason, input }) = check(metric) {
                    return Err(document.fault(format!("{field} {input:?} {reason}")));
                }
            }
            read.extend(metrics);
        }
        Ok(read)
    });
    let definitions =
        read.await.map_err(|error| Error::Store(crate::store::StoreError::Broken(error.to_string())))??;
    let count = definitions.len();
    let written = write_as(store, admin.clone(), move |change| {
        let ids: Vec<_> = definitions.iter().map(|metric| metric.id.as_str()).collect();
        definitions.iter().try_for_each(|metric| metrics::put(change, metric))?;
        Ok(audit::record(change, &actor, Action::MetricImport, "metrics", json!({ "count": count, "ids": ids }))?)
    });
    written.await?;
    Ok(MetricsImported { status: "imported".into(), count })
}
