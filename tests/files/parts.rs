//! Folders in the folder, and columns that change.

use std::collections::BTreeMap;

use agnes::base::ident::quote_path;
use agnes::connectors::{Report, Request, TableNote, TableRequest};
use agnes::engine::{self, Limits};
use agnes::extract::{self, parts_folder};

use crate::Case;

impl Case {
    fn part(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.folder().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Parts of `sales` that are in place, with the times of their files.
    fn parts(&self) -> BTreeMap<String, std::time::SystemTime> {
        let entries = std::fs::read_dir(parts_folder(&self.source(), "sales")).unwrap();
        let entry = |entry: std::io::Result<std::fs::DirEntry>| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().modified().unwrap())
        };
        entries.map(entry).collect()
    }

    /// The sum of a column through the view of the extract.
    fn sum(&self, column: &str) -> i64 {
        let connection = engine::in_memory(&Limits::small()).unwrap();
        let database = quote_path(&self.source().join(extract::DATABASE));
        connection.execute_batch(&format!("ATTACH {database} AS e (READ_ONLY)")).unwrap();
        connection.query_row(&format!("SELECT sum({column})::BIGINT FROM e.main.sales"), [], |row| row.get(0)).unwrap()
    }
}

fn notes(report: &Report) -> Vec<String> {
    report.notes.iter().map(|TableNote { table, note }| format!("{table}: {note}")).collect()
}

#[test]
fn a_folder_is_one_table_in_parts() {
    let case = Case::new();
    case.part("sales/2026-01.csv", "id\n1\n2\n");
    case.part("sales/2026-02.tsv", "id\tnote\n3\tx\n");
    case.part("notes/readme.txt", "no data");
    case.put("orders.csv", "id\n1\n");
    let report = case.run();
    assert_eq!((report.tables_extracted, report.tables_failed), (2, 0), "{report:?}");
    assert_eq!(case.sum("id"), 6);
    let meta = extract::read(&case.source()).unwrap().tables;
    assert_eq!(
        meta.iter().map(|table| (table.table_name.as_str(), table.rows)).collect::<Vec<_>>(),
        [("orders", 1), ("sales", 3)]
    );
    assert!(meta[1].size_bytes > 0);

    let before = case.parts();
    case.part("sales/2026-02.tsv", "id\tnote\n30\tx\n");
    case.part("sales/2026-03.csv", "id\n4\n");
    case.run();
    let after = case.parts();
    assert_eq!(after["2026-01.parquet"], before["2026-01.parquet"], "an unchanged part is left alone");
    assert_eq!((case.sum("id"), after.len()), (37, 3));

    std::fs::remove_file(case.folder().join("sales/2026-01.csv")).unwrap();
    case.run();
    assert_eq!((case.sum("id"), case.parts().len()), (34, 2));
}

#[test]
fn one_bad_part_leaves_all_parts_as_they_were() {
    let case = Case::new();
    case.part("sales/a.csv", "id\n1\n");
    case.part("sales/b.csv", "id\n2\n");
    case.run();
    let before = case.parts();
    case.part("sales/a.csv", "id\n10\n");
    case.part("sales/b.csv", "id\n2,3\n");
    let report = case.run();
    assert_eq!(report.errors[0].error, "b.csv: line 2: a row with 2 columns, but the header has 1");
    assert_eq!((case.parts(), case.sum("id")), (before, 3));
    case.part("sales/b.csv", "id\n2\n");
    case.part("sales/b.parquet", "");
    assert!(case.run().errors[0].error.starts_with("several files for one part: sales/b"));
    std::fs::remove_file(case.folder().join("sales/b.parquet")).unwrap();
    case.put("sales.csv", "id\n1\n");
    assert!(case.run().errors[0].error.starts_with("several files or folders for one table: sales.csv, sales"));
}

#[test]
fn a_file_may_become_a_folder_and_a_folder_a_file() {
    let case = Case::new();
    case.put("sales.csv", "id\n1\n");
    case.run();
    std::fs::remove_file(case.folder().join("sales.csv")).unwrap();
    case.part("sales/a.csv", "id\n2\n");
    assert_eq!(case.run().tables_failed, 0);
    assert_eq!((case.sum("id"), case.parquet("sales").exists()), (2, false));
    std::fs::remove_dir_all(case.folder().join("sales")).unwrap();
    case.put("sales.csv", "id\n3\n");
    assert_eq!(case.run().tables_failed, 0);
    assert_eq!((case.sum("id"), parts_folder(&case.source(), "sales").exists()), (3, false));
    // A table that is gone leaves nothing.
    std::fs::remove_file(case.folder().join("sales.csv")).unwrap();
    case.part("other/a.csv", "id\n2\n");
    case.run();
    std::fs::remove_dir_all(case.folder().join("other")).unwrap();
    case.put("orders.csv", "id\n1\n");
    case.run();
    for name in ["data/sales.parquet", "data/other", "state/other", "state/sales.json"] {
        assert!(!case.source().join(name).exists(), "{name}");
    }
}

#[test]
fn a_new_column_is_added_and_a_changed_type_told() {
    let case = Case::new();
    case.put("orders.csv", "id,at,old\n1,2026-01-01,x\n");
    assert_eq!(notes(&case.run()), [""; 0]);
    case.put("orders.csv", "id,at,new\n1,soon,2.5\n");
    assert_eq!(
        notes(&case.run()),
        [
            "orders: column old is gone",
            "orders: column at is now VARCHAR, and was DATE",
            "orders: column new (DECIMAL(18,1)) is new"
        ]
    );
    assert_eq!(case.columns("orders"), ["id BIGINT", "at VARCHAR", "new DECIMAL(18,1)"]);
    assert_eq!(notes(&case.run()), [""; 0], "told once");
}

impl Case {
    /// The rows of `sales` as text, through the view of the extract.
    fn sales(&self, columns: &str) -> Vec<String> {
        let connection = engine::in_memory(&Limits::small()).unwrap();
        let database = quote_path(&self.source().join(extract::DATABASE));
        connection.execute_batch(&format!("ATTACH {database} AS e (READ_ONLY)")).unwrap();
        let sql = format!("SELECT concat_ws('|', {columns}) FROM e.main.sales ORDER BY id");
        let mut statement = connection.prepare(&sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }
}

#[test]
fn a_column_has_the_type_of_all_its_parts() {
    let case = Case::new();
    case.part("sales/2025-01.csv", "id,day,rebate,paid,seen\n1,2025-01-03,,,\n");
    case.part("sales/2025-02.csv", "id,day,rebate,paid,seen\n3,2025-02-03,10.5,true,2025-02-03T10:00:00Z\n");
    case.part("sales/2025-03.csv", "id,day,rebate,paid,seen\n");
    assert_eq!(notes(&case.run()), [""; 0]);
    assert_eq!(
        case.sales("typeof(day), typeof(rebate), typeof(paid), typeof(seen)"),
        ["DATE|DECIMAL(18,1)|BOOLEAN|TIMESTAMP WITH TIME ZONE"; 2]
    );
    // Only the first part is written again when the second brings another type.
    let before = case.parts();
    case.part("sales/2025-02.csv", "id,day,rebate,paid,seen\n3,2025-02-03,n/a,true,2025-02-03T10:00:00Z\n");
    let told = notes(&case.run());
    assert!(
        told.contains(&"sales: part 2025-02: column rebate is now VARCHAR, and was DECIMAL(18,1)".to_owned()),
        "{told:?}"
    );
    assert_eq!(case.sales("typeof(rebate), rebate"), ["VARCHAR", "VARCHAR|n/a"]);
    assert_eq!(case.parts()["2025-03.parquet"].cmp(&before["2025-03.parquet"]), std::cmp::Ordering::Greater);
}

#[test]
fn parts_that_do_not_agree_keep_their_texts() {
    let case = Case::new();
    case.part(
        "sales/a.csv",
        "id,period,zip,flag,price,at,t\n1,202501,12345,true,1.50,2025-01-03 10:00,2025-07-01 10:00:00\n",
    );
    case.run();
    assert_eq!(
        case.sales("typeof(period), typeof(zip), typeof(flag), typeof(\"at\")"),
        ["BIGINT|BIGINT|BOOLEAN|TIMESTAMP"]
    );
    case.part(
        "sales/b.csv",
        "id,period,zip,flag,price,at,t\n2,2025-02-01,01234,1,n/a,unknown,2025-07-01T10:00:00+02:00\n",
    );
    case.run();
    assert_eq!(
        case.sales("period, zip, flag, price, \"at\", t"),
        [
            "202501|12345|true|1.50|2025-01-03 10:00|2025-07-01 10:00:00",
            "2025-02-01|01234|1|n/a|unknown|2025-07-01T10:00:00+02:00"
        ]
    );
    // Without the odd part the types are back.
    std::fs::remove_file(case.folder().join("sales/b.csv")).unwrap();
    case.run();
    assert_eq!(case.sales("typeof(period), typeof(price)"), ["BIGINT|DECIMAL(18,2)"]);
}

impl Case {
    /// Puts the result of a query into the folder of `sales`.
    fn parquet_part(&self, name: &str, select: &str) {
        std::fs::create_dir_all(self.folder().join("sales")).unwrap();
        let path = quote_path(&self.folder().join("sales").join(name));
        let connection = engine::in_memory(&Limits::small()).unwrap();
        connection.execute_batch(&format!("COPY ({select}) TO {path} (FORMAT parquet)")).unwrap();
    }
}

#[test]
fn a_parquet_column_of_nulls_takes_the_type_of_the_others() {
    for kind in ["INTEGER", "VARCHAR", "DOUBLE", "INTEGER[]", "STRUCT(a INTEGER)"] {
        let case = Case::new();
        let nulls =
            format!("SELECT unnest([1, 2]) AS id, CAST(NULL AS {kind}) AS d, 0.5::FLOAT AS f, NULL::{kind} AS e");
        case.parquet_part("a.parquet", &nulls);
        case.part("sales/b.csv", "id,d,f,e\n3,2024-01-31,,\n");
        let report = case.run();
        assert_eq!(report.errors, [], "{kind}");
        let rows = ["DATE||0.5|true", "DATE||0.5|true", "DATE|2024-01-31||true"];
        assert_eq!(case.sales("typeof(d), coalesce(d::VARCHAR, ''), coalesce(f::VARCHAR, ''), e IS NULL"), rows);
        assert_eq!(case.sales("typeof(f), typeof(e)"), vec![format!("FLOAT|{kind}"); 3]);
        let before = case.parts();
        assert_eq!(case.run().errors, []);
        assert_eq!(case.parts(), before, "{kind}: an unchanged part is left alone");

        // Another file with values of another type, then none.
        std::fs::remove_file(case.folder().join("sales/b.csv")).unwrap();
        case.parquet_part("c.parquet", "SELECT 3 AS id, TIMESTAMP '2024-01-31 10:00' AS d");
        assert_eq!(case.run().errors, []);
        assert_eq!(case.sales("typeof(d)"), ["TIMESTAMP"; 3]);
        std::fs::remove_file(case.folder().join("sales/c.parquet")).unwrap();
        assert_eq!(case.run().errors, []);
        assert_eq!(case.sales("typeof(d)"), [kind; 2]);
    }
}

#[test]
fn decimals_beside_a_parquet_double() {
    for (texts, values) in [
        ("1.50\n2.25\n", Ok("1.5|2.25")),
        ("1.00\n99999999999999.5\n", Err("part a, line 3 has \"99999999999999.5\"")),
        ("-1.10\n1234567890123.10\n", Ok("-1.1|1234567890123.1")),
        ("1.50\n99999999999999.99\n", Err("part a, line 3 has \"99999999999999.99\"")),
        ("1.9\n1.10\n", Err("part a, line 3 has \"1.10\"")),
        ("1\n12345678901234567\n", Err("part a, line 3 has \"12345678901234567\"")),
        ("1.5\nn/a\n", Err("part a, line 3 has \"n/a\"")),
    ] {
        let case = Case::new();
        case.part("sales/a.csv", format!("id,x\n1,{}", texts.replacen('\n', "\n2,", 1)));
        case.parquet_part("b.parquet", "SELECT 3 AS id, 0.25::DOUBLE AS x");
        let report = case.run();
        match values {
            Ok(values) => {
                assert_eq!(report.errors, [], "{texts}");
                let (first, second) = values.split_once('|').unwrap();
                assert_eq!(case.sales("typeof(x), x"), [first, second, "0.25"].map(|value| format!("DOUBLE|{value}")));
            }
            Err(text) => assert!(report.errors[0].error.contains(text), "{texts}: {report:?}"),
        }
    }
}

#[test]
fn parquet_parts_of_other_types_are_refused() {
    let case = Case::new();
    let write = |name: &str, select: &str| case.parquet_part(name, select);
    write("a.parquet", "SELECT 1 AS id, DATE '2025-01-01' AS d");
    case.part("sales/b.csv", "id,d\n2,2025-02-01\n");
    assert_eq!(case.run().tables_failed, 0);
    let before = case.sales("typeof(id), d");
    assert_eq!(before, ["BIGINT|2025-01-01", "BIGINT|2025-02-01"]);
    write("c.parquet", "SELECT 3 AS id, 'soon' AS d");
    let report = case.run();
    assert!(report.errors[0].error.contains("part c: column d is VARCHAR, but DATE in part a"), "{report:?}");
    assert_eq!(case.sales("typeof(id), d"), before);
}

#[test]
fn a_declared_type_is_for_all_parts() {
    let case = Case::new();
    case.part("sales/2026-01.csv", "id\n1\n");
    case.part("sales/2026-02.csv", "id,amount\n2,\"2,5\"\n");
    let run = |columns: serde_json::Value| {
        let format = serde_json::json!({ "columns": columns, "decimal_separator": "," });
        let format = Some(serde_json::from_value(format).unwrap());
        let table = TableRequest { name: "sales".into(), file_format: format, ..TableRequest::default() };
        case.try_run(Some(Request { tables: vec![table], ..Request::default() })).unwrap()
    };
    let error = |report: Report| report.errors.into_iter().next().map(|failure| failure.error).unwrap_or_default();
    // Older parts need not have the column.
    assert_eq!(error(run(serde_json::json!({ "amount": "decimal(18,2)" }))), "");
    assert_eq!(case.sum("amount * 100"), 250);
    let no_such = error(run(serde_json::json!({ "amuont": "decimal(18,2)" })));
    assert_eq!(no_such, "the column 'amuont' has a declared type, but no part has such a column");
    case.part("sales/2026-03.csv", "id,amount\n3,2.5\n");
    let misfit = error(run(serde_json::json!({ "amount": "decimal(18,2)" })));
    assert!(misfit.starts_with("2026-03.csv: line 2, column 'amount': \"2.5\" is not decimal(18,2)"), "{misfit}");
    assert_eq!(case.sum("amount * 100"), 250);
}
