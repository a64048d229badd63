//! Prompts for analysts' agents, and the templates that they are made from.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /api/welcome`, and `POST /api/admin/welcome-template/preview`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct RenderedPrompt {
    pub content: String,
}

/// `GET /api/admin/welcome-template`
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct PromptTemplate {
    /// What an admin has written in place of the built-in template.
    pub content: Option<String>,
    /// The built-in template as it is rendered for the caller. Not to be stored: it names what the caller may read.
    pub default: String,
    /// The built-in template itself.
    pub default_source: String,
    pub updated_at: Option<String>,
    /// E-mail address.
    pub updated_by: Option<String>,
    /// Commands and paths of older versions that `content` names; of the workspace prompt only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legacy_strings_detected: Option<Vec<String>>,
    /// What is wrong with `content`.
    pub warnings: Vec<String>,
}

/// `PUT /api/admin/welcome-template`, and its preview
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct TemplateContent {
    /// In the language of Jinja2.
    #[schema(min_length = 1, max_length = 200000)]
    pub content: String,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct TemplateStored {
    pub status: String,
    /// What works, but probably not as it was meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
