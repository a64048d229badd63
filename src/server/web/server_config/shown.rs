//! Settings as fields of a form.

use minijinja::{Value, context};

use super::texts::{name, stamp, text, text_of};
use crate::domain::server_config::{Applies, ConfigField, ConfigSection, FieldKind};
use crate::server::web::form::FormState;
use crate::server::web::listing::Listing;

/// Words that are not written as their key.
const WORDS: [(&str, &str); 12] = [
    ("ai", "AI"),
    ("api", "API"),
    ("bigquery", "BigQuery"),
    ("bq", "BigQuery"),
    ("env", "variable"),
    ("id", "ID"),
    ("jwt", "JWT"),
    ("openmetadata", "OpenMetadata"),
    ("ssl", "SSL"),
    ("svg", "SVG"),
    ("ttl", "TTL"),
    ("url", "URL"),
];

/// A key as people read it.
pub fn title(key: &str) -> String {
    let words = key
        .trim_start_matches('-')
        .split(['_', '.', '-'])
        .map(|word| WORDS.iter().find(|(known, _)| *known == word).map_or(word, |(_, written)| *written));
    let text = words.collect::<Vec<_>>().join(" ");
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + rest.as_str()
}

/// A section with the fields that are searched for; none if nothing is left.
pub fn section_values(section: &ConfigSection, list: &Listing, form: &FormState) -> Option<Value> {
    let title = title(section.name);
    let is_found = |field: &&ConfigField| {
        let path = field.path.join(".");
        list.matches(&[&title, &path, &label(field), field.hint.as_deref().unwrap_or_default()])
    };
    let fields: Vec<&ConfigField> = section.fields.iter().filter(is_found).collect();
    if fields.is_empty() {
        return None;
    }
    let waits = fields.iter().any(|field| matches!(field.applies, Applies::AfterRestart(_)));
    // Only the form that was sent shows what was typed.
    let form = if form.id == section.name { form.clone() } else { FormState::new(section.name) };
    let fields: Vec<Value> = fields.iter().enumerate().map(|(at, field)| field_values(field, at)).collect();
    Some(context! { name => section.name, title, is_danger => section.is_danger, waits, fields, form })
}

fn label(field: &ConfigField) -> String {
    title(&field.path[1..].join("_"))
}

fn field_values(field: &ConfigField, at: usize) -> Value {
    let text = text(field);
    let is_wide = matches!(field.kind, FieldKind::LongText | FieldKind::Lines | FieldKind::Yaml);
    let default = field.default.as_ref().or(field.placeholder.as_ref()).map(text_of);
    let source = match field {
        ConfigField { is_own: true, .. } => "set here",
        ConfigField { is_fixed: true, .. } => "instance.yaml",
        _ => "",
    };
    let back_to = match (field.is_own, field.is_fixed, &default) {
        (false, ..) => String::new(),
        (true, true, _) => "Back to what instance.yaml says".into(),
        (true, false, Some(default)) => format!("Back to the default, {default}"),
        (true, false, None) => "Remove".into(),
    };
    let is_masked = field.kind == FieldKind::Secret;
    let is_set = is_masked && field.value.as_ref().is_some_and(|value| value == "***");
    context! {
        id => format!("{}-{at}", field.path[0]),
        name => name(field),
        key => field.path.join("."),
        label => label(field),
        kind => kind(field.kind),
        options => options(field, &text, default.as_deref()),
        was => stamp(&text),
        rows => text.lines().count().clamp(2, 12),
        text,
        hint => &field.hint,
        default,
        source,
        back_to,
        is_wide,
        is_set,
        is_used => field.applies != Applies::Never,
        overridden_by => &field.overridden_by,
    }
}

fn kind(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "text",
        FieldKind::Secret => "secret",
        FieldKind::Integer | FieldKind::Number => "number",
        FieldKind::Flag | FieldKind::Choice => "select",
        FieldKind::LongText | FieldKind::Lines => "area",
        FieldKind::Yaml => "yaml",
    }
}

/// Pairs of value and label, the one that stands for "not set" first.
fn options(field: &ConfigField, current: &str, default: Option<&str>) -> Vec<(String, String)> {
    let usual: Vec<String> = match field.kind {
        FieldKind::Flag => vec!["true".into(), "false".into()],
        FieldKind::Choice => field.options.clone(),
        _ => return Vec::new(),
    };
    let unset = if field.is_fixed && !field.is_own {
        None
    } else {
        Some(default.map_or_else(|| "not set".to_owned(), |default| format!("default: {default}")))
    };
    let other = (!current.is_empty() && !usual.iter().any(|option| option == current)).then(|| current.to_owned());
    let values = usual.into_iter().chain(other).map(|value| (value.clone(), value));
    unset.map(|label| (String::new(), label)).into_iter().chain(values).collect()
}

#[cfg(test)]
mod tests {
    use super::title;

    #[test]
    fn keys_are_titles() {
        for (key, expected) in
            [("data_source", "Data source"), ("keboola_stack_url", "Keboola stack URL"), ("ai", "AI")]
        {
            assert_eq!(title(key), expected);
        }
    }
}
