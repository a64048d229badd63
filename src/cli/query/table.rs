//! Boxed tables in their natural width: nothing is cut, nothing is taken for markup.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::cell::Cell;

pub struct Table {
    names: Vec<String>,
    rows: Vec<Vec<(String, bool)>>,
}

impl Table {
    pub fn new(names: Vec<String>) -> Self {
        Self { names, rows: Vec::new() }
    }

    pub fn row(&mut self, cells: &[Cell]) {
        self.rows.push(cells.iter().map(|cell| (printable(&cell.text()), cell.is_number())).collect());
    }

    pub fn write(self, out: &mut impl Write) -> io::Result<()> {
        if self.names.is_empty() {
            return Ok(());
        }
        let header: Vec<(String, bool)> = self.names.iter().map(|name| (printable(name), false)).collect();
        let mut widths = vec![0; header.len()];
        for row in self.rows.iter().chain([&header]) {
            for (width, (text, _)) in widths.iter_mut().zip(row) {
                let widest = text.lines().map(UnicodeWidthStr::width).max().unwrap_or_default();
                *width = widest.max(*width);
            }
        }
        rule(out, &widths, ["┌", "┬", "┐"])?;
        line(out, &widths, &header)?;
        rule(out, &widths, ["├", "┼", "┤"])?;
        for row in &self.rows {
            line(out, &widths, row)?;
        }
        rule(out, &widths, ["└", "┴", "┘"])
    }
}

fn rule(out: &mut impl Write, widths: &[usize], [left, middle, right]: [&str; 3]) -> io::Result<()> {
    let parts: Vec<String> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
    writeln!(out, "{left}{}{right}", parts.join(middle))
}

/// One row; a value with line ends takes several lines. Numbers stand to the right.
fn line(out: &mut impl Write, widths: &[usize], row: &[(String, bool)]) -> io::Result<()> {
    let cells: Vec<Vec<&str>> = row.iter().map(|(text, _)| text.split('\n').collect()).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(1);
    for index in 0..height {
        for ((lines, width), (_, number)) in cells.iter().zip(widths).zip(row) {
            let text = lines.get(index).copied().unwrap_or_default();
            let gap = " ".repeat(width.saturating_sub(text.width()));
            let (before, after) = if *number { (gap.as_str(), "") } else { ("", gap.as_str()) };
            write!(out, "│ {before}{text}{after} ")?;
        }
        writeln!(out, "│")?;
    }
    Ok(())
}

/// Control characters written out, so that data cannot steer the terminal.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.replace("\r\n", "\n").chars() {
        match letter {
            '\n' => shown.push('\n'),
            letter if letter.is_control() => shown.extend(letter.escape_default()),
            letter => shown.push(letter),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost() {
        let mut table = Table::new(vec!["name".into(), "n".into()]);
        table.row(&[Cell::Text("[red]日本[/red]\nsecond \x1b[31m".into()), Cell::Number("12".into())]);
        table.row(&[Cell::Null, Cell::Number("3".into())]);
        let mut out = Vec::new();
        table.write(&mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r"
        ┌───────────────────┬────┐
        │ name              │ n  │
        ├───────────────────┼────┤
        │ [red]日本[/red]   │ 12 │
        │ second \u{1b}[31m │    │
        │                   │  3 │
        └───────────────────┴────┘
        ");
    }
}
