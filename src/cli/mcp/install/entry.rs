//! Our entry in a configuration file. All other text of the file stays as it is, comments included.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};
use serde::Serialize;
use serde_json::{Value, json};

const SERVERS: &str = "mcpServers";
const NAME: &str = "agnes";

/// How a program starts us.
#[derive(Debug, Serialize)]
pub struct Entry {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub transport: Option<&'static str>,
    pub command: String,
    pub args: Vec<String>,
}

/// What becomes of the text of a file.
#[derive(Debug, PartialEq)]
pub enum Change {
    None,
    To(String),
}

impl Entry {
    /// A file that has nothing else.
    pub fn document(&self) -> String {
        format!("{:#}", json!({ SERVERS: { NAME: self } }))
    }

    /// Enters it. What somebody else has added to our entry, such as variables, stays.
    pub fn enter(&self, text: &str) -> Result<Change, String> {
        if text.trim().is_empty() {
            return Ok(Change::To(self.document() + "\n"));
        }
        let root = parse(text)?;
        let servers = servers(&root)?;
        let entry = servers.object_value_or_create(NAME).ok_or_else(|| not_an_object(NAME))?;
        let is_new = entry.properties().is_empty();
        let args = self.args.iter().cloned().map(CstInputValue::String).collect();
        let mut fields = vec![
            ("command", CstInputValue::String(self.command.clone()), json!(self.command)),
            ("args", CstInputValue::Array(args), json!(self.args)),
        ];
        if let Some(transport) = self.transport.filter(|_| is_new) {
            fields.insert(0, ("type", CstInputValue::String(transport.into()), json!(transport)));
        }
        let mut is_changed = false;
        for (name, value, wanted) in fields {
            is_changed |= set(&entry, name, value, &wanted);
        }
        Ok(if is_changed { Change::To(root.to_string()) } else { Change::None })
    }
}

/// Returns whether the value is another one now.
fn set(entry: &CstObject, name: &str, value: CstInputValue, wanted: &Value) -> bool {
    match entry.get(name) {
        Some(field) if field.to_serde_value().as_ref() == Some(wanted) => return false,
        Some(field) => field.set_value(value),
        None => drop(entry.append(name, value)),
    }
    true
}

/// Removes our entry.
pub fn remove(text: &str) -> Result<Change, String> {
    if text.trim().is_empty() {
        return Ok(Change::None);
    }
    let root = parse(text)?;
    let entry =
        root.object_value().and_then(|object| object.object_value(SERVERS)).and_then(|servers| servers.get(NAME));
    let Some(entry) = entry else { return Ok(Change::None) };
    entry.remove();
    Ok(Change::To(root.to_string()))
}

fn servers(root: &CstRootNode) -> Result<CstObject, String> {
    let object = root.object_value_or_create().ok_or("it is not a JSON object")?;
    object.object_value_or_create(SERVERS).ok_or_else(|| not_an_object(SERVERS))
}

fn not_an_object(name: &str) -> String {
    format!("{name} is not an object in it")
}

/// Reads JSON, with the comments and trailing commas that editors allow.
fn parse(text: &str) -> Result<CstRootNode, String> {
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    CstRootNode::parse(text, &options).map_err(|error| format!("it is not valid JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry { transport: Some("stdio"), command: "agnes".into(), args: vec!["mcp".into()] }
    }

    fn entered(text: &str) -> String {
        let Change::To(text) = entry().enter(text).unwrap() else { panic!("nothing changed") };
        assert_eq!(entry().enter(&text), Ok(Change::None), "a second time");
        text
    }

    #[test]
    fn a_new_file_has_the_entry_alone() {
        insta::assert_snapshot!(entered(""), @r#"
        {
          "mcpServers": {
            "agnes": {
              "type": "stdio",
              "command": "agnes",
              "args": [
                "mcp"
              ]
            }
          }
        }
        "#);
    }

    #[test]
    fn everything_else_stays_letter_by_letter() {
        let text = "{\n\t// mine\n\t\"z\": 1.50, \"a\": 123456789012345678901234567890,\n\t\"mcpServers\": {\n\t\t\"other\": { \"command\": \"x\" }\n\t},\n\t\"last\": [1,2]\n}\n";
        let changed = entered(text);
        for kept in [
            "// mine",
            "\"z\": 1.50, \"a\": 123456789012345678901234567890,",
            "\"other\": { \"command\": \"x\" }",
            "\"last\": [1,2]\n}\n",
        ] {
            assert!(changed.contains(kept), "{kept} in {changed}");
        }
        assert_eq!(remove(&changed), Ok(Change::To(text.to_owned())));
        assert_eq!(remove(text), Ok(Change::None));
        assert_eq!(remove(""), Ok(Change::None));
    }

    #[test]
    fn an_entry_is_brought_up_to_date_and_keeps_what_was_added() {
        let text = r#"{"mcpServers": {"agnes": {"command": "/old/agnes", "args": ["mcp", "--x"], "env": {"AGNES_TOKEN": "t"}}}}"#;
        insta::assert_snapshot!(entered(text), @r#"{"mcpServers": {"agnes": {"command": "agnes", "args": ["mcp"], "env": {"AGNES_TOKEN": "t"}}}}"#);
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        for (text, reason) in [
            ("{", "not valid JSON"),
            ("{\"a\": 1} x", "not valid JSON"),
            ("{'a': 1}", "not valid JSON"),
            ("[]", "not a JSON object"),
            ("{\"mcpServers\": []}", "mcpServers is not an object"),
            ("{\"mcpServers\": {\"agnes\": 1}}", "agnes is not an object"),
        ] {
            let refused = entry().enter(text).unwrap_err();
            assert!(refused.contains(reason), "{text}: {refused}");
        }
    }
}
