//! Finding the bytes that separate fields and records.

use wide::u8x16;

/// Of a block, in bytes: as many as a mask has bits.
const BLOCK: usize = 64;

/// Finds, in order, the delimiters, quotes and line ends of a text, a block at a time.
pub struct Marks {
    delimiter: u8x16,
    quote: u8x16,
    /// Where the block begins that is being looked at, …
    block: usize,
    /// … those of its marks that are left, one bit for each byte, …
    bits: u64,
    /// … and where the next one begins.
    next: usize,
}

impl Marks {
    pub fn new(delimiter: u8, quote: Option<u8>) -> Self {
        let (delimiter, quote) = (u8x16::splat(delimiter), u8x16::splat(quote.unwrap_or(delimiter)));
        Self { delimiter, quote, block: 0, bits: 0, next: 0 }
    }

    /// Begins again at the start of the text, which is another one.
    pub fn restart(&mut self) {
        *self = Self { block: 0, bits: 0, next: 0, ..*self };
    }

    /// The position of the next mark in `text`, which is the same one as in the last call.
    #[inline]
    pub fn next(&mut self, text: &[u8]) -> Option<usize> {
        while self.bits == 0 {
            let rest = text.get(self.next..).filter(|rest| !rest.is_empty())?;
            self.bits = match rest.first_chunk() {
                Some(block) => self.find(block),
                None => {
                    let mut block = [0; BLOCK];
                    block[..rest.len()].copy_from_slice(rest);
                    self.find(&block) & ((1 << rest.len()) - 1)
                }
            };
            self.block = self.next;
            self.next += BLOCK;
        }
        let mark = self.block + self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        Some(mark)
    }

    #[inline]
    fn find(&self, block: &[u8; BLOCK]) -> u64 {
        let (lf, cr) = (u8x16::splat(b'\n'), u8x16::splat(b'\r'));
        let (parts, _) = block.as_chunks();
        parts.iter().rev().fold(0, |bits, part| {
            let part = u8x16::new(*part);
            let marks = part.simd_eq(self.delimiter) | part.simd_eq(self.quote) | part.simd_eq(lf) | part.simd_eq(cr);
            bits << 16 | u64::from(marks.to_bitmask())
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_mark_is_found(text in "[a-d,;\"\r\n\u{0}é]{0,300}") {
            for quote in [None, Some(b'"')] {
                let mut marks = Marks::new(b',', quote);
                let found: Vec<_> = std::iter::from_fn(|| marks.next(text.as_bytes())).collect();
                let is_mark = |byte: u8| matches!(byte, b',' | b'\r' | b'\n') || Some(byte) == quote;
                let expected: Vec<_> = (0..text.len()).filter(|at| is_mark(text.as_bytes()[*at])).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}
