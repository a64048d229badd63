//! Records of CSV.

use std::io::{self, Write};

/// Writes a record. NULL is empty and an empty text is `""`; a record that is nothing but one NULL is `""` too, because
/// readers skip empty lines.
pub fn write(out: &mut impl Write, fields: impl ExactSizeIterator<Item = Option<String>>) -> io::Result<()> {
    let is_single = fields.len() == 1;
    for (index, field) in fields.enumerate() {
        out.write_all(if index == 0 { b"" } else { b"," })?;
        match field {
            Some(text) if !text.is_empty() && !text.contains(['"', ',', '\n', '\r']) => {
                out.write_all(text.as_bytes())?
            }
            None if !is_single => {}
            field => write!(out, "\"{}\"", field.unwrap_or_default().replace('"', "\"\""))?,
        }
    }
    out.write_all(b"\n")
}
