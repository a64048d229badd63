use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{Ref, Schema};

/// Body of every error.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct ErrorBody {
    /// A text, an object with `kind`, `reason` or `code`, or a list of field errors (422).
    #[schema(schema_with = detail)]
    pub detail: Value,
    /// Only with status 500: what to look for in the log.
    pub request_id: Option<String>,
    /// Only with status 500 and `DEBUG`.
    pub error: Option<String>,
}

/// One entry of a 422's `detail`.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldError {
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `body`, `query` or `path`, then names and indexes.
    #[schema(schema_with = place)]
    pub loc: Vec<Value>,
    pub msg: String,
    /// The offending value; for a missing field of a body the object that lacks it.
    pub input: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ctx: Option<Value>,
}

fn detail() -> Schema {
    let fields = ArrayBuilder::new().items(Ref::from_schema_name("FieldError"));
    OneOfBuilder::new().item(of(Type::String)).item(of(Type::Object)).item(Schema::from(fields)).build().into()
}

fn place() -> Schema {
    let names = ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Integer]));
    ArrayBuilder::new().items(names).into()
}

fn of(kind: Type) -> Schema {
    ObjectBuilder::new().schema_type(kind).into()
}
