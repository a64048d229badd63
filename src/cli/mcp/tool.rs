//! The shape of a tool.

use std::fmt::Display;

use rmcp::model::{JsonObject, Tool as Declaration, ToolAnnotations};
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::call::Call;
use crate::cli::CliError;

/// A tool: its fields are the arguments, and their doc comments describe them to the model.
pub trait Tool: DeserializeOwned + JsonSchema {
    const NAME: &str;
    /// For people.
    const TITLE: &str;
    /// For the model: what it is for, when to prefer another tool, and what comes back.
    const DESCRIPTION: &str;
    const EFFECT: Effect = Effect::Reads;

    /// What comes back, for programs.
    type Data: Serialize + JsonSchema;

    fn run(self, call: &Call) -> anyhow::Result<Answer<Self::Data>>;
}

/// What a tool does to the machine that it runs on, and to the server.
#[derive(Clone, Copy, Debug)]
pub enum Effect {
    Reads,
    /// Makes a file, and never replaces one.
    Adds,
    /// Replaces and removes files, and does nothing more if it is called again.
    Replaces,
    /// Asks somebody for something, once, and changes nothing itself.
    Asks,
}

/// What comes back: a sentence and data.
#[derive(Debug)]
pub struct Answer<D> {
    pub summary: String,
    pub data: D,
}

impl<D> Answer<D> {
    pub fn new(summary: impl Display, data: D) -> Self {
        Self { summary: summary.to_string(), data }
    }
}

/// A tool among others.
pub struct Offered {
    pub declaration: Declaration,
    pub run: Runner,
}

pub type Runner = fn(JsonObject, &Call) -> anyhow::Result<Answer<Value>>;

impl Offered {
    pub fn new<T: Tool>() -> Self {
        let annotations = match T::EFFECT {
            Effect::Reads => ToolAnnotations::new().read_only(true).destructive(false).idempotent(true),
            Effect::Adds => ToolAnnotations::new().read_only(false).destructive(false).idempotent(false),
            Effect::Asks => ToolAnnotations::new().read_only(false).destructive(false).idempotent(true),
            Effect::Replaces => ToolAnnotations::new().read_only(false).destructive(true).idempotent(true),
        };
        // What there is to be seen and done is the company's catalog and this workspace.
        let annotations = annotations.open_world(false);
        let input = schema::<T>(SchemaSettings::draft2020_12().for_deserialize());
        let output = schema::<T::Data>(SchemaSettings::draft2020_12().for_serialize());
        let declaration = Declaration::new(T::NAME, T::DESCRIPTION, input).with_title(T::TITLE);
        let declaration = declaration.with_raw_output_schema(output.into()).with_annotations(annotations);
        Self { declaration, run: run::<T> }
    }
}

/// A schema without what only names our types.
fn schema<T: JsonSchema>(settings: SchemaSettings) -> JsonObject {
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
        // `uint64` and the like, of which validators complain.
        settings.transforms.push(Box::new(RecursiveTransform(|schema: &mut Schema| drop(schema.remove("format")))));
    });
    let mut schema = SchemaGenerator::new(settings).into_root_schema_for::<T>();
    schema.remove("title");
    schema.remove("description");
    let object = schema.ensure_object();
    // A tool without arguments has them, too.
    object.entry("properties").or_insert_with(|| JsonObject::new().into());
    std::mem::take(object)
}

fn run<T: Tool>(arguments: JsonObject, call: &Call) -> anyhow::Result<Answer<Value>> {
    let arguments: T = serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
        let place = match error.path().to_string() {
            path if path == "." => String::new(),
            path => format!("{path}: "),
        };
        CliError::new("wrong_arguments", format!("wrong arguments for {}: {place}{}", T::NAME, error.inner()))
            .hint("Look at the tool's input schema and call it again.")
    })?;
    let Answer { summary, data } = arguments.run(call)?;
    Ok(Answer { summary, data: serde_json::to_value(data)? })
}

/// An argument that must be within bounds, which the schema states as well.
pub fn within(name: &str, value: u64, bounds: std::ops::RangeInclusive<u64>) -> Result<u64, CliError> {
    if bounds.contains(&value) {
        return Ok(value);
    }
    let (least, most) = (bounds.start(), bounds.end());
    Err(CliError::new("wrong_arguments", format!("{name} is {value}, but must be from {least} to {most}")))
}
