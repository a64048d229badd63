//! The header of a text, and what may stand above it.

use std::collections::HashSet;

use super::fault::Fault;

/// How a line begins that names the delimiter.
const SEPARATOR_LINES: [&[u8]; 4] = [b"sep=", b"SEP=", b"\"sep=", b"\"SEP="];

/// The name of a first column without one.
const UNNAMED: &str = "column_1";
/// Names that a note lists.
const SHOWN: usize = 5;

/// The lines before the header.
pub struct LinesAbove {
    pub lines: usize,
    pub bytes: usize,
    pub blank: usize,
    /// From a line such as `sep=;`, which Excel understands.
    pub separator: Option<u8>,
}

impl LinesAbove {
    pub fn find(head: &[u8], declared: Option<usize>) -> Self {
        let mut above = Self { lines: 0, bytes: 0, blank: 0, separator: None };
        let ends_with_cr = !head.contains(&b'\n');
        let end = if ends_with_cr { b'\r' } else { b'\n' };
        for line in head.split_inclusive(|byte| *byte == end) {
            let text = line.trim_ascii();
            let separator = match SEPARATOR_LINES.iter().find_map(|start| line.strip_prefix(*start)) {
                Some([separator, rest @ ..]) if above.lines == 0 && matches!(rest.trim_ascii(), b"" | b"\"") => {
                    Some(*separator)
                }
                _ => None,
            };
            let is_blank = text.is_empty() && !line.contains(&b'\t');
            match declared {
                Some(lines) if above.lines >= lines => break,
                None if !is_blank && separator.is_none() => break,
                _ => {}
            }
            above.blank += usize::from(is_blank && declared.is_none());
            above.separator = above.separator.or(separator);
            above.lines += 1;
            above.bytes += line.len();
        }
        above
    }
}

/// The columns of the table, whose names come first in the header.
pub fn names(mut header: Vec<String>, notes: &mut Vec<String>) -> Result<Vec<String>, Fault> {
    let mut trimmed = Vec::new();
    for name in &mut header {
        let short = name.trim();
        if short.len() < name.len() {
            let short = short.to_owned();
            trimmed.extend((!short.is_empty()).then(|| format!("'{short}'")));
            *name = short;
        }
    }
    if !trimmed.is_empty() {
        let more = if trimmed.len() > SHOWN { ", …" } else { "" };
        trimmed.truncate(SHOWN);
        notes.push(format!("spaces around names of columns were left out: {}{more}", trimmed.join(", ")));
    }
    let named = header.iter().rposition(|name| !name.is_empty()).ok_or(Fault::Empty)? + 1;
    // Whether they hold values is seen later.
    header.truncate(named);
    if header[0].is_empty() {
        // Python's pandas writes its row numbers into such a column.
        if header.iter().any(|name| name.eq_ignore_ascii_case(UNNAMED)) {
            return Err(Fault::Unnamed { name: UNNAMED });
        }
        header[0] = UNNAMED.into();
        notes.push(format!("the first column has no name; it was called {UNNAMED}"));
    }
    let mut seen = HashSet::new();
    for (index, name) in header.iter().enumerate() {
        if name.is_empty() {
            return Err(Fault::NoName { column: index + 1 });
        }
        if !seen.insert(name.to_lowercase()) {
            return Err(Fault::SameName { name: name.clone() });
        }
    }
    Ok(header)
}
