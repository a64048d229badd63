//! Which parts of `instance.yaml` admins can change, and when a change takes effect.

/// Sections that can be changed, in the order in which they are shown.
pub const EDITABLE: [&str; 13] = [
    "instance",
    "data_source",
    "email",
    "telegram",
    "jira",
    "theme",
    "server",
    "auth",
    "ai",
    "openmetadata",
    "desktop",
    "corporate_memory",
    "materialize",
];

/// Sections whose change can lock people out, so it must be confirmed.
pub const DANGER: [&str; 2] = ["auth", "server"];

/// Used by the requests that come after the change.
const AT_ONCE: [&str; 12] = [
    "instance.name",
    "instance.subtitle",
    "instance.sync_interval",
    "instance.copyright",
    "instance.logo_svg",
    "instance.show_ungranted_tables",
    "theme",
    "auth.allowed_domain",
    "auth.allowed_domains",
    "data_source.type",
    "data_source.keboola",
    "data_source.local",
];

/// Used at start only, and by what.
const AT_START: [(&str, &str); 1] = [("openmetadata", "OpenMetadata")];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applies {
    AtOnce,
    /// Names what has to be set up again.
    AfterRestart(&'static str),
    /// This version does not use the key.
    Never,
}

/// When a change of a key takes effect. The path has dots between keys.
pub fn applies(path: &str) -> Applies {
    let is_at = |parent: &str| {
        path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            || parent.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
    };
    match AT_START.iter().find(|(parent, _)| is_at(parent)) {
        Some((_, part)) => Applies::AfterRestart(part),
        None if AT_ONCE.iter().any(|parent| is_at(parent)) => Applies::AtOnce,
        None => Applies::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_what_is_around_them() {
        assert_eq!(applies("theme.primary"), Applies::AtOnce);
        assert_eq!(applies("auth.allowed_domains"), Applies::AtOnce);
        assert_eq!(applies("auth.allowed_domains_x"), Applies::Never);
        // All of a section was replaced.
        assert_eq!(applies("data_source"), Applies::AtOnce);
        assert_eq!(applies("data_source.bigquery.location"), Applies::Never);
        assert_eq!(applies("openmetadata.tables.orders"), Applies::AfterRestart("OpenMetadata"));
    }
}
