//! Files as common programs write them.

use agnes::protocol::file_format::FileFormat;

use super::{Case, gzip};

/// The names of the columns with their types, and the values of the last one.
fn read(name: &str, content: impl AsRef<[u8]>) -> (Vec<String>, Vec<String>, Vec<String>) {
    let (case, report) = Case::with(name, content);
    assert_eq!((report.tables_extracted, report.tables_failed), (1, 0), "{report:?}");
    case.assert_clean();
    let columns = case.columns("t");
    let last = columns.last().unwrap().rsplit_once(' ').unwrap().0.to_owned();
    let values = case.values("t", &last);
    (columns, values, report.notes.into_iter().map(|note| note.note).collect())
}

#[test]
fn lines_above_the_header() {
    for text in ["\n\nid,name\n1,Ann\n2,Ben\n", "\r\nid,name\r\n1,Ann\r\n2,Ben\r\n"] {
        let (columns, values, notes) = read("t.csv", text);
        assert_eq!(columns, ["id BIGINT", "name VARCHAR"]);
        assert_eq!(values, ["Ann", "Ben"]);
        assert!(notes[0].contains("above the header"), "{notes:?}");
    }
    let (columns, values, _) = read("t.csv", "sep=;\r\nid;price\r\n1;10,5\r\n2;20,5\r\n");
    assert_eq!(
        (columns, values),
        (vec!["id BIGINT".into(), "price VARCHAR".into()], vec!["10,5".into(), "20,5".into()])
    );
}

#[test]
fn columns_without_a_name() {
    let (columns, values, notes) = read("t.csv", "a,b,c,,,\n1,2,3,,,\n4,5,6,,,\n");
    assert_eq!(
        (columns, values),
        (vec!["a BIGINT".into(), "b BIGINT".into(), "c BIGINT".into()], vec!["3".into(), "6".into()])
    );
    assert!(notes[0].contains("left out"), "{notes:?}");
    let (columns, _, notes) = read("t.csv", ",name,score\n0,Ann,5\n1,Ben,6\n");
    assert_eq!(columns, ["column_1 BIGINT", "name VARCHAR", "score BIGINT"]);
    assert!(notes[0].contains("column_1"), "{notes:?}");
    let (columns, _, notes) = read("t.csv", "id, net price \n1,2\n");
    assert_eq!(columns, ["id BIGINT", "net price BIGINT"]);
    assert_eq!(notes, ["spaces around names of columns were left out: 'net price'"]);
}

#[test]
fn delimiters_in_headers() {
    let (columns, values, _) =
        read("t.csv", "Monat;Umsatz, EUR;Kosten, EUR\n01/2024;1200,50;800,25\n02/2024;1300,75;900,00\n");
    assert_eq!(columns, ["Monat VARCHAR", "Umsatz, EUR VARCHAR", "Kosten, EUR VARCHAR"]);
    assert_eq!(values, ["800,25", "900,00"]);
}

#[test]
fn line_ends() {
    for text in ["a,b\n1,x\r\n2,\"y\r\nz\"\n", "a,b\r\n1,x\n\n2,\"y\r\nz\"\r\n"] {
        let (columns, values, _) = read("t.csv", text);
        assert_eq!(
            (columns, values),
            (vec!["a BIGINT".into(), "b VARCHAR".into()], vec!["x".into(), "y\r\nz".into()]),
            "{text:?}"
        );
    }
    assert_eq!(read("t.csv", "a,b\r1,x\r2,y\r").1, ["x", "y"]);
    // In a table of one column, an empty line is a row without a value.
    assert_eq!(read("t.csv", "a\n1\n\n2\n").1, ["1", "NULL", "2"]);
    assert_eq!(read("t.csv", "a\r\n1\n\n2\n").1, ["1", "NULL", "2"]);
}

#[test]
fn encodings() {
    let text = "id,name\n1,Zo\u{eb} \u{160}\n";
    for (mark, little) in [(true, true), (true, false), (false, true), (false, false)] {
        let units = if mark { format!("\u{feff}{text}") } else { text.to_owned() };
        let bytes: Vec<u8> = units
            .encode_utf16()
            .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
            .collect();
        let (columns, values, notes) = read("t.csv", &bytes);
        assert_eq!(
            (columns, values),
            (vec!["id BIGINT".into(), "name VARCHAR".into()], vec!["Zo\u{eb} \u{160}".to_owned()])
        );
        assert!(notes[0].contains("UTF-16"), "{notes:?}");
        assert_eq!(read("t.csv.gz", gzip(&bytes)).1.len(), 1);
    }
}

#[test]
fn long_fields() {
    let long = "x".repeat(2_500_000);
    let (_, values, _) = read("t.csv", format!("id,payload\n1,short\n2,\"{{\"\"k\"\":\"\"{long}\"\"}}\"\n3,short\n"));
    assert_eq!(values[1].len(), 2_500_000 + 8);
    let (_, values, _) = read("t.csv", format!("id,payload\n1,{}\n", "y".repeat(20_000_000)));
    assert_eq!(values[0].len(), 20_000_000);
}

#[test]
fn long_last_lines() {
    let text = |megabytes: usize| format!("id,payload\n1,short\n2,{}", "y".repeat(megabytes << 20));
    for (name, content, megabytes) in [("t.csv", text(40).into_bytes(), 40), ("t.csv.gz", gzip(text(33)), 33)] {
        let (_, values, _) = read(name, content);
        assert_eq!(values.iter().map(String::len).collect::<Vec<_>>(), [5, megabytes << 20], "{name}");
    }
}

#[test]
fn long_headers_and_runs_of_empty_lines() {
    let names: Vec<_> = (0..1_500).map(|n| format!("sensor_{n}_{}", "x".repeat(1_000))).collect();
    let (columns, values, _) = read("t.csv", format!("{}\n{}\n", names.join(","), vec!["1"; 1_500].join(",")));
    assert_eq!((columns.len(), values), (1_500, vec!["1".to_owned()]));
    for end in ["\n", "\r\n"] {
        let text = format!("id,p{end}1,2{end}{}3,4{end}", end.repeat(1_500_000));
        assert_eq!(read("t.csv", text).1, ["2", "4"]);
    }
    assert_eq!(read("t.csv.gz", gzip(format!("id,p\n1,2\n{}3,4\n", "\n".repeat(20_000_000)))).1, ["2", "4"]);
    assert_eq!(read("t.csv", format!("{}id,p\n3,4\n", "\n".repeat(3_000_000))).1, ["4"]);
}

/// Extracts a file of a table whose format was declared.
fn declared(content: impl AsRef<[u8]>, format: serde_json::Value) -> (Case, agnes::connectors::Report) {
    let case = Case::new();
    case.put("t.csv", content);
    let format: FileFormat = serde_json::from_value(format).unwrap();
    let table = agnes::connectors::TableRequest { name: "t".into(), file_format: Some(format), ..Default::default() };
    let request = agnes::connectors::Request { tables: vec![table], ..Default::default() };
    let report = case.try_run(Some(request)).unwrap();
    (case, report)
}

#[test]
fn declared_types() {
    let format = serde_json::json!({
        "columns": {"Amount": "decimal(18,2)", "zip": "text", "when": "timestamp('%d.%m.%Y')", "ok": "boolean"},
        "delimiter": ";", "encoding": "windows-1250", "skip_lines": 2, "null_values": ["n/a", "-"],
        "decimal_separator": ",", "thousands_separator": "."
    });
    let mut bytes = b"Report\nof 2024\nid;amount;zip;when;ok;name\n1;1.234,5;0100;31.01.2024;yes;Zo\xeb\n2;n/a;-;29.02.2024;no;\x8aofie\n".to_vec();
    let (case, report) = declared(&bytes, format.clone());
    assert_eq!(report.tables_extracted, 1, "{report:?}");
    assert_eq!(
        case.columns("t"),
        ["id BIGINT", "amount DECIMAL(18,2)", "zip VARCHAR", "when TIMESTAMP", "ok BOOLEAN", "name VARCHAR"]
    );
    assert_eq!(case.values("t", "amount"), ["1234.50", "NULL"]);
    assert_eq!(case.values("t", "zip"), ["0100", "NULL"]);
    assert_eq!(case.values("t", "when"), ["2024-01-31 00:00:00", "2024-02-29 00:00:00"]);
    assert_eq!(case.values("t", "name"), ["Zo\u{eb}", "\u{160}ofie"]);

    // Without a request, what was declared before stays.
    case.put("t.csv", [&bytes[..], b"3;1,5;0200;01.03.2024;no;x\n"].concat());
    assert_eq!(case.run().errors, []);
    assert_eq!(case.values("t", "amount"), ["1234.50", "NULL", "1.50"]);

    bytes.extend_from_slice(b"3;12,345;1;01.03.2024;no;x\n");
    let (_, report) = declared(&bytes, format.clone());
    let error = &report.errors[0].error;
    assert!(error.contains("line 6, column 'amount': \"12,345\" is not decimal(18,2)"), "{error}");

    let (_, report) = declared("x\ny\na;b\n1;2\n", format);
    assert!(report.errors[0].error.contains("has a declared type, but the header has no such column"), "{report:?}");
}

#[test]
fn a_declared_decimal_comma_does_not_divide_rows() {
    let format = serde_json::json!({ "columns": { "net,EUR": "decimal(18,2)" }, "decimal_separator": "," });
    let (case, report) = declared("net,EUR;gross,EUR\n1,5;2,25\n3,5;4,25\n", format);
    assert_eq!(report.errors, []);
    assert_eq!(case.columns("t"), ["net,EUR DECIMAL(18,2)", "gross,EUR VARCHAR"]);
    assert_eq!(case.values("t", "net,EUR"), ["1.50", "3.50"]);
}

#[test]
fn quotes_can_be_ordinary_characters() {
    let format = serde_json::json!({"delimiter": "tab", "quote": "none"});
    let (case, report) = declared("id\tname\tyear\n1\t\"Hello\t1999\n2\tWorld\t2000\n3\tBye\"\t2001\n", format);
    assert_eq!(report.tables_extracted, 1, "{report:?}");
    assert_eq!(case.values("t", "name"), ["\"Hello", "World", "Bye\""]);
    assert_eq!(case.columns("t")[2], "year BIGINT");
}
