//! The text of a data file: decompressed, in UTF-8, and recognized when it is something else.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;

use super::fault::Fault;
use super::folder::DataFile;
use super::other_format::other_format;
use crate::base::atomic_file::Pending;

/// Bytes that show what a file is.
const HEAD: usize = 4096;
const BUFFER: usize = 256 * 1024;

/// A text that DuckDB can read: the file itself, or a rewritten copy.
pub struct Text {
    pub path: PathBuf,
    pub gzip: bool,
    /// Deletes a copy in the end.
    _copy: Option<Pending>,
    /// What was done to it, for the person who brought the file.
    pub note: Option<String>,
}

impl Text {
    /// Recognizes the file. A copy in UTF-8 is written next to `target` if it has another encoding.
    pub fn open(file: &DataFile, declared: Option<&'static Encoding>, target: &Path) -> Result<Self, Fault> {
        let mut head = Vec::new();
        if file.gzip {
            raw(&file.path, false)?.take(HEAD as u64).read_to_end(&mut head).map_err(Fault::Read)?;
            if !head.starts_with(b"\x1f\x8b") {
                let other = other_format(&head).map(|(what, advice)| Fault::NotText { what, advice });
                return Err(other.unwrap_or(Fault::NotCompressed));
            }
            head.clear();
        }
        let text = raw(&file.path, file.gzip)?;
        text.take(HEAD as u64).read_to_end(&mut head).map_err(Fault::read)?;
        if let Some((what, advice)) = other_format(&head) {
            return Err(Fault::NotText { what, advice });
        }
        if let Some(encoding) = utf32(&head) {
            return Err(Fault::Utf32 { encoding });
        }
        let marked = Encoding::for_bom(&head).map(|(encoding, _)| encoding);
        let encoding = declared.or(marked).or_else(|| utf16_without_mark(&head));
        if encoding.is_none()
            && let Some(encoding) = perhaps_utf16(&head)
        {
            return Err(Fault::PerhapsUtf16 { encoding: encoding.name() });
        }
        let encoding = encoding.unwrap_or(UTF_8);
        if head.iter().all(u8::is_ascii_whitespace) && head.len() < HEAD {
            return Err(Fault::Empty);
        }
        let original = Self { path: file.path.clone(), gzip: file.gzip, _copy: None, note: None };
        if encoding == UTF_8 {
            return Ok(original);
        }
        let copy = Self::rewrite(target, |copy| decode(original.reader()?, encoding, copy))?;
        Ok(Self { note: declared.is_none().then(|| format!("it was read as {}", encoding.name())), ..copy })
    }

    /// A copy next to `target` with what `write` writes.
    pub fn rewrite(target: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), Fault>) -> Result<Self, Fault> {
        let copy = Pending::beside(target).map_err(Fault::write)?;
        let mut file = io::BufWriter::with_capacity(BUFFER, copy.create().map_err(Fault::write)?);
        write(&mut file)?;
        file.flush().map_err(Fault::write)?;
        Ok(Self { path: copy.path().to_owned(), gzip: false, _copy: Some(copy), note: None })
    }

    /// The decompressed bytes, without a byte order mark.
    pub fn reader(&self) -> Result<impl Read + use<>, Fault> {
        let mut text = raw(&self.path, self.gzip)?;
        let mut start = Vec::new();
        text.by_ref().take(3).read_to_end(&mut start).map_err(Fault::read)?;
        if start == b"\xef\xbb\xbf" {
            start.clear();
        }
        Ok(io::Cursor::new(start).chain(text))
    }
}

fn raw(path: &Path, gzip: bool) -> Result<Box<dyn Read>, Fault> {
    let file = File::open(path).map_err(Fault::Read)?;
    Ok(if gzip { Box::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file))) } else { Box::new(file) })
}

/// Text of mostly Latin letters in UTF-16, which has a zero in every second byte.
fn utf16_without_mark(head: &[u8]) -> Option<&'static Encoding> {
    let zeros = |at: usize| head.iter().skip(at).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len() / 2);
    match () {
        () if half > 0 && even == 0 && odd * 10 >= half * 7 => Some(UTF_16LE),
        () if half > 0 && odd == 0 && even * 10 >= half * 7 => Some(UTF_16BE),
        () => None,
    }
}

/// Text of other letters, whose line ends have a zero: it has neither control characters nor letters without meaning.
fn perhaps_utf16(head: &[u8]) -> Option<&'static Encoding> {
    let (units, _) = head.as_chunks::<2>();
    let is_text = |read: fn([u8; 2]) -> u16| {
        let units: Vec<_> = units.iter().map(|unit| read(*unit)).collect();
        let has_line_end = units.contains(&u16::from(b'\n')) || units.contains(&u16::from(b'\r'));
        // The head may end within a character.
        let whole = &units[..units.len().saturating_sub(1)];
        let is_sound = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t');
        has_line_end && char::decode_utf16(whole.iter().copied()).all(|letter| letter.is_ok_and(is_sound))
    };
    match (is_text(u16::from_le_bytes), is_text(u16::from_be_bytes)) {
        (true, false) => Some(UTF_16LE),
        (false, true) => Some(UTF_16BE),
        _ => None,
    }
}

/// The name of UTF-32, whose letters are in the first four planes.
fn utf32(head: &[u8]) -> Option<&'static str> {
    let (units, _) = head.as_chunks::<4>();
    let all =
        |read: fn([u8; 4]) -> u32| !units.is_empty() && units.iter().all(|unit| matches!(read(*unit), 1..0x4_0000));
    match () {
        () if all(u32::from_le_bytes) => Some("UTF-32LE"),
        () if all(u32::from_be_bytes) => Some("UTF-32BE"),
        () => None,
    }
}

/// Copies the text in UTF-8; what is not text in this encoding is an error.
fn decode(mut text: impl Read, encoding: &'static Encoding, copy: &mut dyn Write) -> Result<(), Fault> {
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let mut bytes = vec![0; BUFFER];
    let mut decoded = vec![0; BUFFER * 3 + 16];
    let mut lines = 0;
    loop {
        let read = text.read(&mut bytes).map_err(Fault::read)?;
        let (result, _, written) = decoder.decode_to_utf8_without_replacement(&bytes[..read], &mut decoded, read == 0);
        lines += memchr::memchr_iter(b'\n', &decoded[..written]).count() as u64;
        match result {
            // The output always has room.
            DecoderResult::InputEmpty | DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => return Err(Fault::Encoding { line: lines + 1, encoding: encoding.name() }),
        }
        copy.write_all(&decoded[..written]).map_err(Fault::write)?;
        if read == 0 {
            return Ok(());
        }
    }
}
