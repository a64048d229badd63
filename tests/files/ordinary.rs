//! Ordinary data keep useful types, as common programs write them.

use super::Case;

#[test]
fn columns_of_common_programs_have_types() {
    for (what, cells, kind) in [
        ("ids", &["1", "2", "1234567890"][..], "BIGINT"),
        ("prices", &["19.90", "5.00", "", "1200.50"], "DECIMAL(18,2)"),
        ("measurements", &["12.5", "3", "0.125"], "DOUBLE"),
        ("numpy's floats", &["0.30000000000000004", "3.0", "-1.6208900000000002e-06", "1e-05", "1e+20"], "DOUBLE"),
        ("numbers between 0 and 1", &["0.9504636963259353", "0.14415961271963373", "0.5"], "DOUBLE"),
        ("float32 of numpy", &["0.34558418", "-0.8216181", "1.2345678e-08"], "DOUBLE"),
        ("floats with all their digits", &["40300.619960000004", "12.5", "7"], "DECIMAL(18,12)"),
        ("whole floats with gaps", &["1.0", "", "12.0"], "DECIMAL(18,1)"),
        ("nullable integers", &["1", "", "7"], "BIGINT"),
        ("latitude", &["50.0755", "-33.8688", "14.4"], "DOUBLE"),
        ("percent", &["0.0", "12.25", "100.0"], "DOUBLE"),
        ("booleans of Python", &["True", "", "False"], "BOOLEAN"),
        ("booleans of R and Excel", &["TRUE", "FALSE"], "BOOLEAN"),
        ("booleans of JSON", &["true", "false"], "BOOLEAN"),
        ("days", &["2024-01-31", "", "1999-12-31"], "DATE"),
        ("timestamps of pandas", &["2024-01-31 10:00:00", "2024-01-31 10:00:37.123000"], "TIMESTAMP"),
        ("with zone", &["2024-01-31 10:00:00+00:00", "2024-07-31 10:00:00+02:00"], "TIMESTAMP WITH TIME ZONE"),
        (
            "timestamps of PostgreSQL",
            &["2024-01-31 10:00:00.5+00", "2024-01-31 10:00:00+00"],
            "TIMESTAMP WITH TIME ZONE",
        ),
        ("JavaScript's", &["2024-01-31T10:00:00.000Z", "2024-01-31T10:00:00.123Z"], "TIMESTAMP WITH TIME ZONE"),
        ("without seconds", &["2024-01-31T10:00", "2024-01-31T10:15"], "TIMESTAMP"),
    ] {
        let rows: Vec<_> = cells.iter().enumerate().map(|(row, cell)| format!("{row},{cell}\n")).collect();
        let (case, _) = Case::with("t.csv", format!("id,value\n{}", rows.concat()));
        assert_eq!(case.columns("t")[1], format!("value {kind}"), "{what}");
    }
}
