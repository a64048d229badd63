use insta::internals::SettingsBindDropGuard;

/// Patterns of what differs from run to run, and what snapshots show instead.
const CHANGING: [(&str, &str); 4] = [
    (r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "[token]"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]"),
    (r"\b[0-9a-f]{32}\b", "[hex]"),
    (r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(\+00:00)?", "[time]"),
];

/// Masks ids, times and tokens in the snapshots of this thread, for as long as the guard lives.
pub fn changing_values() -> SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    for (pattern, shown) in CHANGING {
        settings.add_filter(pattern, shown);
    }
    settings.bind_to_scope()
}
