//! Files made of the company's catalog.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /api/admin/catalog/export`
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct CatalogExported {
    pub status: String,
    pub metrics: ExportedFiles,
    pub tables: ExportedFiles,
    /// Registered tables that the catalog does not have.
    pub unknown_tables: Vec<String>,
    /// What was left as it was, and why.
    pub warnings: Vec<String>,
}

#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct ExportedFiles {
    pub written: usize,
    /// Those of earlier exports that are not among the written ones.
    pub removed: usize,
    pub skipped: Vec<Skipped>,
}

/// What has no file, or keeps that of an earlier export.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Skipped {
    pub name: String,
    pub reason: String,
}
