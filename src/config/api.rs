//! `api:` of `instance.yaml`.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ApiConfig {
    pub scan: ScanConfig,
}

/// Limits of `POST /api/v2/scan`. 0 or nothing stands for the default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ScanConfig {
    /// The most rows that a request may name as its limit.
    pub max_limit: Limit<10_000_000>,
    /// Of one result. Rows beyond are left out.
    pub max_result_bytes: Limit<2_147_483_648>,
    pub max_concurrent_per_user: Limit<5>,
    /// In UTC days.
    pub max_daily_bytes_per_user: Limit<53_687_091_200>,
    /// From the request to the last byte of its result.
    pub request_timeout_seconds: Limit<300>,
}

impl ScanConfig {
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_seconds.0)
    }
}

/// A number of at least 1, with its default.
#[derive(Clone, Copy, Debug)]
pub struct Limit<const DEFAULT: u64>(pub u64);

impl<const DEFAULT: u64> Default for Limit<DEFAULT> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<'de, const DEFAULT: u64> Deserialize<'de> for Limit<DEFAULT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Option::<u64>::deserialize(deserializer)?;
        Ok(number.filter(|number| *number > 0).map_or_else(Self::default, Self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_and_zero_stand_for_the_default() {
        let scan: ScanConfig =
            serde_saphyr::from_str("max_limit: 0\nmax_result_bytes:\nmax_concurrent_per_user: 2").unwrap();
        assert_eq!((scan.max_limit.0, scan.max_result_bytes.0), (10_000_000, 2_147_483_648));
        assert_eq!((scan.max_concurrent_per_user.0, scan.timeout()), (2, Duration::from_secs(300)));
        assert!(serde_saphyr::from_str::<ScanConfig>("max_limit: -1").is_err());
        assert!(serde_saphyr::from_str::<ScanConfig>("max_limit: many").is_err());
    }
}
