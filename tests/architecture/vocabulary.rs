//! Words of a vocabulary are values of a type; their spelling is known to the file that defines the type.

use std::collections::BTreeSet;

use crate::project::Project;
use crate::{assert_none, found};

const WORDS: &[&str] = &[
    "keboola",
    "bigquery",
    "jira",
    "local",
    "remote",
    "materialized",
    "full_refresh",
    "incremental",
    "partitioned",
    "table",
    "marketplace_plugin",
    "memory_domain",
    "saved_query",
    "saved_queries",
];

/// Files that define a vocabulary.
const DEFINITIONS: &[&str] = &["src/protocol/vocabulary.rs"];

/// The same word with another meaning: (file, word).
const HOMONYMS: &[(&str, &str)] = &[
    // `config` lies below the vocabularies; what instance.yaml says becomes a `SourceType` in `connectors`.
    ("src/config/instance.rs", "local"),
    // A section of instance.yaml.
    ("src/domain/server_config/sections.rs", "jira"),
    // How a word of a key is written.
    ("src/server/web/server_config/shown.rs", "bigquery"),
    // Names of extensions of DuckDB.
    ("src/connectors/keboola/settings.rs", "keboola"),
    ("src/extract/remote/extensions.rs", "bigquery"),
    ("src/extract/remote/extensions.rs", "keboola"),
    // The name of a run that no table is to blame for.
    ("src/connectors/keboola/mod.rs", "keboola"),
    // How a publication stores a table.
    ("src/sync/analytics_db.rs", "remote"),
    // A field of JSON, or its heading.
    ("src/cli/pull/report.rs", "table"),
    // A part of the address of a page of OpenMetadata.
    ("src/openmetadata/client.rs", "table"),
    ("src/cli/saved/show.rs", "table"),
    ("src/domain/saved_queries/edit.rs", "table"),
    ("src/domain/saved_queries/rules.rs", "table"),
    // A parameter of an address.
    ("src/server/web/access/mod.rs", "table"),
    // A table of the state database.
    ("src/store/schema.rs", "saved_queries"),
    ("src/store/snapshot.rs", "saved_queries"),
];

#[test]
fn vocabularies_are_types() {
    let rule = "Use the type (SourceType, QueryMode, SyncStrategy, ResourceType) instead of its spelling";
    assert_none(rule, spelled(&Project::read()));
    let project = Project::of(&[
        (DEFINITIONS[0], "const A: &str = \"keboola\";"),
        ("src/sync/a.rs", "fn f() {\n matches!(x, Some(\"local\")) }"),
        (
            "src/sync/b.rs",
            "/// \"local\"\n#[a(default = \"local\")] fn f() { json!({\"table\": 1, \"a\": \"tables\"}) }",
        ),
        ("src/sync/c.rs", "#[cfg(test)] mod tests { const A: &str = \"local\"; }"),
    ]);
    assert_eq!(spelled(&project), found(["src/sync/a.rs:2: \"local\""]));
}

fn spelled(project: &Project) -> BTreeSet<String> {
    let mut places = BTreeSet::new();
    for source in project.sources.iter().filter(|source| !DEFINITIONS.contains(&source.path.as_str())) {
        for (at, token) in source.tokens.iter().enumerate().filter(|(_, token)| !token.is_test) {
            let word = token.text.trim_matches('"');
            // The name of a JSON field.
            let is_key = source.tokens.get(at + 1).is_some_and(|next| next.text == ":");
            let is_word = token.text.starts_with('"') && WORDS.contains(&word) && !is_key;
            if is_word && !HOMONYMS.contains(&(source.path.as_str(), word)) {
                places.insert(format!("{}: {}", source.place(token.line), token.text));
            }
        }
    }
    places
}
