//! The functions of predicates. Of those that BigQuery has as well, DuckDB lacks some.

use crate::query::policy;

/// What callers may write.
const LISTED: &str = "\
    current_date current_timestamp current_time date datetime timestamp time date_add date_sub date_diff date_trunc extract \
    format_date format_timestamp parse_date parse_timestamp unix_seconds unix_millis \
    concat length lower upper substr substring trim ltrim rtrim replace starts_with ends_with contains_substr \
    regexp_contains regexp_extract safe_cast regexp_like \
    abs ceil floor round mod power sqrt log ln exp sign greatest least \
    cast if ifnull coalesce nullif case \
    char_length ceiling pow len regexp_matches";

/// What the parser makes of other syntax: `EXTRACT(… FROM …)`, `LIKE … ESCAPE`, `SIMILAR TO`, `INTERVAL …`.
const OF_SYNTAX: &str = "\
    date_part like_escape ilike_escape not_like_escape not_ilike_escape regexp_full_match trunc to_microseconds \
    to_milliseconds to_seconds to_minutes to_hours to_days to_weeks to_months to_quarters to_years to_decades \
    to_centuries to_millennia";

const OPERATORS: &str = "+ - * / // % ** ^ & | << >> ~ @ || ~~ !~~ ~~* !~~* ~~~ ~* !~*";

/// What stands for a function without parentheses, unless it is a column.
pub const NAMES: [&str; 3] = ["current_date", "current_timestamp", "current_time"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    Yes,
    /// It is BigQuery's.
    Elsewhere,
    No,
}

pub fn allowed(name: &str, is_operator: bool) -> Allowed {
    let name = name.to_ascii_lowercase();
    let is_in = |list: &str| list.split_ascii_whitespace().any(|listed| listed == name);
    match is_operator {
        true if is_in(OPERATORS) => Allowed::Yes,
        true => Allowed::No,
        false if is_in(OF_SYNTAX) => Allowed::Yes,
        false if is_in(LISTED) && policy::is_function(&name) => Allowed::Yes,
        false if is_in(LISTED) => Allowed::Elsewhere,
        false => Allowed::No,
    }
}
