//! Recognizes files that are not tables of text.

/// What a file is that is not a table of text, and what to do with it.
pub fn other_format(head: &[u8]) -> Option<(&'static str, &'static str)> {
    const FORMATS: [(&[u8], &str, &str); 18] = [
        (b"PK\x03\x04", "a workbook of Excel or another zip archive", "save the sheet as CSV, or unpack it"),
        (b"\xd0\xcf\x11\xe0", "an old workbook of Excel", "save the sheet as CSV"),
        (b"\x1f\x8b", "compressed with gzip", "name it .csv.gz or .tsv.gz"),
        (b"PAR1", "a parquet file", "name it .parquet"),
        (b"(\xb5\x2f\xfd", "compressed with zstd", "decompress it"),
        (b"BZh", "compressed with bzip2", "decompress it"),
        (b"\xfd7zXZ\0", "compressed with xz", "decompress it"),
        (b"\x04\x22\x4d\x18", "compressed with LZ4", "decompress it"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
        (b"Rar!\x1a\x07", "a RAR archive", "unpack it"),
        (b"ARROW1", "an Arrow IPC (Feather) file", "write it as parquet"),
        (b"FEA1", "a Feather file", "write it as parquet"),
        (b"\xff\xff\xff\xff", "an Arrow IPC stream", "write it as parquet"),
        (b"ORC", "an ORC file", "write it as parquet"),
        (b"Obj\x01", "an Avro file", "write it as parquet"),
        (b"SQLite format 3\0", "a SQLite database", "export its tables as CSV"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "export the table as CSV"),
        (b"%PDF-", "a PDF document", "export the table as CSV"),
    ];
    let is_binary = head.iter().any(|byte| *byte < b'\t');
    let mut formats = FORMATS.into_iter().filter(|(magic, ..)| head.starts_with(magic));
    // A header may begin with the same letters.
    if let Some((_, what, advice)) =
        formats.find(|(magic, ..)| is_binary || !magic.iter().all(u8::is_ascii_alphanumeric))
    {
        return Some((what, advice));
    }
    if head.get(8..12) == Some(b"DUCK") && is_binary {
        return Some(("a DuckDB database", "export its tables as CSV or parquet"));
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(("a tar archive", "unpack it"));
    }
    let start: Vec<u8> = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start()
        .iter()
        .take(64)
        .map(u8::to_ascii_lowercase)
        .collect();
    if ["<!doctype", "<html", "<head", "<body", "<table"].iter().any(|tag| start.starts_with(tag.as_bytes())) {
        return Some((
            "an HTML page",
            "perhaps the sign-in page or an error of the program that it came from; export it again",
        ));
    }
    if start.starts_with(b"<?xml") {
        return Some(("XML", "export it as CSV"));
    }
    // A header may begin with a brace, but not with a brace and a quoted name.
    let json = start.strip_prefix(b"[").unwrap_or(&start).trim_ascii_start();
    if json.strip_prefix(b"{").is_some_and(|inner| inner.trim_ascii_start().starts_with(b"\"")) {
        return Some(("JSON", "export it as CSV"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_formats() {
        for (head, what) in [
            ("<!DOCTYPE html>\n<html>", "HTML"),
            ("  <HTML lang=en>", "HTML"),
            ("<?xml version=\"1.0\"?>", "XML"),
            ("[\n {\"id\": 1}]", "JSON"),
            ("PK\u{3}\u{4}x", "Excel"),
            ("ORC\u{8}\u{3}", "ORC"),
        ] {
            assert!(other_format(head.as_bytes()).is_some_and(|(found, _)| found.contains(what)), "{head}");
        }
        for text in ["ORC,BZh\n1,2\n", "ARROW1;FEA1\n", "id,name\n1,<html>\n", "[a],b\n", "{id},x\n", "<5,>=5\n"] {
            assert_eq!(other_format(text.as_bytes()), None, "{text}");
        }
    }
}
