use crate::access::Admin;
use crate::base::ident;
use crate::protocol::access::ResourceType;
use crate::server::ApiError;
use crate::server::http::extractors::Json;

/// Key, display name, description, id format.
pub const TYPES: [(&str, &str, &str, &str); 3] = [
    (
        "marketplace_plugin",
        "Marketplace plugins",
        "A plugin from a registered marketplace.",
        "<marketplace_slug>/<plugin_name>",
    ),
    ("table", "Tables", "A registered data table.", "<table_id>"),
    ("memory_domain", "Memory domains", "A corporate-memory domain (knowledge_items.domain).", "<domain>"),
];

/// What can be granted.
#[utoipa::path(get, path = "/api/admin/resource-types", tag = "access",
    responses((status = 200, body = Vec<ResourceType>)))]
pub async fn list(_: Admin) -> Json<Vec<ResourceType>> {
    let types = TYPES.map(|(key, display_name, description, id_format)| ResourceType {
        key: key.into(),
        display_name: display_name.into(),
        description: description.into(),
        id_format: id_format.into(),
    });
    Json(types.into())
}

/// Refuses what is no resource type.
pub fn check(key: &str) -> Result<(), ApiError> {
    if TYPES.iter().any(|(known, ..)| *known == key) {
        return Ok(());
    }
    let known: Vec<_> = TYPES.iter().map(|(key, ..)| ident::repr(key)).collect();
    let message = format!("Unknown resource_type {}. Known types: [{}]", ident::repr(key), known.join(", "));
    Err(ApiError::bad_request(message))
}
