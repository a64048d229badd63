//! Turns an address of a manifest into a request that its object store accepts.

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use url::Url;

use super::model::FileInfo;
use super::settings::Endpoints;

/// How long a signed S3 address is valid.
const SIGNED_FOR: Duration = Duration::from_secs(3600);

/// Why an address cannot be used; the text never holds credentials.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LocationError(String);

/// Makes the request for one slice. Credentials go to the object store they are for and nowhere else.
pub fn request(
    http: &Client,
    endpoints: &Endpoints,
    file: &FileInfo,
    address: &str,
) -> Result<RequestBuilder, LocationError> {
    let (scheme, rest) =
        address.split_once("://").ok_or_else(|| wrong("the manifest holds an address without scheme"))?;
    let url = match scheme {
        "gs" => {
            let credentials = file.gcs_credentials.as_ref().ok_or_else(|| missing("gcsCredentials"))?;
            return Ok(http.get(below(&endpoints.gcs, rest)?).bearer_auth(credentials.access_token.expose()));
        }
        "s3" => amazon(endpoints, file, rest)?,
        "azure" => azure(file, rest)?,
        "https" | "http" => plain(file, address)?,
        other => return Err(wrong(&format!("the manifest holds an address of the unknown kind '{other}'"))),
    };
    Ok(http.get(url))
}

fn amazon(endpoints: &Endpoints, file: &FileInfo, path: &str) -> Result<Url, LocationError> {
    let credentials = file.credentials.as_ref().ok_or_else(|| missing("credentials"))?;
    let region = file.region.clone().ok_or_else(|| missing("region"))?;
    let (bucket, key) = path.split_once('/').ok_or_else(|| wrong("the manifest holds an s3 address without key"))?;
    let endpoint = match &endpoints.s3 {
        Some(endpoint) => endpoint.clone(),
        None => Url::parse(&format!("https://s3.{region}.amazonaws.com"))
            .map_err(|_| wrong("the file's region is not understood"))?,
    };
    let bucket = Bucket::new(endpoint, UrlStyle::Path, bucket.to_owned(), region)
        .map_err(|error| wrong(&format!("the manifest's bucket is not understood: {error}")))?;
    let credentials = Credentials::new_with_token(
        &credentials.access_key_id,
        credentials.secret_access_key.expose(),
        credentials.session_token.expose(),
    );
    Ok(bucket.get_object(Some(&credentials), key).sign(SIGNED_FOR))
}

fn azure(file: &FileInfo, address: &str) -> Result<Url, LocationError> {
    let (endpoint, signature) = shared_access(file)?;
    let (host, path) =
        address.split_once('/').ok_or_else(|| wrong("the manifest holds an azure address without blob"))?;
    if host != endpoint.authority() {
        return Err(wrong("the manifest names another storage account than the credentials"));
    }
    let mut url = below(&endpoint, path)?;
    url.set_query(Some(signature));
    Ok(url)
}

/// An address that is signed already, or that of an Azure blob without its signature.
fn plain(file: &FileInfo, address: &str) -> Result<Url, LocationError> {
    let mut url = Url::parse(address).map_err(|_| wrong("the manifest holds an address that is not a URL"))?;
    if url.query().is_none() && file.abs_credentials.is_some() {
        let (endpoint, signature) = shared_access(file)?;
        if endpoint.origin() == url.origin() {
            url.set_query(Some(signature));
        }
    }
    Ok(url)
}

/// Endpoint and signature of `BlobEndpoint=…;SharedAccessSignature=…`.
fn shared_access(file: &FileInfo) -> Result<(Url, &str), LocationError> {
    let text = file.abs_credentials.as_ref().ok_or_else(|| missing("absCredentials"))?.connection.expose();
    let part = |name: &str| text.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    let endpoint = part("BlobEndpoint").and_then(|url| Url::parse(url).ok());
    let signature = part("SharedAccessSignature").map(|signature| signature.trim_start_matches('?'));
    endpoint.zip(signature).ok_or_else(|| wrong("absCredentials.SASConnectionString is not understood"))
}

/// `path` below `base`, percent-encoded.
fn below(base: &Url, path: &str) -> Result<Url, LocationError> {
    let mut url = base.clone();
    let mut segments = url.path_segments_mut().map_err(|()| wrong("the object store's address has no host"))?;
    segments.pop_if_empty().extend(path.split('/'));
    drop(segments);
    Ok(url)
}

fn wrong(reason: &str) -> LocationError {
    LocationError(reason.to_owned())
}

fn missing(field: &str) -> LocationError {
    wrong(&format!("Keboola gave no '{field}' for the file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(file: serde_json::Value, address: &str) -> Result<reqwest::Request, String> {
        let file: FileInfo = serde_json::from_value(file).unwrap();
        let endpoints = Endpoints { gcs: Url::parse("https://storage.googleapis.com").unwrap(), s3: None };
        let request = request(&Client::new(), &endpoints, &file, address).map_err(|error| error.to_string())?;
        Ok(request.build().unwrap())
    }

    #[test]
    fn each_store_gets_its_own_credentials() {
        let google = serde_json::json!({"url": "", "gcsCredentials": {"access_token": "bearer"}});
        let request = made(google.clone(), "gs://bucket/a b/c%d.gz").unwrap();
        assert_eq!(request.url().as_str(), "https://storage.googleapis.com/bucket/a%20b/c%25d.gz");
        assert_eq!(request.headers()["authorization"], "Bearer bearer");
        assert!(made(google, "https://elsewhere.example/x").unwrap().headers().get("authorization").is_none());

        let amazon = serde_json::json!({"url": "", "region": "eu-central-1", "credentials": {
            "AccessKeyId": "AK", "SecretAccessKey": "SK", "SessionToken": "ST"}});
        let url = made(amazon, "s3://bucket/exp/1.gz").unwrap().url().clone();
        assert_eq!(url.host_str(), Some("s3.eu-central-1.amazonaws.com"));
        assert_eq!(url.path(), "/bucket/exp/1.gz");
        let query = url.query().unwrap();
        assert!(query.contains("X-Amz-Signature=") && query.contains("X-Amz-Security-Token=ST"), "{query}");
        assert!(!query.contains("SK"));

        let azure = serde_json::json!({"url": "", "absCredentials": {"SASConnectionString":
            "BlobEndpoint=https://acct.blob.core.windows.net;SharedAccessSignature=sv=1&sig=a%2Bb"}});
        let signed = "https://acct.blob.core.windows.net/c/1.gz?sv=1&sig=a%2Bb";
        for address in ["azure://acct.blob.core.windows.net/c/1.gz", "https://acct.blob.core.windows.net/c/1.gz"] {
            assert_eq!(made(azure.clone(), address).unwrap().url().as_str(), signed);
        }
        let error = made(azure, "azure://other.example/c/1.gz").unwrap_err();
        assert!(error.contains("another storage account") && !error.contains("sig"), "{error}");
    }

    #[test]
    fn odd_addresses_are_named() {
        let bare = serde_json::json!({"url": ""});
        for (address, say) in [("ftp://x/y", "'ftp'"), ("x", "without scheme"), ("gs://b/k", "'gcsCredentials'")] {
            let error = made(bare.clone(), address).unwrap_err();
            assert!(error.contains(say), "{error}");
        }
    }
}
