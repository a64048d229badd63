//! Statements that are kept: each takes time, memory or stack in a way of its own, in its shortest form.

const KINDS: [&str; 6] = [
    include_str!("../../fixtures/hostile/texts.sql"),
    include_str!("../../fixtures/hostile/numbers.sql"),
    include_str!("../../fixtures/hostile/lists.sql"),
    include_str!("../../fixtures/hostile/aggregates.sql"),
    include_str!("../../fixtures/hostile/json.sql"),
    include_str!("../../fixtures/hostile/tables.sql"),
];

/// One statement for each line, and those that are hostile by their own length.
pub fn kept() -> Vec<String> {
    let lines = KINDS.iter().flat_map(|kind| kind.lines()).filter(|line| !line.starts_with("--"));
    lines.map(str::to_owned).chain(long()).collect()
}

fn long() -> Vec<String> {
    let repeated = |part: &str, count: usize, between: &str| vec![part; count].join(between);
    let numbered = |count: usize, part: &dyn Fn(usize) -> String, between: &str| {
        (0..count).map(part).collect::<Vec<_>>().join(between)
    };
    let nested = |open: &str, inner: &str, close: &str, count: usize| {
        format!("SELECT {}{inner}{}", open.repeat(count), close.repeat(count))
    };
    let values = numbered(80_000, &|n| format!("'{n}'"), ",");
    // Columns of columns of columns.
    let stars = |from: &str, width: usize, levels: usize| {
        let star = repeated("*", width, ",");
        (0..levels).fold(from.to_owned(), |inner, _| format!("SELECT {star} FROM ({inner})"))
    };
    let ones = numbered(10, &|n| format!("1 AS c{n}"), ",");
    vec![
        // The syntax tree is much longer than its text.
        format!("SELECT {}", repeated("1", 500_000, ",")),
        format!("SELECT {}", repeated("1", 8_000, ",")),
        format!("SELECT CASE WHEN false THEN NULL::ENUM({values}) END"),
        format!("SELECT [NULL::ENUM({values})]"),
        format!("SELECT 1 IN ({})", numbered(150_000, &|n| n.to_string(), ",")),
        format!("SELECT CASE range {} END FROM range(9)", repeated("WHEN 1 THEN 2", 20_000, " ")),
        format!("SELECT * FROM (VALUES {})", repeated("(1,'x')", 50_000, ",")),
        format!("SELECT {}", repeated("'x'", 100_000, "||")),
        format!("SELECT {}", repeated("x", 100_000, ".")),
        format!("SELECT '{}'", "é".repeat(500_000)),
        format!("SELECT * FROM \"{}\"", "x".repeat(1_000_000)),
        format!("SELECT {} 1", "/*".repeat(250_000) + &"*/".repeat(250_000)),
        format!("SELECT {}", "(".repeat(1_000_000)),
        // Columns and their names.
        stars(&format!("SELECT {ones}"), 10, 3),
        stars(&format!("SELECT {ones}"), 10, 5),
        stars(&format!("SELECT 1 AS {}", "x".repeat(100_000)), 10, 3),
        stars("SELECT * FROM range(100000)", 2_000, 1),
        stars("SELECT * FROM range(100000)", 20_000, 1),
        stars("SELECT repeat('x', 1000000) FROM range(100000)", 1_000, 1),
        format!("SELECT {} FROM range(9)", repeated("COLUMNS('range') + 1", 5_000, ",")),
        format!("SELECT {} FROM range(100000)", repeated("sum(range) OVER (ORDER BY range)", 2_000, ",")),
        format!("SELECT {} FROM range(1000000)", repeated("count(DISTINCT hash(range))", 1_000, ",")),
        format!(
            "SELECT count(*) FROM range(100000) GROUP BY CUBE ({})",
            numbered(15, &|n| format!("range % {}", n + 2), ",")
        ),
        format!("SELECT * FROM (UNPIVOT (SELECT {}) ON *)", numbered(5_000, &|n| format!("1 AS c{n}"), ",")),
        // Nested, or one after the other.
        nested("[", "1", "]", 300),
        nested("{a:", "1", "}", 150),
        nested("(SELECT ", "1", ")", 400),
        nested("coalesce(NULL,", "1", ")", 900),
        nested("- ", "1", "", 900),
        nested("NOT ", "true", "", 900),
        nested("list_transform(range(9), lambda x: ", "x", ")", 100),
        nested("list_reduce(range(2), lambda x, y: ", "x", ")", 200),
        format!("SELECT NULL::INTEGER{}", "[]".repeat(240)),
        format!("SELECT NULL::{}INTEGER{}", "MAP(INTEGER, ".repeat(200), ")".repeat(200)),
        format!("SELECT NULL::STRUCT({})", numbered(20_000, &|n| format!("c{n} INTEGER"), ",")),
        format!("SELECT NULL::{}INTEGER{}", "UNION(a ".repeat(100), ")".repeat(100)),
        repeated("SELECT range FROM range(1000)", 1_000, " UNION ALL "),
        repeated("SELECT 1", 1_000, " UNION "),
        format!(
            "WITH {} SELECT * FROM t999",
            numbered(
                1_000,
                &|n| match n {
                    0 => "t0 AS MATERIALIZED (SELECT 1)".into(),
                    n => format!("t{n} AS MATERIALIZED (SELECT * FROM t{})", n - 1),
                },
                ","
            )
        ),
        format!("SELECT * FROM {}", numbered(60, &|n| format!("range(9) t{n}"), " NATURAL JOIN ")),
        format!("SELECT * FROM range(9) {}", numbered(40, &|n| format!("JOIN range(9) t{n} ON t{n}.range > 1"), " ")),
        format!("SELECT (SELECT {}) FROM range(9) t", repeated("(SELECT max(range) FROM range(t.range))", 200, "+")),
        format!("SELECT * FROM range(9) {}", numbered(60, &|n| format!(", LATERAL (SELECT range + {n} AS x{n})"), " ")),
    ]
}
