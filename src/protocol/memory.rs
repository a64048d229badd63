//! Knowledge of the company, as `agnes pull` gets it.

use serde::{Deserialize, Serialize};

/// `GET /api/memory/bundle` of a server that has it; v0.35 does.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Bundle {
    #[serde(default)]
    pub mandatory: Vec<Item>,
    #[serde(default)]
    pub approved: Vec<Item>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Item {
    pub id: String,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub content: Option<String>,
    #[serde(default)]
    pub domain: Option<String>,
    #[serde(default)]
    pub category: Option<String>,
}
