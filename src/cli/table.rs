//! Tables: listings in columns, and boxed results of queries.
//!
//! Written to a terminal, a table wraps its cells to fit the width; written anywhere else it has its natural width.
//! Nothing is cut and nothing is taken for markup, which table crates do not promise for long values.

use std::io::{self, Write};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::escape;

/// Wrapping stops here: a table whose columns would get narrower keeps its natural width.
const MIN_COLUMN: usize = 8;

#[derive(Debug)]
pub struct Table {
    boxed: bool,
    header: Vec<Cell>,
    /// Width of each column, if there is room.
    minimum: Vec<usize>,
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug)]
struct Cell {
    text: String,
    right: bool,
}

impl Table {
    /// A listing: the headings with the usual widths of their columns; a negative width aligns to the right. Each row is
    /// one line, unless it is wrapped.
    pub fn listing<const N: usize>(columns: [(&str, isize); N]) -> Self {
        let header = columns.iter().map(|(name, width)| Cell::line(name, *width < 0)).collect();
        let minimum = columns.iter().map(|(_, width)| width.unsigned_abs()).collect();
        Self { boxed: false, header, minimum, rows: Vec::new() }
    }

    /// A result in a box, where a cell has the lines of its value.
    pub fn boxed(names: &[String]) -> Self {
        let header = names.iter().map(|name| Cell::lines(name, false)).collect();
        Self { boxed: true, header, minimum: vec![0; names.len()], rows: Vec::new() }
    }

    /// Adds a row, aligned like the headings.
    pub fn row<const N: usize>(&mut self, cells: [&str; N]) {
        let cells = cells.iter().zip(&self.header);
        let row = cells.map(|(text, heading)| Cell::line(text, heading.right)).collect();
        self.rows.push(row);
    }

    /// Adds a row of values, each with whether it is aligned to the right.
    pub fn aligned_row(&mut self, cells: impl Iterator<Item = (String, bool)>) {
        self.rows.push(cells.map(|(text, right)| Cell::lines(&text, right)).collect());
    }

    /// Writes the table, `width` columns wide at most if that is possible.
    pub fn write(&self, out: &mut impl Write, width: Option<usize>) -> io::Result<()> {
        if self.header.is_empty() {
            return Ok(());
        }
        let widths = self.widths(width.unwrap_or(usize::MAX));
        self.rule(out, &widths, ["┌", "┬", "┐"])?;
        self.write_row(out, &widths, &self.header)?;
        self.rule(out, &widths, ["├", "┼", "┤"])?;
        for row in &self.rows {
            self.write_row(out, &widths, row)?;
        }
        self.rule(out, &widths, ["└", "┴", "┘"])
    }

    fn widths(&self, available: usize) -> Vec<usize> {
        let mut natural = vec![0; self.header.len()];
        for row in self.rows.iter().chain([&self.header]) {
            for (width, cell) in natural.iter_mut().zip(row) {
                *width = cell.text.split('\n').map(UnicodeWidthStr::width).max().unwrap_or_default().max(*width);
            }
        }
        let padded: Vec<usize> = natural.iter().zip(&self.minimum).map(|(width, least)| *width.max(least)).collect();
        let frame = if self.boxed { 3 * natural.len() + 1 } else { 2 * (natural.len() - 1) };
        let room = available.saturating_sub(frame);
        if padded.iter().sum::<usize>() <= room {
            return padded;
        }
        let capped = |cap: usize| natural.iter().map(move |width| *width.min(&cap));
        match (MIN_COLUMN..=room).rev().find(|cap| capped(*cap).sum::<usize>() <= room) {
            Some(cap) => capped(cap).collect(),
            None => padded,
        }
    }

    fn rule(&self, out: &mut impl Write, widths: &[usize], [left, middle, right]: [&str; 3]) -> io::Result<()> {
        if !self.boxed {
            return Ok(());
        }
        let parts: Vec<String> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
        writeln!(out, "{left}{}{right}", parts.join(middle))
    }

    /// One row; a value that is wrapped or has line ends takes several lines.
    fn write_row(&self, out: &mut impl Write, widths: &[usize], row: &[Cell]) -> io::Result<()> {
        let cells: Vec<Vec<&str>> = row.iter().zip(widths).map(|(cell, width)| wrap(&cell.text, *width)).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(1);
        for index in 0..height {
            let padded = cells.iter().zip(widths).zip(row).map(|((lines, width), cell)| {
                let text = lines.get(index).copied().unwrap_or_default();
                let gap = " ".repeat(width.saturating_sub(text.width()));
                if cell.right { gap + text } else { text.to_owned() + &gap }
            });
            let padded: Vec<String> = padded.collect();
            match self.boxed {
                true => writeln!(out, "│ {} │", padded.join(" │ "))?,
                false => writeln!(out, "{}", padded.join("  ").trim_end())?,
            }
        }
        Ok(())
    }
}

impl Cell {
    fn line(text: &str, right: bool) -> Self {
        Self { text: escape::line(text).into_owned(), right }
    }

    fn lines(text: &str, right: bool) -> Self {
        Self { text: escape::lines(text).into_owned(), right }
    }
}

/// The lines of a text, broken behind a space where possible, so that none is wider than `width`.
fn wrap(text: &str, width: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    for mut line in text.split('\n') {
        while let Some(end) = overflow(line, width) {
            let end = line[..end].rfind(' ').map_or(end, |space| space + 1);
            lines.push(&line[..end]);
            line = &line[end..];
        }
        lines.push(line);
    }
    lines
}

/// Where a line gets too wide, at least one character in.
fn overflow(line: &str, width: usize) -> Option<usize> {
    let mut used = 0;
    for (index, letter) in line.char_indices() {
        used += letter.width().unwrap_or_default();
        if used > width && index > 0 {
            return Some(index);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(table: &Table, width: Option<usize>) -> String {
        let mut out = Vec::new();
        table.write(&mut out, width).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_is_lost() {
        let mut table = Table::boxed(&["name".into(), "n".into()]);
        let row = [("[red]日本[/red]\nsecond \x1b[31m".to_owned(), false), ("12".to_owned(), true)];
        table.aligned_row(row.into_iter());
        table.aligned_row([(String::new(), false), ("3".to_owned(), true)].into_iter());
        insta::assert_snapshot!(written(&table, None), @r"
        ┌───────────────────┬────┐
        │ name              │ n  │
        ├───────────────────┼────┤
        │ [red]日本[/red]   │ 12 │
        │ second \u{1b}[31m │    │
        │                   │  3 │
        └───────────────────┴────┘
        ");
    }

    #[test]
    fn cells_wrap_at_the_width_of_the_terminal() {
        let long = "A description of some length, which does not fit into one line of a terminal that is 80 wide.";
        let mut table = Table::boxed(&["id".into(), "text".into()]);
        table.aligned_row([("1".to_owned(), true), (format!("{long}{}", "x".repeat(80)), false)].into_iter());
        insta::assert_snapshot!(written(&table, Some(80)), @r"
        ┌────┬─────────────────────────────────────────────────────────────────────────┐
        │ id │ text                                                                    │
        ├────┼─────────────────────────────────────────────────────────────────────────┤
        │  1 │ A description of some length, which does not fit into one line of a     │
        │    │ terminal that is 80                                                     │
        │    │ wide.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx │
        │    │ xxxxxxxxxxxxxx                                                          │
        └────┴─────────────────────────────────────────────────────────────────────────┘
        ");
        assert!(written(&table, None).contains(long));

        let mut table = Table::listing([("NAME", 24), ("DESCRIPTION", 40), ("TABLES", -8), ("GRANTS", 7)]);
        table.row(["Analysts", long, "3", "12"]);
        insta::assert_snapshot!(written(&table, Some(80)), @r"
        NAME      DESCRIPTION                                             TABLES  GRANTS
        Analysts  A description of some length, which does not fit into        3  12
                  one line of a terminal that is 80 wide.
        ");
        assert_eq!(written(&table, None).lines().count(), 2);
        // Columns that would get too narrow to read are not wrapped.
        assert_eq!(written(&table, Some(20)), written(&table, None));
    }
}
