//! Types and values.

use super::{Case, gzip};

#[test]
fn types_are_found() {
    let (case, report) = Case::with(
        "all.csv",
        "id,code,ratio,day,at,zoned,flag,text,nothing,eu day,big,\"odd \"\"name\"\"\"\n\
         1,007,0.5,2024-01-31,2024-01-31 10:00:00,2024-01-31T10:00:00+02:00,true,\"a, b\",,31.01.2024,12345678901234567890,x\n\
         -2,123,2,2024-02-29,2024-01-31T11:30:00.5,2024-01-31T10:00:00Z,false,\"say \"\"hi\"\"\nthere\",,01.02.2024,1,y\n\
         ,,,,,,,,,,,\n",
    );
    assert_eq!((report.tables_extracted, report.exit_code()), (1, 0), "{report:?}");
    assert_eq!(
        case.columns("all"),
        [
            "id BIGINT",
            "code VARCHAR",
            "ratio DOUBLE",
            "day DATE",
            "at TIMESTAMP",
            "zoned TIMESTAMP WITH TIME ZONE",
            "flag BOOLEAN",
            "text VARCHAR",
            "nothing VARCHAR",
            "eu day VARCHAR",
            "big DECIMAL(38,0)",
            "odd \"name\" VARCHAR"
        ]
    );
    assert_eq!(case.values("all", "code"), ["007", "123", "NULL"]);
    assert_eq!(case.values("all", "at"), ["2024-01-31 10:00:00", "2024-01-31 11:30:00.5", "NULL"]);
    assert_eq!(case.values("all", "text"), ["a, b", "say \"hi\"\nthere", "NULL"]);
    assert_eq!(case.published(), [("all".to_owned(), 3)].into());
    case.assert_clean();
}

#[test]
fn every_ending_and_delimiter() {
    let case = Case::new();
    case.put("a.csv", "x,y\r\n1,b\r\n");
    case.put("b.csv.gz", gzip("x;y\n1;2,5\n"));
    case.put("c.tsv", "x\ty, z\n1\tb\n");
    case.put("d.tsv.gz", gzip("x\n1\n"));
    case.put("e.csv", "\u{feff}x|y\n1|2");
    case.put("f.csv", "x,y");
    let report = case.run();
    assert_eq!(report.tables_extracted, 6, "{report:?}");
    for (table, columns) in [
        ("a", &["x BIGINT", "y VARCHAR"][..]),
        ("b", &["x BIGINT", "y VARCHAR"]),
        ("c", &["x BIGINT", "y, z VARCHAR"]),
        ("d", &["x BIGINT"]),
        ("e", &["x BIGINT", "y BIGINT"]),
        ("f", &["x VARCHAR", "y VARCHAR"]),
    ] {
        assert_eq!(case.columns(table), columns, "{table}");
    }
    assert_eq!(case.published()["f"], 0);
    assert_eq!(case.values("b", "y"), ["2,5"]);
}

/// DuckDB's own reader would turn most of these into other values without a word.
#[test]
fn values_beyond_the_sample_lose_nothing() {
    for (usual, late, expected) in [
        ("12", "007", "VARCHAR"),
        ("12", "1.75", "DOUBLE"),
        ("12", "1_000", "VARCHAR"),
        ("12", "n/a", "VARCHAR"),
        ("12", "12345678901234567890", "DECIMAL(38,0)"),
        ("12.5", "135217135789158401", "VARCHAR"),
        ("12.50", "1.5", "VARCHAR"),
        ("12.5", "nan", "VARCHAR"),
        ("12.5", "1e400", "VARCHAR"),
        ("2024-01-31T08:00:00Z", "2024-07-31 10:00:00", "VARCHAR"),
        ("2024-01-31T08:00:00Z", "2024-07-31 10:00:00+2", "VARCHAR"),
        ("2024-01-31T08:00:00Z", "2024-02-30T10:00:00Z", "VARCHAR"),
        ("true", "TRUE", "VARCHAR"),
        ("0.5", "unknown", "VARCHAR"),
        ("2024-01-31", "2024-01-31 10:00:00", "VARCHAR"),
        ("2024-01-31", "01/02/03", "VARCHAR"),
        ("2024-01-31", "2024-02-31", "VARCHAR"),
        ("2024-01-31 10:00:00", "later", "VARCHAR"),
        ("true", "1", "VARCHAR"),
        ("", "5", "BIGINT"),
    ] {
        let mut text = String::from("n,v\n");
        for n in 0..40_000 {
            text.push_str(&format!("{n},{usual}\n"));
        }
        text.push_str(&format!("40000,{late}\n"));
        let (case, report) = Case::with("t.csv", text);
        assert_eq!(report.tables_extracted, 1, "{usual} then {late}: {report:?}");
        assert_eq!(case.columns("t"), ["n BIGINT".to_owned(), format!("v {expected}")], "{usual} then {late}");
        let values = case.values("t", "v");
        assert_eq!(values.len(), 40_001);
        assert_eq!(values[40_000], late);
        // The order of the rows is kept.
        assert_eq!(case.values("t", "n")[12_345], "12345");
    }
}

#[test]
fn a_late_text_changes_only_its_column() {
    let width = 12;
    let line = |value: &str| vec![value; width].join(",") + "\n";
    let mut text = (0..width).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",") + "\n";
    text.push_str(&line("1").repeat(30_000));
    let late: Vec<_> = (0..width).map(|n| if n < 9 { "x" } else { "2" }).collect();
    text.push_str(&(late.join(",") + "\n"));
    let (case, report) = Case::with("t.csv", text);
    assert_eq!(report.tables_extracted, 1, "{report:?}");
    assert_eq!(case.values("t", "c0")[30_000], "x");
    let columns = case.columns("t");
    assert!(columns[..9].iter().all(|column| column.ends_with("VARCHAR")), "{columns:?}");
    assert!(columns[9..].iter().all(|column| column.ends_with("BIGINT")), "{columns:?}");
    assert_eq!(report.notes[0].note, "column c0 is text, since line 30002 has \"x\"; the values before it are BIGINT");
}
