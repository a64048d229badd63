//! The lines of a file, the last one first.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use memchr::{memchr, memrchr};

const BLOCK: u64 = 64 * 1024;

/// Calls `visit` with each line until it breaks, or until `budget` bytes have been read, in which case it breaks too. Lines
/// of a part of the file for which `is_relevant` returns false are skipped.
pub fn visit_lines(
    file: &mut File,
    budget: &mut u64,
    is_relevant: impl Fn(&[u8]) -> bool,
    mut visit: impl FnMut(&[u8]) -> ControlFlow<()>,
) -> io::Result<ControlFlow<()>> {
    let mut start = file.metadata()?.len();
    // What was read and not yet passed on; it begins at `start`.
    let mut rest = Vec::new();
    while start > 0 {
        let length = BLOCK.min(start);
        let Some(left) = budget.checked_sub(length) else { return Ok(ControlFlow::Break(())) };
        *budget = left;
        start -= length;
        file.seek(SeekFrom::Start(start))?;
        let mut block = Vec::with_capacity(length as usize + rest.len());
        file.by_ref().take(length).read_to_end(&mut block)?;
        block.append(&mut rest);
        if !is_relevant(&block) {
            // The first line begins in the part before.
            block.truncate(memchr(b'\n', &block).unwrap_or(block.len()));
        }
        while let Some(end) = memrchr(b'\n', &block) {
            if visit(&block[end + 1..]).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            block.truncate(end);
        }
        rest = block;
    }
    Ok(visit(&rest))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn lines(text: &str, budget: u64) -> (Vec<String>, bool) {
        lines_with("", text, budget)
    }

    fn lines_with(part: &str, text: &str, mut budget: u64) -> (Vec<String>, bool) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let mut lines = Vec::new();
        let is_relevant = |block: &[u8]| memchr::memmem::find(block, part.as_bytes()).is_some();
        let end = visit_lines(&mut file, &mut budget, is_relevant, |line| {
            lines.push(String::from_utf8(line.to_vec()).unwrap());
            ControlFlow::Continue(())
        });
        (lines, end.unwrap().is_break())
    }

    #[test]
    fn lines_across_blocks_are_whole() {
        let block = BLOCK as usize;
        for length in [0, 1, block - 1, block, block + 1, 2 * block + 7] {
            let long = "x".repeat(length);
            let text = format!("first\n{long}\nlast");
            assert_eq!(lines(&text, u64::MAX).0, ["last", &long, "first"], "{length}");
        }
        assert_eq!(lines("a\n", u64::MAX), (vec![String::new(), "a".into()], false));
        assert_eq!(lines("", u64::MAX), (vec![String::new()], false));
    }

    #[test]
    fn what_is_sought_is_found_wherever_it_is() {
        let block = BLOCK as usize;
        for before in [0, 1, block - 9, block - 5, block, 2 * block - 3] {
            for after in [0, block - 7, block, 3 * block] {
                let text = format!("{}\nfor ann\n{}\n", "x\n".repeat(before / 2), "y\n".repeat(after / 2));
                let (found, is_cut) = lines_with("ann", &text, u64::MAX);
                assert_eq!(found.iter().filter(|line| *line == "for ann").count(), 1, "{before} {after}");
                assert!(!is_cut && found.len() < 3 * block / 2 + 4);
            }
        }
        assert_eq!(
            lines_with("ann", &"for bob\n".repeat(3 * block), u64::MAX).0,
            ["for bob"],
            "the first line remains"
        );
    }

    #[test]
    fn the_budget_ends_it() {
        let text = format!("{}\nlast", "x".repeat(BLOCK as usize));
        assert_eq!(lines(&text, BLOCK), (vec!["last".into()], true));
        assert_eq!(lines(&text, 2 * BLOCK).0.len(), 2);
    }
}
