//! Certificate authorities in addition to those of the operating system.

use std::path::Path;

use reqwest::Certificate;

use super::ClientError;
use crate::base::with_causes;

/// All certificates of a PEM file.
pub(super) fn read(path: &Path) -> Result<Vec<Certificate>, ClientError> {
    let invalid = |message: String| ClientError::Setup(format!("certificate file {}: {message}", path.display()));
    let pem = std::fs::read(path).map_err(|error| invalid(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| invalid(with_causes(&error)))?;
    if certificates.is_empty() {
        return Err(invalid("contains no PEM certificate".into()));
    }
    Ok(certificates)
}
