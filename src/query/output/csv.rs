//! Records of CSV.

use std::io::{self, Write};

/// Writes a record.
pub fn write<T: AsRef<str>>(out: &mut impl Write, fields: impl ExactSizeIterator<Item = Option<T>>) -> io::Result<()> {
    let (mut record, count) = (Vec::new(), fields.len());
    for (index, text) in fields.enumerate() {
        add(&mut record, index, count, text.as_ref().map(AsRef::as_ref));
    }
    out.write_all(&record)
}

/// Adds a field of a record of `count` fields, and ends the record after the last one.
///
/// NULL is empty and an empty text is `""`; a record that is nothing but one NULL is `""` too, because readers skip empty
/// lines.
pub fn add(out: &mut Vec<u8>, index: usize, count: usize, text: Option<&str>) {
    if index > 0 {
        out.push(b',');
    }
    match text {
        Some(text) if !text.is_empty() && !text.bytes().any(|byte| matches!(byte, b'"' | b',' | b'\n' | b'\r')) => {
            out.extend_from_slice(text.as_bytes());
        }
        None if count > 1 => {}
        text => {
            out.push(b'"');
            out.extend_from_slice(text.unwrap_or_default().replace('"', "\"\"").as_bytes());
            out.push(b'"');
        }
    }
    if index + 1 == count {
        out.push(b'\n');
    }
}
