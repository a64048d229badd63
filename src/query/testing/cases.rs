//! Statements of callers and what must become of each; `cases/README.md` says how they are written.

/// What a caller gets who may read `orders` and `Mixed_Case`, but not `salaries`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    Refused,
    Keyword,
    Error,
    Denied,
    Unknown,
    Limited,
    /// These rows, as JSON.
    Works(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Of the part of the file.
    pub heading: &'static str,
    pub want: Want,
    text: &'static str,
}

/// The rows of `orders`.
pub const ORDERS: &str = "\
    SELECT i AS id, 'cust' || i AS customer, 1.50::DECIMAL(9,2) * i AS amount, i AS payload, i AS download, i AS recall, \
           i AS last_update, i % 2 = 0 AND i > 4 AS is_import, i AS \"Full Name\" FROM range(20) t(i)";
/// Occurs in `salaries` only, and in files that nobody may read.
pub const SECRET: &str = "top-secret-4711";

const FILES: [&str; 3] =
    [include_str!("cases/v0.35.txt"), include_str!("cases/bypasses.txt"), include_str!("cases/further.txt")];

/// Statements that must be refused, and some that only look as if.
pub fn hostile() -> Vec<Case> {
    FILES.iter().flat_map(|file| cases(file)).collect()
}

/// Those that only a server can judge, since it asks for values first.
pub fn pivots() -> Vec<Case> {
    cases(include_str!("cases/pivots.txt"))
}

/// Statements that must work.
pub fn legitimate() -> Vec<Case> {
    cases(include_str!("cases/works.txt"))
}

fn cases(file: &'static str) -> Vec<Case> {
    let (mut cases, mut heading) = (Vec::new(), "");
    let mut lines = file.lines().filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        if line.starts_with('#') {
            heading = line;
            continue;
        }
        let (word, text) = line.split_once('|').unwrap_or_else(|| panic!("{line}"));
        let want = match word.trim() {
            "refused" => Want::Refused,
            "keyword" => Want::Keyword,
            "error" => Want::Error,
            "denied" => Want::Denied,
            "unknown" => Want::Unknown,
            "limited" => Want::Limited,
            "works" => {
                let rows = lines.next().and_then(|line| line.trim_start().strip_prefix("= "));
                Want::Works(rows.unwrap_or_else(|| panic!("no rows: {line}")))
            }
            _ => panic!("{line}"),
        };
        cases.push(Case { heading, want, text: text.strip_prefix(' ').unwrap_or(text) });
    }
    cases
}

impl Case {
    /// The statement, with this directory and address.
    pub fn sql(&self, dir: &str, address: &str) -> String {
        let text = self.text.replace("{dir}", dir).replace("{address}", address);
        let text = text.replace('⏎', "\n").replace('⇥', "\t").replace('␣', " ").replace('␀', "\0");
        let mut parts = text.split("{U+");
        let mut sql = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (code, rest) = part.split_once('}').unwrap_or_else(|| panic!("{text}"));
            let character = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
            sql.push(character.unwrap_or_else(|| panic!("{text}")));
            sql.push_str(rest);
        }
        sql
    }
}
